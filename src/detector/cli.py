"""The command line: a thin shell over `detector.detect`, the reports and the service.

Results go to standard output or `--out`; progress, warnings and the summary go to standard error. Exit
status 0: finished; 1: finished, with some input unreadable (listed); 2: could not start or go on; 130: broken
off (Ctrl-C); 141: the reader of standard output closed it.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NoReturn

import click

from detector.bulk import BatchScorer
from detector.detect import Detector, models_folder
from detector.errors import DetectorError, InputError
from detector.manifest import verify
from detector.output import Output, Utf8Group, earlier_scan, forget_earlier, is_directory, place
from detector.progress import progress
from detector.read import DateOrder, Field, Format, ReadOptions
from detector.records import OperatingPoint
from detector.report import finding_as_json
from detector.report.partial import writing_out
from detector.resume import Earlier
from detector.scan import DISTRIBUTION
from detector.terminal import show_finding, show_model, summarise

UNREADABLE = 1
FAILED = 2
BROKEN_OFF = 130
"""As shells tell of a process that Ctrl-C (signal 2) ended: 128 and the signal's number."""
READER_GONE = 141
"""The same for a closed pipe (signal 13), so that `detector scan … | head` is as quiet as other tools."""
BROKEN_SCAN = "Broken off; nothing unfinished was left under a final name."
GO_ON = " The same command with --resume goes on."


@click.group(
    cls=Utf8Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name=DISTRIBUTION, prog_name="detector")
def main() -> None:
    """Find extortion in Arabic chats.

    \b
    detector scan chats/ --out case/              a folder of exports to a report
    detector explain "ادفع والا انشر صورك"         one message, explained
    detector serve                                the HTTP service for moderators
    """


@contextmanager
def _errors_told(broken_off: str = "Broken off.", *, wait: bool = True) -> Iterator[None]:
    """Errors of this package and of the system, and Ctrl-C, as text and exit status, not as a traceback.

    Without `wait` Ctrl-C ends the process at once, also while a thread is deep in the network.
    """
    try:
        yield
    except KeyboardInterrupt:
        _leave(BROKEN_OFF, broken_off, wait=wait)
    except DetectorError as error:
        _leave(FAILED, str(error))
    except BrokenPipeError:
        _leave(READER_GONE)
    except OSError as error:
        if error.errno is None:  # not of the system but of a library: a bug to be seen whole
            raise
        _leave(
            FAILED,
            f"{error.filename or 'detector'}: {error.strerror}.\n"
            "Expected files that can be read, and room and the right to write.\n"
            "Check permissions and free space, and run it again.",
        )


@contextmanager
def _stopped_as_by_ctrl_c() -> Iterator[None]:
    """Whoever ends the process otherwise, or closes its terminal, leaves as little behind as Ctrl-C does."""
    wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {one: signal.signal(one, signal.default_int_handler) for one in wanted}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _leave(status: int, message: str | None = None, *, wait: bool = True) -> NoReturn:
    """End with a status. What a stream no longer takes is dropped, or Python fails over it at its end."""
    if message:
        with suppress(OSError):
            click.echo(message, err=True)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if not wait:
        os._exit(status)
    sys.exit(status)


def _columns(_context: click.Context, _option: click.Parameter, pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        column, _, field = pair.rpartition("=")
        if not column or field not in set(Field):
            raise click.BadParameter(f"{pair}: expected COLUMN=FIELD, FIELD one of {', '.join(Field)}.")
    return dict(pair.rpartition("=")[::2] for pair in pairs)


_model = click.option(
    "--model", type=click.Path(file_okay=False), help="Model directory [default: the package's]."
)
_point = click.option(
    "--operating-point",
    type=click.Choice([point.value for point in OperatingPoint]),
    default=OperatingPoint.BALANCED.value,
    show_default=True,
    help="Trade of missed messages against false alarms.",
)


@main.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(),
    help="Report file (.jsonl .csv .xlsx .parquet .html) or directory (all of them).",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice([name.value for name in Format]),
    help="Format of the input [default: recognised].",
)
@_model
@_point
@click.option(
    "--only-flagged", is_flag=True, help="Leave out messages that are neither extortion nor victim."
)
@click.option("--tz", metavar="ZONE", help="Time zone of times without one, e.g. Asia/Baghdad.")
@click.option(
    "--date-order",
    type=click.Choice([order.value for order in DateOrder]),
    help="Order of day and month where it cannot be told.",
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    callback=_columns,
    help=f"Column of a table that holds a field ({', '.join(Field)}).",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Threads to score with [default: all processors; on a cluster 1 in each process].",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where to score: on this machine, or tables on a Ray cluster.",
)
@click.option(
    "--screen/--no-screen",
    default=False,
    show_default=True,
    help="Let a very small network pick the messages to read; the run record says what that loses.",
)
@click.option("--resume", is_flag=True, help="Go on with a scan that was broken off; what it scored is kept.")
@click.option("--quiet", is_flag=True, help="No progress, no summary.")
def scan(  # noqa: PLR0913, PLR0917 - one parameter an option, as click calls it
    paths: tuple[str, ...],
    out: str | None,
    format_name: str | None,
    model: str | None,
    operating_point: str,
    only_flagged: bool,
    tz: str | None,
    date_order: str | None,
    columns: dict[str, str],
    jobs: int | None,
    engine: str,
    screen: bool,
    resume: bool,
    quiet: bool,
) -> None:
    """Scan chat exports, files or folders, for extortion.

    PATHS are files and folders; "-" is standard input. WhatsApp (.txt, .zip), Telegram (result.json, .html),
    Instagram, Facebook and Messenger (message_1.json, .html), Snapchat, TikTok, X and Discord (JSON), SMS
    Backup & Restore (.xml), databases of WhatsApp, iMessage, SMS and imo (SQLite), JSON Lines, CSV, XLSX and
    Parquet are recognised from their content.

    \b
    detector scan "WhatsApp Chat.zip" --out case/ --tz Asia/Baghdad
    detector scan queue.csv --map الرسالة=text --only-flagged --out flagged.xlsx
    cat messages.jsonl | detector scan - > findings.jsonl
    detector scan phone/ --screen --out case/            millions of messages, not all of them read
    detector scan phone/ --screen --out case/ --resume   the same after it was broken off
    detector scan queue/ --engine ray --out scored/      Parquet, JSON Lines or CSV, on a cluster

    Exit status: 0 finished, 1 finished with some input unreadable (listed), 2 could not start or go on (a
    full disk, say), 130 broken off with Ctrl-C, 141 standard output was closed by its reader (head, say).
    A file has its final name only once it is whole.
    """
    kept = out is not None and (is_directory(Path(out)) or out.lower().endswith(".jsonl"))
    goes_on = kept and not only_flagged
    told = BROKEN_SCAN + GO_ON * goes_on
    with _errors_told() if engine == "ray" else _errors_told(told, wait=False):
        options = ReadOptions(
            format=Format(format_name) if format_name else None,
            tz=tz,
            date_order=DateOrder(date_order) if date_order else None,
            columns=columns,
        )
        if engine == "ray":
            if only_flagged:
                raise click.UsageError("--only-flagged is for --engine local; filter the findings instead.")
            if screen:
                raise click.UsageError("--screen is for --engine local; a cluster reads every message.")
            if resume:
                raise click.UsageError("--resume is for --engine local; a cluster goes on where it stopped.")
            from detector.bulk.command import scan_tables  # noqa: PLC0415 - loads libraries of tables

            scorer = BatchScorer(model and str(Path(model).absolute()), operating_point, jobs=jobs or 1)
            counts = scan_tables(paths, out, options, scorer, quiet=quiet)
            if not quiet:
                click.echo(counts.told, err=True)
            sys.exit(UNREADABLE if counts.errors else 0)
        if resume and (out is None or only_flagged):
            raise click.UsageError("--resume needs --out with all findings: a folder, or a .jsonl file.")
        target = None if out is None else place(out, paths)
        detector = Detector.load(model, operating_point=operating_point, jobs=jobs, screen=screen)
        with _stopped_as_by_ctrl_c(), progress(quiet=quiet) as bar:
            work = detector.scan(
                paths,
                options,
                on_unread=lambda unread: output.add_unread(unread),  # noqa: PLW0108 - bound below
                on_thread=lambda thread: output.add_thread(thread),  # noqa: PLW0108 - bound below
                on_progress=bar.advance,
            )
            begun = work.run(_command())
            if target and not resume:
                forget_earlier(target)
            with earlier_scan(target, begun) if resume and target else nullcontext(Earlier(())) as earlier:
                work.go_on(earlier)
                output = Output(target, only_flagged=only_flagged)  # only now: its files are no inputs
                output.begin(begun)
                bar.begin(work)
                run = output.write(bar.counted(work), work, _command())
        if not quiet:
            summarise(run, target)
    sys.exit(UNREADABLE if run.unread else 0)


def _command() -> list[str]:
    return ["detector", *sys.argv[1:]]


@main.command(no_args_is_help=True)
@click.argument("text")
@_model
@_point
@click.option("--json", "as_json", is_flag=True, help="The finding as JSON.")
def explain(text: str, model: str | None, operating_point: str, as_json: bool) -> None:
    """Explain one message: verdict, scores and the phrases that carry them.

    TEXT is the message; "-" reads it, in UTF-8, from standard input. Before one that begins with a dash
    write "--", by which it is told from an option.

    \b
    detector explain "حولي ٥٠٠ دولار والا صورك توصل لاهلك"
    detector explain -- "--5000 دولار"
    """
    with _errors_told():
        message = _message(text)
        if not message.strip():
            raise InputError(
                "detector explain: there is no text.\n"
                "Expected a message.\n"
                "Give it between quotation marks, or on standard input with -."
            )
        detector = Detector.load(model, operating_point=operating_point, jobs=1)
        (finding,) = detector.scan_texts([message])
        with writing_out():
            if as_json:
                click.echo(json.dumps(finding_as_json(finding), ensure_ascii=False, indent=2))
            else:
                show_finding(finding, detector.manifest, detector.operating_point)


def _message(text: str) -> str:
    """The message that is meant: `text`, or standard input where it is "-".

    Raises:
        InputError: It is in another encoding; read as UTF-8 its scores would mean nothing.
    """
    try:
        message = sys.stdin.buffer.read().decode("utf-8-sig").rstrip("\r\n") if text == "-" else text
        message.encode()  # an argument's bytes that were no UTF-8 are in it as lone surrogates
    except UnicodeError:
        raise InputError(
            f"detector explain: {'standard input' if text == '-' else 'the text'} is not in UTF-8.\n"
            "Expected a message in UTF-8.\n"
            "Convert it first, for example: iconv -f WINDOWS-1256 -t UTF-8 message.txt | detector explain -"
        ) from None
    return message


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; there is no authentication."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@_model
@_point
def serve(host: str, port: int, model: str | None, operating_point: str) -> None:
    """Serve the detector over HTTP, for moderators' tools.

    \b
    detector serve --port 8000
    curl -s localhost:8000/v1/score -H 'content-type: application/json' \
         -d '{"messages": [{"text": "ادفع والا انشر صورك"}]}'
    """
    with _errors_told():
        try:
            from detector.serve import run  # noqa: PLC0415 - the web framework is an extra, and slow to import
        except ModuleNotFoundError as error:
            raise InputError(
                f"detector serve: the package {error.name} is not installed.\n"
                "Expected the extra with the web service.\n"
                f"Install it: pip install '{DISTRIBUTION}[serve]'"
            ) from None
        run(Detector.load(model, operating_point=operating_point), host, port)


@main.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List the installed models with their headline figures."""
    if context.invoked_subcommand is None:
        for folder in sorted(path.parent for path in models_folder().glob("*/manifest.json")):
            with _errors_told():
                show_model(folder)


@models.command("verify")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
def verify_model(directory: Path) -> None:
    """Compare a model directory's files with the hashes in its manifest."""
    with _errors_told():
        manifest = verify(directory)
    for name, digest in manifest.files.items():
        click.echo(f"{digest}  {directory}{os.sep}{name}")
    click.echo(f"{manifest.name} {manifest.version}: every file is as the manifest says.")


if __name__ == "__main__":
    main()
