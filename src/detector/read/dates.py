"""Dates as the readers need them: the declared zone, and local times with or without it."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detector.errors import InputError

OCCURS_TWICE = "this local time occurs twice in the declared zone, the earlier one was taken"
DOES_NOT_EXIST = "this local time does not exist in the declared zone (clocks went forward)"


def declared_zone(tz: str) -> ZoneInfo:
    """The zone named by `--tz`, such as "Asia/Baghdad".

    Raises:
        InputError: no zone of this name is known.
    """
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            f"--tz {tz!r}: no time zone of this name is known.\n"
            'Expected a name of the IANA time zone database, such as "Asia/Baghdad" or "Africa/Cairo".\n'
            "Give the zone of the phone at the time of the export, or leave --tz out: times then stay local."
        ) from error


def local_iso(moment: datetime, zone: ZoneInfo | None) -> tuple[str, tuple[str, ...]]:
    """ISO 8601 to the second of a naive local time, and what to warn of.

    With a zone the text carries its offset at that time; without one it carries none.

    >>> local_iso(datetime(2024, 3, 12, 21, 7), ZoneInfo("Asia/Baghdad"))
    ('2024-03-12T21:07:00+03:00', ())
    """
    if zone is None:
        return moment.isoformat(timespec="seconds"), ()
    first, second = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    text = first.isoformat(timespec="seconds")
    before, after = first.utcoffset(), second.utcoffset()
    if before is None or after is None or before == after:
        return text, ()
    return text, (OCCURS_TWICE if before > after else DOES_NOT_EXIST,)
