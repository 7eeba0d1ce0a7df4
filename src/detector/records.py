"""The nouns: what is read, what is scored, what is found.

All records are frozen. `start` and `end` are code points of the original text, end excluded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Label(StrEnum):
    """What the author of a message does in it (training annotation guide)."""

    EXTORTION = "extortion"
    THREAT = "threat"
    DEMAND = "demand"
    LEVERAGE = "leverage"
    VICTIM = "victim"


SPAN_LABELS = (Label.THREAT, Label.DEMAND, Label.LEVERAGE)
"""The labels that spans may carry, in the order of the model's span outputs."""


class Kind(StrEnum):
    """What a message consists of. Only `TEXT` is scored."""

    TEXT = "text"
    MEDIA = "media"
    DELETED = "deleted"
    CALL = "call"


class Verdict(StrEnum):
    """One word for a message, derived from its flags."""

    EXTORTION = "extortion"
    VICTIM = "victim"
    THREAT = "threat"
    DEMAND = "demand"
    NONE = "none"


FORWARDED = "forwarded: the words may be another's"
"""Warning of a message that its sender passed on."""


class OperatingPoint(StrEnum):
    """Which trade of missed messages against false alarms the thresholds make."""

    BALANCED = "balanced"
    HIGH_PRECISION = "high-precision"
    HIGH_RECALL = "high-recall"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record stands in the evidence.

    `file` is the path as it was given, `archive.zip!member` inside archives; `sha256` is that of the
    file's (or member's) bytes; `locator` is the place in it ("line 418", "row 12", "/messages/7").
    `units` counts the lines, rows or items of the input that the record takes up.
    """

    file: str
    sha256: str
    locator: str
    units: int = 1
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message, verbatim.

    `sent_at` is ISO 8601, with an offset when the source has a zone or one was declared, else local
    time without offset. `direction` is "sent" or "received" as seen by the owner of the device.
    """

    text: str
    id: str = ""
    thread: str | None = None
    sender: str | None = None
    sent_at: str | None = None
    kind: Kind = Kind.TEXT
    attachment: str | None = None
    edited: bool = False
    reply_to: str | None = None
    direction: str | None = None
    source: Source | None = None

    @property
    def forwarded(self) -> bool:
        """Whether its sender passed it on, so that its words may be another's."""
        return self.source is not None and FORWARDED in self.source.warnings


@dataclass(frozen=True, slots=True)
class Unread:
    """A line, row, member or file that could not be read: where, and why. Never its text."""

    file: str
    locator: str
    reason: str
    units: int = 1


class PassedKind(StrEnum):
    """Why a part of the input is no message though nothing is wrong with it."""

    SYSTEM = "system"
    HEADER = "header"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Passed:
    """A part of the input that is no message: a chat's system line, a header row, a blank line.

    A header has `columns`: what each was taken for, a field of `Message`'s or None for nothing.
    """

    file: str
    locator: str
    kind: PassedKind
    units: int = 1
    columns: Mapping[str, str | None] = field(default_factory=dict)


Record = Message | Unread | Passed
"""What a reader yields. The `units` of all records add up to the lines, rows or items of the input."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities (0 to 1) of the five labels."""

    extortion: float
    threat: float
    demand: float
    leverage: float
    victim: float

    def as_dict(self) -> dict[str, float]:
        """Label name to probability, in the order of `Label`."""
        return {
            "extortion": self.extortion,
            "threat": self.threat,
            "demand": self.demand,
            "leverage": self.leverage,
            "victim": self.victim,
        }


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase of the original text that carries a label."""

    start: int
    end: int
    label: Label


class DetailKind(StrEnum):
    """What a rule found in a message; explains a finding and never decides it."""

    AMOUNT = "amount"
    DEADLINE = "deadline"
    CHANNEL = "channel"
    HANDLE = "handle"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Detail:
    """A phrase of the text that says how much, until when, by which way or to whom, and its plain value."""

    start: int
    end: int
    kind: DetailKind
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the detector says of one message.

    `scores` is None for messages that are not text or that a screen let pass unread (`screened`), and always
    of the message alone. `context_scores` are extortion of the message given what was said before in its
    thread, and the other labels of the sender's last messages read as one text; None where there was no
    reason to read them. `read_with` are those earlier messages, oldest first, of long ones only their end.
    `flags` are the labels whose score reaches the threshold at the operating point of
    the run: extortion in context where there is one, the other labels always of the message alone.
    """

    message: Message
    scores: Scores | None
    flags: tuple[Label, ...] = ()
    verdict: Verdict = Verdict.NONE
    spans: tuple[Span, ...] = ()
    details: tuple[Detail, ...] = ()
    context_scores: Scores | None = None
    read_with: tuple[Message, ...] = ()
    screened: bool = False

    @property
    def flagged(self) -> bool:
        """Whether the verdict is extortion or victim."""
        return self.verdict in (Verdict.EXTORTION, Verdict.VICTIM)


@dataclass(frozen=True, slots=True)
class Moment:
    """A flagged message in the course of a thread."""

    id: str
    sent_at: str | None
    sender: str | None
    flags: tuple[Label, ...]
    details: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class ThreadFinding:
    """What the detector says of one thread.

    `extortion` is the score, 0 to 1, of the sender whose messages add up to extortion most. Where it
    reaches the threshold the thread is `flagged`: `extorter` is that sender, `target` the only other one,
    if there is one, and `knowable_at` the id of the message with which that sender's score reached it.
    `labels_over_time` holds the first flagged messages, `moments_left_out` counts further ones.
    """

    thread: str
    extortion: float
    flagged: bool
    extorter: str | None
    target: str | None
    knowable_at: str | None
    labels_over_time: tuple[Moment, ...]
    moments_left_out: int
    messages: int


@dataclass(frozen=True, slots=True)
class FileCount:
    """What one input file held, in its own unit. `adds_up` compares the records with `units`.

    `messages` counts by kind; `continuations` are further lines of multi-line messages; `columns` are those
    of a table, each with the field that it was read as, or None where it was not read.
    """

    file: str
    sha256: str
    size: int
    format: str
    unit: str
    units: int
    messages: Mapping[str, int]
    continuations: int
    system: int
    headers: int
    blank: int
    unread: int
    flagged: int
    warnings: tuple[str, ...] = ()
    columns: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """Whether every unit of the input is accounted for."""
        told = self.continuations + self.system + self.headers + self.blank + self.unread
        return sum(self.messages.values()) + told == self.units


@dataclass(frozen=True, slots=True)
class Screening:
    """From which score of the screen on a message is read at an operating point, and what that loses.

    Measured on invented messages, most of them respelt to dodge filters, that neither the screen nor its
    threshold was made with: of `flagged` ones that the model flags alone `lost` would pass unread, at the
    upper bound of the 95 % interval the share `lost_high`; of `threads` that it flags `threads_lost`.
    """

    threshold: float
    flagged: int
    lost: int
    lost_high: float
    threads: int
    threads_lost: int


@dataclass(frozen=True, slots=True)
class ScreenUse:
    """How many messages of a scan passed unread, and how they were screened."""

    screened: int
    screening: Screening


@dataclass(frozen=True, slots=True)
class Run:
    """The record of one scan: tool, model, settings, inputs and counts. Times are UTC, ISO 8601.

    `screen` is None where every message was read.
    """

    tool: str
    version: str
    command: tuple[str, ...]
    settings: Mapping[str, str | None]
    model: str
    model_files: Mapping[str, str]
    operating_point: OperatingPoint
    thresholds: Mapping[str, float]
    context_threshold: float
    thread_threshold: float
    started_at: str
    ended_at: str
    files: tuple[FileCount, ...]
    messages: int
    flagged: int
    verdicts: Mapping[str, int]
    threads_flagged: int
    unread: int
    screen: ScreenUse | None = None
    notes: tuple[str, ...] = field(default=())
