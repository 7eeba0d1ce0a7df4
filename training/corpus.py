"""The labelled messages and threads of the project, and the held-out split of their ids."""

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from detector.decide import joined, latest
from detector.records import Label, Message, Span
from training.config import Paths
from training.rows import Row, read_rows

LABELS = tuple(Label)
CHAT = 1000
"""Messages of a chat that is put together from real ones."""
CONTEXT_ONLY = frozenset({Label.EXTORTION})
"""Labels that a message of a thread may owe to what was said before it."""
ORDINARY = "chat"
"""Category of messages in which nothing is threatened, asked for or held (annotation guide)."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message. `labels` leaves out those that are not known for the message alone."""

    id: str
    text: str
    labels: dict[Label, int]
    spans: tuple[Span, ...] = ()
    dialect: str = ""
    script: str = ""
    category: str = ""
    pair: str | None = None
    thread: str | None = None
    source: str = "corpus"


@dataclass(frozen=True, slots=True)
class Thread:
    """A labelled thread: its messages as they are sent, and who extorts, if anybody."""

    id: str
    dialect: str
    script: str
    category: str
    messages: tuple[Message, ...]
    labels: tuple[dict[Label, int], ...]
    extorter: str | None


@dataclass(frozen=True, slots=True)
class Partition:
    """Which messages and threads are learnt from, and which are held out."""

    train: frozenset[str]
    development: frozenset[str]
    test: frozenset[str]

    def of(self, example: Example) -> str:
        """The part an example belongs to; a thread's messages go with their thread."""
        unit = example.thread or example.id
        return "test" if unit in self.test else "development" if unit in self.development else "train"


def _spans(value: dict[str, Any]) -> tuple[Span, ...]:
    return tuple(Span(s["start"], s["end"], Label(s["label"])) for s in value.get("spans") or ())


def message_example(row: Row) -> Example:
    """The example of a line that holds one message."""
    value = row.value
    return Example(
        id=value["id"],
        text=value["text"],
        labels={label: int(value["labels"][label]) for label in LABELS},
        spans=_spans(value),
        dialect=value["dialect"],
        script=value["script"],
        category=value["category"],
        pair=value.get("pair"),
    )


def thread_examples(row: Row) -> Iterator[Example]:
    """The messages of a thread as examples of messages alone.

    Where extortion holds only through the context (one side of the coupling is missing in the message
    itself), the message does not say whether it extorts: that label is left out.
    """
    thread = row.value
    for number, message in enumerate(thread["messages"], 1):
        labels = {label: int(message["labels"][label]) for label in LABELS}
        if labels[Label.EXTORTION] and not (labels[Label.THREAT] and labels[Label.DEMAND]):
            labels = {label: value for label, value in labels.items() if label not in CONTEXT_ONLY}
        yield Example(
            id=f"{thread['id']}/{number}",
            text=message["text"],
            labels=labels,
            spans=_spans(message),
            dialect=thread["dialect"],
            script=thread["script"],
            category=thread["category"] if message["labels"][Label.EXTORTION] else "thread",
            thread=thread["id"],
            source="thread",
        )


def joined_examples(row: Row) -> Iterator[Example]:
    """A thread's messages as they are read together: the last ones of a sender, every third time.

    They bear the labels of all of them, and extort where one does and both sides stand in the text.
    """
    thread = row.value
    by_sender: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in thread["messages"]:
        by_sender[message["sender"]].append(message)
    for name, said in by_sender.items():
        for end in range(len(said), 1, -3):
            part = said[end - len(latest([one["text"] for one in said[:end]])) : end]
            labels = {label: max(int(one["labels"][label]) for one in part) for label in LABELS}
            sided = labels[Label.DEMAND] and (labels[Label.THREAT] or labels[Label.LEVERAGE])
            if labels[Label.EXTORTION] and not sided:
                labels = {label: value for label, value in labels.items() if label not in CONTEXT_ONLY}
            starts = [sum(len(one["text"]) + 1 for one in part[:at]) for at in range(len(part))]
            yield Example(
                id=f"{thread['id']}/{name}/{end}",
                text=joined([one["text"] for one in part]),
                labels=labels,
                spans=tuple(
                    Span(span.start + start, span.end + start, span.label)
                    for start, one in zip(starts, part, strict=True)
                    for span in _spans(one)
                ),
                dialect=thread["dialect"],
                script=thread["script"],
                category="thread",
                thread=thread["id"],
                source="joined",
            )


def read_joined(folder: Path) -> list[Example]:
    """The messages of all threads as they are read together."""
    return [example for row in read_rows(folder) if row.is_thread for example in joined_examples(row)]


def read_examples(folder: Path) -> list[Example]:
    """All messages, those of threads included, in file order."""
    found: list[Example] = []
    for row in read_rows(folder):
        found.extend(thread_examples(row) if row.is_thread else [message_example(row)])
    return found


def read_threads(folder: Path) -> list[Thread]:
    """All threads of a folder."""
    return [
        Thread(
            id=row.value["id"],
            dialect=row.value["dialect"],
            script=row.value["script"],
            category=row.value["category"],
            messages=tuple(
                Message(one["text"], f"{row.value['id']}/{number}", row.value["id"], one["sender"])
                for number, one in enumerate(row.value["messages"], 1)
            ),
            labels=tuple(
                {label: int(one["labels"][label]) for label in LABELS} for one in row.value["messages"]
            ),
            extorter=row.value["extorter"] if row.value["extortion"] else None,
        )
        for row in read_rows(folder)
        if row.is_thread
    ]


def read_judged(path: Path) -> tuple[list[Example], list[Example]]:
    """Real messages judged one by one: to learn from, and held out. Doubtful ones are left out.

    There are none where the file, which holds third parties' text, is not at hand.
    """
    learn: list[Example] = []
    heldout: list[Example] = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        value = json.loads(line)
        example = Example(
            id=value["id"],
            text=value["text"],
            labels={label: int(value["labels"][label]) for label in LABELS},
            dialect=value["dialect"],
            script=value["script"],
            category=value["category"],
            source="judged",
        )
        if not value["borderline"]:
            (heldout if value["heldout"] else learn).append(example)
    return learn, heldout


def read_judgements(folder: Path) -> dict[str, dict[str, Any]]:
    """Judgements of real messages by `real_id`; the texts are not in the repository."""
    return {row.value["id"]: row.value for row in read_rows(folder)}


def read_judged_pool(folder: Path, pool: Path) -> list[Example]:
    """The messages of the pool that judgements name, to learn from. Doubtful ones are left out."""
    wanted = {key: value for key, value in read_judgements(folder).items() if not value["borderline"]}
    found: dict[str, Example] = {}
    for source in sorted({key.split(":")[0] for key in wanted}):
        path = pool / f"{source}.jsonl.gz"
        for row in _read_gzipped(path) if path.exists() else ():
            key = real_id(row)
            if key in wanted and key not in found:
                labels = {label: int(wanted[key]["labels"][label]) for label in LABELS}
                found[key] = Example(
                    id=key,
                    text=row["text"],
                    labels=labels,
                    dialect=row["dialect"],
                    script=row["script"],
                    category=wanted[key]["category"],
                    source="judged",
                )
    return list(found.values())


def _read_gzipped(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@dataclass(slots=True)
class _Reservoir:
    """A uniform sample of fixed size from a stream of unknown length (Vitter's algorithm R)."""

    size: int
    kept: list[dict[str, str]] = field(default_factory=list)
    seen: int = 0

    def offer(self, row: dict[str, str], dice: random.Random) -> None:
        self.seen += 1
        if len(self.kept) < self.size:
            self.kept.append(row)
        elif (at := dice.randrange(self.seen)) < self.size:
            self.kept[at] = row


_NOT_LEARNT_FROM = frozenset({"sms_uci_translated", "saudi_sms_faker", "cyber2021_omammar", "thsab"})


def sample_real(folder: Path, size: int, seed: int) -> list[dict[str, str]]:
    """About `size` real messages of a folder of gzipped JSON Lines, as even over dialects as it allows.

    Translated, templated and stripped sources are left out.
    """
    dice = random.Random(seed)
    cells: dict[tuple[str, str], _Reservoir] = defaultdict(lambda: _Reservoir(size))
    for path in sorted(folder.glob("*.jsonl.gz")):
        if path.name.split(".")[0] not in _NOT_LEARNT_FROM:
            for row in _read_gzipped(path):
                cells[row.get("dialect", ""), row.get("script", "")].offer(row, dice)
    return _even(list(cells.values()), size, dice)


def pool_texts(folder: Path) -> Iterator[list[str]]:
    """The texts of each source of a folder of gzipped JSON Lines, with the exceptions of `sample_real`."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        if path.name.split(".")[0] not in _NOT_LEARNT_FROM:
            yield [row["text"] for row in _read_gzipped(path)]


def _even(cells: list[_Reservoir], size: int, dice: random.Random) -> list[dict[str, str]]:
    """As equal a number from each cell as their sizes allow, in random order."""
    chosen: list[dict[str, str]] = []
    for done, cell in enumerate(sorted(cells, key=lambda cell: len(cell.kept))):
        share = (size - len(chosen)) // (len(cells) - done)
        chosen += dice.sample(cell.kept, min(share, len(cell.kept)))
    dice.shuffle(chosen)
    return chosen


def real_id(row: Mapping[str, str]) -> str:
    """Names a real message without holding its text: the source, and the beginning of the text's SHA-256."""
    return f"{row['source']}:{sha256(row['text'].encode()).hexdigest()[:16]}"


def without_marks(text: str, dice: random.Random) -> str:
    """A public post's text, more often than not without its mentions and hash signs: chats have none."""
    return text if dice.random() < 0.3 else text.replace("<user>", " ").replace("#", " ")


def read_partition(path: Path) -> Partition:
    """The committed split."""
    value = json.loads(path.read_text(encoding="utf-8"))
    return Partition(*(frozenset(value[part]) for part in ("train", "development", "test")))


def read_part(corpus: Path, split: Path, part: str) -> list[Example]:
    """The examples of one part: "train", "development" or "test"."""
    partition = read_partition(split)
    return [example for example in read_examples(corpus) if partition.of(example) == part]


def of_project(paths: Paths) -> bool:
    """Whether the corpus is the one written for the project, of which the generated pages know more."""
    return Path(paths.corpus).resolve() == Path(__file__).parent / "data"


SILVER = "silver.jsonl"


def read_silver(run: Path) -> list[Example]:
    """Real messages presumed to be no extortion, as `training.silver` chose them; none without the file.

    Of those nearest to extortion nothing is presumed about threats and demands.
    """
    from datasets import Dataset  # noqa: PLC0415 - slow to import, and most steps do without

    path = run / SILVER
    rows = Dataset.from_json(str(path), cache_dir=str(run / "cache")) if path.exists() else []
    found = []
    for number, row in enumerate(rows):
        labels = {Label.EXTORTION: 0, Label.VICTIM: 0, Label.LEVERAGE: 0}
        if not row["near"]:
            labels |= {Label.THREAT: 0, Label.DEMAND: 0}
        found.append(Example(f"silver-{number}", row["text"], labels, source="silver"))
    return found


def read_training(paths: Paths) -> list[Example]:
    """Everything that may be learnt from: the corpus' training part, judged and presumed real messages.

    Messages of threads come alone and as they are read together.
    """
    examples = read_part(Path(paths.corpus), Path(paths.split), "train")
    partition = read_partition(Path(paths.split))
    examples += [one for one in read_joined(Path(paths.corpus)) if partition.of(one) == "train"]
    examples += read_judged(Path(paths.judged))[0]
    if Path(paths.pool).is_dir():
        examples += read_judged_pool(Path(paths.judgements), Path(paths.pool))
    return examples + read_silver(Path(paths.run))


def write_json_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Rows as JSON Lines, UTF-8; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
