"""The JSON that the routes answer, as `/openapi.json` describes it; a test holds real answers to it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from detector.records import DetailKind, Kind, Label, OperatingPoint, Verdict

Thresholds = dict[Label, float]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SpanOut(_Answer):
    """A phrase that carries a label. Offsets are code points of the text, end excluded."""

    start: int
    end: int
    label: Label
    text: str


class DetailOut(_Answer):
    """What a rule found in the text, and its plain value. It explains a finding and never decides it."""

    start: int
    end: int
    label: DetailKind
    text: str
    value: str


class SourceOut(_Answer):
    """What is to be known of how the message was read; only `warnings` say something here."""

    file: str
    sha256: str
    locator: str
    warnings: list[str]


class FindingOut(_Answer):
    """What the detector says of one message. `source` is null where there is nothing to warn of."""

    id: str
    thread: str | None
    sender: str | None
    sent_at: str | None
    kind: Kind
    text: str
    scores: dict[Label, float] = Field(description="Probabilities of the message alone.")
    context_scores: dict[Label, float] | None = Field(
        description="Extortion: of the message given what was said before in its thread. The other labels: "
        "of the sender's last messages read as one text. Null where there was no reason to read them."
    )
    flags: list[Label] = Field(
        description="The labels whose `scores` reach their thresholds; extortion by `context_scores` where "
        "there are some."
    )
    verdict: Verdict
    spans: list[SpanOut]
    details: list[DetailOut]
    read_with: list[str] = Field(
        default=[],
        description="The ids of the sender's earlier messages that `context_scores` rest on, oldest first; "
        "absent where there are none.",
    )
    source: SourceOut | None


class MomentDetailOut(_Answer):
    """A detail of a flagged message, without its text."""

    label: DetailKind
    value: str


class MomentOut(_Answer):
    """A flagged message in the course of a thread."""

    id: str
    sent_at: str | None
    sender: str | None
    flags: list[Label]
    details: list[MomentDetailOut]


class ThreadOut(_Answer):
    """What the messages of one thread add up to."""

    thread: str
    extortion: float
    flagged: bool
    extorter: str | None
    target: str | None
    knowable_at: str | None
    labels_over_time: list[MomentOut]
    moments_left_out: int
    messages: int


class ModelOut(_Answer):
    """Which model answered, and the thresholds of the flags, of extortion also in context."""

    name: str
    version: str
    operating_point: OperatingPoint
    thresholds: Thresholds
    context_threshold: float = Field(description="Of extortion in context.")


class ScoreOut(_Answer):
    """One finding for each message, in their order, and one thread finding for each thread."""

    findings: list[FindingOut]
    threads: list[ThreadOut]
    model: ModelOut


class ResultOut(_Answer):
    """What the detector says of one input. `flagged` means that the verdict is extortion."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[Literal["text"]]]
    verdict: Verdict
    warnings: list[str]


class ModerationOut(_Answer):
    """One result for each input, in their order."""

    id: str
    model: str
    results: list[ResultOut]


class HealthOut(_Answer):
    """The service takes requests."""

    status: Literal["ok"]


class ModelFilesOut(_Answer):
    """The model and the hashes of its files."""

    name: str
    version: str
    sha256: dict[str, str]


class PackageOut(_Answer):
    """The package that serves."""

    name: str
    version: str


class InfoOut(_Answer):
    """Which model answers, how it is calibrated, how much the service takes."""

    model: ModelFilesOut
    package: PackageOut
    normaliser: int
    max_tokens: int
    labels: list[Label]
    span_labels: list[Label]
    operating_point: OperatingPoint
    thresholds: dict[OperatingPoint, Thresholds]
    context_thresholds: dict[OperatingPoint, float]
    prior: float
    calibration: str
    limits: dict[str, float]


class ReasonOut(_Answer):
    """Why: `param` names the field, `code` is for programs."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None
    code: str


class RefusalOut(_Answer):
    """A request that was refused, in the shape of OpenAI's errors."""

    error: ReasonOut


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": RefusalOut, "description": reason}
    for status, reason in {
        408: "The body stood still or came too slowly.",
        413: "The body is too large, or holds too many messages; `/info` has the limits.",
        415: "The body is packed.",
        422: "The request is wrong; `param` names the field.",
        429: "Too many requests wait; `retry-after` says when to try again.",
        500: "The service failed on this request.",
        503: "The service ends; or, in plain text, it has too many connections.",
    }.items()
}
"""Status to what FastAPI is to say of it, for the routes that score."""
