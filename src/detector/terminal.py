"""What people see on a terminal: a finding, the summary of a scan, a model with its figures."""

import json
from pathlib import Path

import click

from detector.manifest import Manifest, read_manifest
from detector.output import is_directory
from detector.records import FileCount, Finding, Label, OperatingPoint, Run, Verdict
from detector.scan import told_of

COLOURS = {Label.THREAT: "red", Label.DEMAND: "yellow", Label.LEVERAGE: "magenta"}


def summarise(run: Run, out: Path | None) -> None:
    """What was read and found, and where the report is."""
    for count in run.files:
        click.echo(_told(count), err=True)
    found = ", ".join(f"{run.verdicts[verdict]} {verdict.value}" for verdict in Verdict)
    click.echo(f"{run.messages} messages by verdict: {found}; {run.unread} unread", err=True)
    if run.screen:
        click.echo(f"screened messages: {run.screen.screened}. {told_of(run.screen.screening)}", err=True)
    threads = "thread" if run.threads_flagged == 1 else "threads"
    click.echo(
        f"{run.threads_flagged} {threads} in which one sender's messages together reach the threshold",
        err=True,
    )
    if out is not None:
        click.echo(f"Report: {out / 'report.html' if is_directory(out) else out}", err=True)


def _told(count: FileCount) -> str:
    """One input's counts in a line."""
    parts = {kind: number for kind, number in count.messages.items() if number}
    parts |= {"continued": count.continuations, "system": count.system, "header": count.headers}
    parts |= {"blank": count.blank, "unread": count.unread}
    told = " + ".join(f"{number} {name}" for name, number in parts.items() if number)
    sign = "=" if count.adds_up else "DOES NOT ADD UP TO"
    return f"{count.file} ({count.format}): {told or 'nothing'} {sign} {count.units} {count.unit}"


def show_finding(finding: Finding, manifest: Manifest, point: OperatingPoint) -> None:
    """A finding for people: scores as bars with their thresholds, phrases in colour."""
    assert finding.scores is not None
    click.echo(f"verdict    {click.style(finding.verdict.value, bold=True)}")
    for warning in finding.message.source.warnings if finding.message.source else ():
        click.echo(f"warning    {warning}")
    for label, score in finding.scores.as_dict().items():
        threshold = manifest.thresholds[point][Label(label)]
        bar = "█" * round(score * 20)
        mark = "flagged" if score >= threshold else ""
        click.echo(f"{label:<10} {score:6.3f} {bar:<20} threshold {threshold:.3f} {mark}".rstrip())
    for span in finding.spans:
        phrase = finding.message.text[span.start : span.end]
        click.echo(
            f"{span.label.value:<10} {click.style(phrase, fg=COLOURS[span.label])}  ({span.start}:{span.end})"
        )
    for detail in finding.details:
        click.echo(f"{detail.kind.value:<10} {detail.value}  ({detail.start}:{detail.end})")
    click.echo(f"model      {manifest.name} {manifest.version}, {point.value}")


def show_model(folder: Path) -> None:
    """The model of a directory, and what the test set by other hands says of it."""
    manifest = read_manifest(folder)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    click.echo(f"{manifest.name} {manifest.version}  {size:.0f} MB  {folder}")
    path = folder / "metrics.json"
    if path.exists():
        figures = json.loads(path.read_text(encoding="utf-8"))["overall"]
        for name in ("f1", "precision", "recall"):
            one = figures[name]
            interval = f"95% {one['low']:.3f} to {one['high']:.3f}, {one['cases']} cases"
            click.echo(f"  {name:<10}{one['value']:.3f}  {interval}")
