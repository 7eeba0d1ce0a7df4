"""ExtortionCheck: what a detector can and cannot tell, functionality by functionality.

A functional test suite after HateCheck (Röttger et al., ACL 2021) for extortion in Arabic chats: 48
functionalities of meaning in eleven dialects and in Arabizi, built from templates and lexicons in
`training/extortioncheck/`, and 16 of spelling (`training.evasions`). Each stands beside its contrast. Its
texts are only ever tested on; but fine-tuning disguises messages by the same families of spelling, so of
spelling it shows what was learnt, not what a new evasion would do. The command scores any model directory
or any Python function:

    python -m training.extortion_check score --model models/default
    python -m training.extortion_check score --function mypackage.rules:is_extortion --out table.json
    python -m training.extortion_check cases > cases.jsonl
"""

import hashlib
import json
import random
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import click

from detector.detect import Detector
from detector.records import Verdict
from training.evasions import FAMILIES
from training.figures import Measure, proportion

FOLDER = Path(__file__).parent / "extortioncheck"
FUNCTIONALITIES = "functionalities.toml"
PER_TEMPLATE = 2
"""Expansions of a template."""
PER_FAMILY = 8
"""Cases of a variety that each spelling family changes."""
_SLOT = re.compile(r"\{(\w+)\}")
Decide = Callable[[Sequence[str]], Sequence[bool]]
"""Takes texts and says of each whether it is extortion."""


@dataclass(frozen=True, slots=True)
class Functionality:
    """Something a detector must be able to tell."""

    name: str
    about: str
    extortion: bool
    victim: bool
    contrast: str


@dataclass(frozen=True, slots=True)
class Case:
    """A text, what it tests and what is right. `template` names the place the text was made from."""

    id: str
    text: str
    functionality: str
    contrast: str
    template: str
    dialect: str
    script: str
    extortion: bool
    victim: bool


@dataclass(frozen=True, slots=True)
class Variety:
    """The lexicon and templates of one dialect in one script."""

    name: str
    dialect: str
    script: str
    lexicon: dict[str, list[str]]
    templates: dict[str, list[str]]


def read_functionalities(folder: Path = FOLDER) -> dict[str, Functionality]:
    """Name to functionality, in the order of the file."""
    table = tomllib.loads((folder / FUNCTIONALITIES).read_text(encoding="utf-8"))
    return {
        name: Functionality(name, row["about"], row["extortion"], row.get("victim", False), row["contrast"])
        for name, row in table.items()
    }


def read_variety(path: Path) -> Variety:
    """The lexicon and templates of one file."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Variety(path.stem, table["dialect"], table["script"], table["lexicon"], table["templates"])


def _dice(*key: object) -> random.Random:
    """Chance that depends on nothing but the key: the same files give the same cases on every machine."""
    return random.Random(int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "big"))


def expand(template: str, variety: Variety, key: str) -> list[str]:
    """`PER_TEMPLATE` different texts of a template, fewer where its slots allow no more."""
    found: dict[str, None] = {}
    dice = _dice(key)
    for _ in range(8 * PER_TEMPLATE):
        if len(found) < PER_TEMPLATE:
            found[_SLOT.sub(lambda slot: dice.choice(variety.lexicon[slot[1]]), template)] = None
    return list(found)


def meaning_cases(variety: Variety, known: dict[str, Functionality]) -> Iterator[Case]:
    """The cases of one variety's templates."""
    for name, templates in variety.templates.items():
        what = known[name]
        for number, template in enumerate(templates, 1):
            place = f"{variety.name}/{name}/{number}"
            for at, text in enumerate(expand(template, variety, place), 1):
                yield Case(
                    f"{place}/{at}",
                    text,
                    name,
                    what.contrast,
                    place,
                    variety.dialect,
                    variety.script,
                    what.extortion,
                    what.victim,
                )


def spelling_cases(variety: Variety, cases: Sequence[Case]) -> Iterator[Case]:
    """Extortion of a variety, spelt so that a filter does not see it."""
    sources = [case for case in cases if case.extortion]
    for family, change in FAMILIES.items():
        spelt = ((case, change(case.text, _dice(case.id, family))) for case in sources)
        changed = [(case, text) for case, text in spelt if text != case.text]
        for case, text in _dice(variety.name, family).sample(changed, min(PER_FAMILY, len(changed))):
            yield Case(
                f"{case.id}/{family}",
                text,
                family,
                case.functionality,
                case.template,
                case.dialect,
                case.script,
                extortion=True,
                victim=False,
            )


def cases(folder: Path = FOLDER) -> list[Case]:
    """Every case of every variety, in the order of file names."""
    known = read_functionalities(folder)
    found: list[Case] = []
    for path in sorted(folder.glob("*.toml")):
        if path.name != FUNCTIONALITIES:
            variety = read_variety(path)
            meaning = list(meaning_cases(variety, known))
            found += [*meaning, *spelling_cases(variety, meaning)]
    return found


def problems(path: Path, known: dict[str, Functionality]) -> Iterator[str]:
    """What is wrong with a variety's file."""
    variety = read_variety(path)
    yield from (f"no templates for {name}" for name in known if name not in variety.templates)
    for name, templates in variety.templates.items():
        if name not in known:
            yield f"{name} is no functionality of {FUNCTIONALITIES}"
        if len(set(templates)) < 3:
            yield f"{name} has fewer than three templates"
        for template in templates:
            slots = set(_SLOT.findall(template))
            if not slots:
                yield f"{name}: a template without a slot"
            yield from (
                f"{name}: no lexicon entry {{{slot}}}" for slot in sorted(slots - variety.lexicon.keys())
            )
    if any(
        set(_SLOT.findall(one)) - variety.lexicon.keys()
        for all_ in variety.templates.values()
        for one in all_
    ):
        return
    texts = Counter(case.text for case in meaning_cases(variety, known))
    yield from (f"the same text {count} times" for count in texts.values() if count > 1)


def of_model(detector: Detector) -> Decide:
    """The decisions of a loaded model."""

    def decide(texts: Sequence[str]) -> list[bool]:
        return [finding.verdict is Verdict.EXTORTION for finding in detector.scan_texts(list(texts))]

    return decide


def of_function(name: str) -> Decide:
    """The decisions of `module:function`, which takes one text and says whether it is extortion."""
    module, _, attribute = name.partition(":")
    function = getattr(import_module(module), attribute)
    return lambda texts: [bool(function(text)) for text in texts]


def measure(decide: Decide, found: Sequence[Case]) -> dict[str, dict[str, Measure]]:
    """Share of right decisions by functionality, spelling, dialect and script, and of accused victims.

    Several cases are made from one template, so the intervals are those of as many cases as templates.
    """
    decisions = decide([case.text for case in found])
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    templates: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case, decision in zip(found, decisions, strict=True):
        by = "by_spelling" if case.functionality in FAMILIES else "by_functionality"
        groups = [(by, case.functionality), ("by_dialect", case.dialect), ("by_script", case.script)]
        for group in (*groups, ("overall", "extortion found" if case.extortion else "harmless passed")):
            right[group].append(decision == case.extortion)
            templates[group].add(case.template)
        if case.victim:
            right["accused", "victims accused"].append(decision)
            templates["accused", "victims accused"].add(case.template)
    table: dict[str, dict[str, Measure]] = defaultdict(dict)
    for key, values in right.items():
        table[key[0]][key[1]] = proportion(sum(values), len(values), len(templates[key]))
    return dict(table)


@click.group(help=__doc__)
def main() -> None:
    """Group of the commands."""


@main.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--show", default=0, help="Print so many expansions of each file.")
def validate(files: tuple[Path, ...], show: int) -> None:
    """Check the varieties' files (all of them without arguments)."""
    known = read_functionalities()
    wrong = 0
    for path in files or sorted(one for one in FOLDER.glob("*.toml") if one.name != FUNCTIONALITIES):
        for what in problems(path, known):
            wrong += 1
            click.echo(f"{path.name}: {what}")
        if show and not wrong:
            made = list(meaning_cases(read_variety(path), known))
            for case in _dice(path.stem, show).sample(made, min(show, len(made))):
                click.echo(f"{case.functionality:<22}{case.text}")
    click.echo(f"{wrong} problems")
    sys.exit(bool(wrong))


@main.command("cases")
def print_cases() -> None:
    """Print every case as JSON Lines."""
    for case in cases():
        click.echo(json.dumps(asdict(case), ensure_ascii=False))


@main.command()
@click.option(
    "--model", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A model directory."
)
@click.option("--operating-point", default="balanced", show_default=True)
@click.option(
    "--function", help="module:function instead of a model: takes a text, says whether it is extortion."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the table as JSON too.")
def score(model: Path | None, operating_point: str, function: str | None, out: Path | None) -> None:
    """Print the share of right decisions of each functionality, dialect and script."""
    if model and function:
        raise click.UsageError("--model and --function: expected one of them. Leave one out.")
    decide = (
        of_function(function) if function else of_model(Detector.load(model, operating_point=operating_point))
    )
    table = measure(decide, cases())
    for group, rows in table.items():
        click.echo(group.replace("_", " "))
        for name, value in rows.items():
            click.echo(f"  {name:<26}{value}")
    if out:
        plain = {
            group: {name: asdict(value) for name, value in rows.items()} for group, rows in table.items()
        }
        out.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
