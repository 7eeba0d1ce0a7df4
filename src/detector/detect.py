"""A loaded model at an operating point: the door to everything that this package does with text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from detector.decide import CONTEXT_FEATURES, FEATURES
from detector.errors import ModelError
from detector.follow import Followed
from detector.judge import Judge
from detector.manifest import Manifest, Weighing, verify
from detector.normalise import NORMALISER_VERSION
from detector.read import ReadOptions, discover
from detector.records import Finding, Message, OperatingPoint, Scores, Screening, ThreadFinding, Unread
from detector.scan import Scan, Watch, follow, windows_of
from detector.score import Scorer
from detector.screen import Screen


def models_folder() -> Path:
    """Where the installed package keeps its models; in a source tree, `models/` at its top."""
    installed = Path(str(files("detector"))) / "models"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "models"


class Detector:
    """A loaded model at an operating point."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        *,
        operating_point: str = OperatingPoint.BALANCED,
        jobs: int | None = None,
        screen: bool = False,
    ) -> "Detector":
        """The model of a directory, or the package's default model, after its hashes were checked.

        Args:
            model: A model directory; without it the default model of the installed package.
            operating_point: "balanced", "high-precision" or "high-recall".
            jobs: Threads to score with; without it as many as the machine has processors.
            screen: Read only messages that the model's screen does not hold to be harmless.

        Raises:
            ModelError: The directory is incomplete, altered, or made for another normaliser; or it has no
                screen where one is wanted.
            ValueError: There is no such operating point.
        """
        folder = Path(model) if model else models_folder() / "default"
        manifest = verify(folder)
        if manifest.normaliser != NORMALISER_VERSION:
            raise ModelError(
                f"{folder}: made for normaliser {manifest.normaliser}, not for {NORMALISER_VERSION}.\n"
                "Expected a model trained on text as this version normalises it.\n"
                "Use the model of this package, or train again with `make model`."
            )
        _check_weights(folder, "messages in context", manifest.context, CONTEXT_FEATURES)
        _check_weights(folder, "threads", manifest.threads, FEATURES)
        if screen and manifest.screen is None:
            raise ModelError(
                f"{folder}: this model has no screen.\n"
                "Expected one, since --screen asks for it.\n"
                "Leave --screen out, or make one with `make screen`."
            )
        screened = Screen(folder) if screen else None
        return cls(Judge(manifest, Scorer(folder, manifest, jobs), OperatingPoint(operating_point), screened))

    def at(self, operating_point: str) -> "Detector":
        """The same loaded model at another operating point.

        Raises:
            ValueError: There is no such operating point.
        """
        return Detector(self._judge.at(OperatingPoint(operating_point)))

    @property
    def manifest(self) -> Manifest:
        """What the model is: its files, thresholds and figures that verdicts hang on."""
        return self._judge.manifest

    @property
    def operating_point(self) -> OperatingPoint:
        """Which of the model's thresholds hold."""
        return self._judge.point

    @property
    def screening(self) -> Screening | None:
        """How messages are screened at the operating point; None where all are read."""
        return self._judge.screening

    def scan_texts(self, texts: Iterable[str]) -> list[Finding]:
        """Findings of texts that each stand alone, in their order; ids count from "1".

        Raises:
            TypeError: This is one text, whose letters would be scored one by one, or one of them is none.
        """
        if isinstance(texts, str | bytes):
            raise TypeError("scan_texts takes a list of texts, not one text: put it in brackets.")
        return self.scan_messages(
            Message(_checked(text, number), id=str(number)) for number, text in enumerate(texts, 1)
        )

    def scan_messages(self, messages: Iterable[Message]) -> list[Finding]:
        """Findings of messages, in their order, each judged alone; `follow` judges them in context."""
        return [finding for findings in self.judge(windows_of(messages)) for finding in findings]

    def scan(
        self,
        paths: str | Path | Sequence[str | Path],
        options: ReadOptions | None = None,
        *,
        on_unread: Callable[[Unread], None] | None = None,
        on_thread: Callable[[ThreadFinding], None] | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> Scan:
        """A scan of files and folders: iterate over it for the findings, then ask for its `run`.

        Args:
            paths: Files and folders; "-" is standard input.
            options: What is declared about the input: format, time zone, date order, columns.
            on_unread: Called with each part of the input that could not be read.
            on_thread: Called with what each thread adds up to, once its messages are read.
            on_progress: Called with the number of bytes whose messages were scored since the last call.

        Raises:
            InputError: A path does not exist, or an option cannot be used.
        """
        given = [paths] if isinstance(paths, str | Path) else list(paths)
        inputs = list(discover([str(path) for path in given]))
        nobody: Callable[[object], None] = lambda _: None  # noqa: E731 - a default for three callbacks
        watch = Watch(on_unread or nobody, on_thread or nobody, on_progress or nobody)
        return Scan(self._judge, inputs, options or ReadOptions(), watch)

    def follow(self, tell: Callable[[ThreadFinding], None]) -> Followed:
        """Follows the threads of findings, weighs them in context, and tells what each adds up to."""
        return follow(self._judge, tell)

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """Calibrated probabilities of texts, in their order."""
        return self._judge.scores(texts)

    def judge(self, windows: Iterable[Sequence[Message]], *, leave: bool = False) -> Iterator[list[Finding]]:
        """Findings of windows of messages, in their order.

        Who breaks off waits for the window that is being read; with `leave` it is left to itself.
        """
        return self._judge.findings(windows, leave=leave)


def _checked(text: object, number: int) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text {number} is no string but {type(text).__name__}: leave out what has no text.")
    return text


def _check_weights(folder: Path, what: str, weighing: Weighing, features: Sequence[str]) -> None:
    if weighing.weights.keys() != set(features):
        raise ModelError(
            f"{folder}: weighs {what} by {', '.join(sorted(weighing.weights)) or 'nothing'}.\n"
            f"Expected weights for {', '.join(features)}.\n"
            "Run `make calibrate` with this version, or use the model of this package."
        )
