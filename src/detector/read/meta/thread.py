"""What tells a thread from all others, for people: its title, and the folder that Meta gave it."""

from pathlib import PurePosixPath

from detector.read.source import InputFile


def folder_of(source: InputFile) -> str:
    """The name of the folder that a file lies in; empty where it lies in none."""
    return PurePosixPath(source.name.replace("\\", "/")).parent.name


def named(title: str, folder: str, source: InputFile) -> str:
    """The name of a thread, from the title and folder that its file tells; either may be empty."""
    name = title or folder_of(source) or source.name
    return f"{name} ({folder})" if folder else name
