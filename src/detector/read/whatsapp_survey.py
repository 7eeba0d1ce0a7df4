"""The first pass over a WhatsApp export: what only the whole file tells.

Which shapes of stamps begin its messages, and for each of them the order of day and month, who writes, and
whether the phone marked its own words. Memory is bounded: counts and names are kept, no text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from detector.read.marks import strip_marks
from detector.read.source import DateOrder, Format, ReadOptions
from detector.read.timestamps import YEAR_FIRST
from detector.read.whatsapp_headers import SWAPPED, Day, Shape, Stamp, read_stamp
from detector.read.whatsapp_notices import MARK, ends_omitted, fold_name

LONGEST_SENDER = 160
MAX_NAMES = 200_000
"""No more different names are counted: an export has at most a few thousand."""

RECURRING = 3
"""So many stamped lines with a sender in a row make a shape one that begins messages."""

BY_ORDER = "day and month were told apart by the order of the messages"
CONTRADICTORY = "dates in this file contradict each other in the order of day and month"
AS_WINDOWS_1256 = "the file is not UTF-8 and was read as Windows-1256"


@dataclass(frozen=True, slots=True)
class Writing:
    """What holds for all messages that begin in one shape: those of one phone.

    `doubt` is the warning for days that could be read in two ways; `names` are folded, for comparing.
    """

    order: DateOrder
    doubt: str | None
    year_first: bool
    marked: bool
    plain: Mapping[str, int]
    nested: frozenset[str]
    names: frozenset[str]

    def knows(self, name: str) -> bool:
        """Whether `name` sent more than one message."""
        return self.plain.get(name, 0) > 1

    def doubts(self, stamp: Stamp) -> tuple[str, ...]:
        """The warnings on how a date was read."""
        day = (self.doubt,) if self.doubt and stamp.ambiguous() else ()
        return day + (YEAR_FIRST,) * self.year_first


@dataclass(frozen=True, slots=True)
class Survey:
    """What holds for a whole export.

    `shape` is the commonest. `starting` are it and those that recur, as they do where a second export was
    appended or a phone changed its clock; a stamp of another shape is words of the message it stands in.
    `writings` holds every shape there is.
    """

    shape: Shape | None
    starting: frozenset[Shape]
    writings: Mapping[Shape, Writing]
    encoding: str


def survey(lines: Iterable[bytes], options: ReadOptions) -> Survey:
    """What holds for all the lines of an export."""
    shapes = _Shapes()
    foreign = utf8 = 0
    for raw in lines:
        try:
            line = raw.decode("utf-8")
            utf8 += not raw.isascii()
        except UnicodeDecodeError:
            line = raw.decode("cp1256")
            foreign += 1
        stamp = read_stamp(line)
        if stamp is not None and _wanted(stamp.shape.format, options):
            shapes.add(stamp, line[stamp.end : stamp.end + LONGEST_SENDER * 2])
    leading = shapes.leading()
    return Survey(
        shape=leading,
        starting=frozenset(shapes.recurring) | frozenset(() if leading is None else (leading,)),
        writings={shape: tally.told(shape, options) for shape, tally in shapes.tallies.items()},
        encoding="cp1256" if foreign > utf8 else "utf-8",
    )


def _wanted(found: Format, options: ReadOptions) -> bool:
    """Whether a stamp is of the declared format, where one of WhatsApp's was declared."""
    return options.format not in (Format.WHATSAPP_ANDROID, Format.WHATSAPP_IOS) or found is options.format


@dataclass(slots=True)
class _Dates:
    """Evidence on the order of day and month."""

    day_first: int = 0
    month_first: int = 0
    unpadded: bool = False
    american: bool = False
    year_first: bool = False
    two_digits: bool = False
    short_firsts: set[int] = field(default_factory=set)
    short_thirds: set[int] = field(default_factory=set)
    backward: Counter[DateOrder] = field(default_factory=Counter)
    previous: dict[DateOrder, Day] = field(default_factory=dict)

    def add(self, stamp: Stamp) -> None:
        self.day_first += 12 < stamp.first <= 31
        self.month_first += 12 < stamp.second <= 31
        self.unpadded |= stamp.unpadded
        self.american |= stamp.american
        self.year_first |= stamp.shape.year_first
        self.two_digits |= stamp.shape.year_digits == 2 and stamp.shape.date_mark == "/"
        if stamp.shape.year_digits == 2:
            self.short_firsts.add(stamp.first)
            self.short_thirds.add(stamp.third)
        for order in (DateOrder.DMY, DateOrder.MDY):
            day = stamp.day(order)
            if order in self.previous and day < self.previous[order]:
                self.backward[order] += 1
            self.previous[order] = day

    def order(self, declared: DateOrder | None) -> DateOrder:
        """The order of the file's dates, the declared one first."""
        if self.year_first:
            return DateOrder.YMD
        if declared is not None:
            return declared
        if self.day_first != self.month_first:
            return DateOrder.DMY if self.day_first > self.month_first else DateOrder.MDY
        return self._by_succession() or self._by_custom()

    def doubt(self, declared: DateOrder | None) -> str | None:
        """The warning that dates with two readings carry."""
        if self.year_first or declared is not None:
            return None
        if self.day_first and self.month_first:
            return CONTRADICTORY
        if self.day_first or self.month_first:
            return None
        return BY_ORDER if self._by_succession() else SWAPPED

    def year_may_lead(self, declared: DateOrder | None) -> bool:
        """Whether years of two digits may stand in front, 24/03/12: few locales write so, but some do.

        Numbers that can be years since WhatsApp began stand in front, days at the end; and those at the end
        change more often, or, on few dates, the front holds the later years.
        """
        years, days = self.short_firsts, self.short_thirds
        if declared is not None or not years or self.month_first or min(years) < 9 or max(days) > 31:
            return False
        return len(days) > len(years) or (len(days) == len(years) and min(years) > max(days))

    def _by_succession(self) -> DateOrder | None:
        """The only order in which no message is older than the one before it."""
        day_first, month_first = self.backward[DateOrder.DMY], self.backward[DateOrder.MDY]
        if bool(day_first) == bool(month_first):
            return None
        return DateOrder.MDY if day_first else DateOrder.DMY

    def _by_custom(self) -> DateOrder:
        """Month first as English (US) phones write it, 8/9/23 with AM and PM; else day first (CLDR)."""
        american = self.american and self.unpadded and self.two_digits
        return DateOrder.MDY if american else DateOrder.DMY


@dataclass(slots=True)
class _Names:
    """How often each name opens a message; `longer` are names up to a second ": "."""

    plain: Counter[str] = field(default_factory=Counter)
    longer: Counter[str] = field(default_factory=Counter)
    marked: bool = False

    def add(self, rest: str) -> bool:
        """Counts the name before the first ": ", and says whether there is one."""
        end = rest.find(": ", 0, LONGEST_SENDER)
        if end < 0:
            return False
        self.marked |= rest.startswith(MARK, end + 2) or ends_omitted(rest)
        if len(self.plain) + len(self.longer) < MAX_NAMES:
            self._count(rest, end)
        return True

    def _count(self, rest: str, end: int) -> None:
        self.plain[strip_marks(rest[:end])] += 1
        second = rest.find(": ", end + 2, LONGEST_SENDER)
        if second > 0:
            self.longer[strip_marks(rest[:second])] += 1

    def nested(self) -> frozenset[str]:
        """Names that contain ": " themselves.

        They are those that recur, where everything under the shorter name belongs to such a one.
        """
        recurring = {name: count for name, count in self.longer.items() if count > 1}
        covered: Counter[str] = Counter()
        for name, count in recurring.items():
            covered[name.partition(": ")[0]] += count
        whole = {short for short, count in covered.items() if count > 2 and count == self.plain[short]}
        return frozenset(name for name in recurring if name.partition(": ")[0] in whole)


@dataclass(slots=True)
class _Tally:
    """What the stamps of one shape tell."""

    dates: _Dates = field(default_factory=_Dates)
    names: _Names = field(default_factory=_Names)
    sent: int = 0

    def told(self, shape: Shape, options: ReadOptions) -> Writing:
        declared, nested = options.date_order, self.names.nested()
        return Writing(
            order=self.dates.order(declared),
            doubt=self.dates.doubt(declared),
            year_first=self.dates.year_may_lead(declared),
            marked=self.names.marked and shape.format is Format.WHATSAPP_IOS,
            plain=self.names.plain,
            nested=nested,
            names=frozenset(fold_name(name) for name in (*self.names.plain, *nested)),
        )


@dataclass(slots=True)
class _Shapes:
    """The shapes of a file, in the order in which they first occur, and those that recur in a row."""

    tallies: dict[Shape, _Tally] = field(default_factory=dict)
    recurring: set[Shape] = field(default_factory=set)
    last: Shape | None = None
    in_a_row: int = 0

    def add(self, stamp: Stamp, rest: str) -> None:
        tally = self.tallies.setdefault(stamp.shape, _Tally())
        sent = tally.names.add(rest)
        tally.dates.add(stamp)
        tally.sent += sent
        self.in_a_row = sent + (self.in_a_row if stamp.shape == self.last else 0)
        self.last = stamp.shape
        if self.in_a_row >= RECURRING:
            self.recurring.add(stamp.shape)

    def leading(self) -> Shape | None:
        """The shape of most messages; of two as common, the first."""
        return max(self.tallies, key=lambda shape: self.tallies[shape].sent, default=None)
