"""A file that bears its name only when it is complete."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from detector.errors import OutputError


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """What goes wrong with the disk inside is told as an `OutputError` about `path`."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: the report cannot be written ({error.strerror or type(error).__name__}).\n"
            "Expected a folder that exists, with room and the right to write.\n"
            "Choose another place with --out, or free some space and run it again."
        ) from error


@contextmanager
def writing_out() -> Iterator[None]:
    """What goes wrong with standard output inside is told as an `OutputError`.

    `BrokenPipeError` passes: by closing a pipe its reader says that it has enough, which is no error.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"standard output: it cannot be written ({error.strerror or type(error).__name__}).\n"
            "Expected room for what is printed.\n"
            "Free some space or print to another place, and run it again."
        ) from error


def partial_path(path: Path) -> Path:
    """The name a file has while it is being written, checked to be free to take.

    Raises:
        OutputError: a folder has the name that the finished file would take.
    """
    if path.is_dir():
        raise OutputError(
            f"{path}: this is a folder.\n"
            "Expected the name of a file that may be written.\n"
            "Give another name, or remove the folder."
        )
    return path.with_name(path.name + ".partial")


class PartialFile:
    """A text file, open for writing as `NAME.partial`; `finish` gives it its name.

    What bore the name before stays until then. An abandoned file keeps the `.partial` name.
    """

    def __init__(self, path: Path, encoding: str = "utf-8") -> None:
        self.path = path
        self._partial = partial_path(path)
        with writing_to(path):
            self._stream = self._partial.open("w", encoding=encoding, newline="")

    def write(self, text: str) -> int:
        """Append text; line ends are kept as they are."""
        with writing_to(self.path):
            return self._stream.write(text)

    def write_all(self, pieces: Iterable[str]) -> None:
        """Append the pieces one after another."""
        with writing_to(self.path):
            self._stream.writelines(pieces)

    def finish(self) -> None:
        """Close the file and give it its name."""
        with writing_to(self.path):
            self._stream.close()
            self._partial.replace(self.path)

    def abandon(self) -> None:
        """Close the file and leave it under its `.partial` name.

        That its last lines find no room on the disk is no news: the file is not finished anyway.
        """
        with suppress(OSError):
            self._stream.close()
