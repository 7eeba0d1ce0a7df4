"""The first pass over a WhatsApp export: what only the whole file tells.

The shape of its stamps, the order of day and month, its encoding, who writes in it, and whether the phone
marked its own words. Memory is bounded: counts are kept, no text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from detector.read.source import DateOrder, Format, ReadOptions
from detector.read.whatsapp_headers import SWAPPED, Day, Shape, Stamp, read_stamp, strip_marks
from detector.read.whatsapp_notices import MARK

LONGEST_SENDER = 160
MAX_NAMES = 200_000
"""No more different names are counted: an export has at most a few thousand."""

BY_ORDER = "day and month were told apart by the order of the messages"
CONTRADICTORY = "dates in this file contradict each other in the order of day and month"
AS_WINDOWS_1256 = "the file is not UTF-8 and was read as Windows-1256"


@dataclass(frozen=True, slots=True)
class Survey:
    """What holds for a whole export. `doubt` is the warning for dates that could be read in two ways."""

    shape: Shape | None
    order: DateOrder
    doubt: str | None
    encoding: str
    marked: bool
    plain: Mapping[str, int]
    nested: frozenset[str]
    unspoken: frozenset[str]

    def knows(self, name: str) -> bool:
        """Whether `name` sent more than one message."""
        return self.plain.get(name, 0) > 1


def survey(lines: Iterable[bytes], options: ReadOptions) -> Survey:
    """What holds for all the lines of an export."""
    dates, names = _Dates(), _Names()
    shape: Shape | None = None
    foreign = utf8 = 0
    for raw in lines:
        try:
            line = raw.decode("utf-8")
            utf8 += not raw.isascii()
        except UnicodeDecodeError:
            line = raw.decode("cp1256")
            foreign += 1
        stamp = read_stamp(line)
        if stamp is None or not _wanted(stamp.shape.format, options):
            continue
        shape = shape or stamp.shape
        if stamp.shape == shape:
            dates.add(stamp)
            names.add(line[stamp.end : stamp.end + LONGEST_SENDER * 2])
    order = dates.order(options.date_order)
    return Survey(
        shape=shape,
        order=order,
        doubt=dates.doubt(options.date_order),
        encoding="cp1256" if foreign > utf8 else "utf-8",
        marked=names.marked and shape is not None and shape.format is Format.WHATSAPP_IOS,
        plain=names.plain,
        nested=names.nested(),
        unspoken=names.unspoken(),
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
    backward: Counter[DateOrder] = field(default_factory=Counter)
    previous: dict[DateOrder, Day] = field(default_factory=dict)

    def add(self, stamp: Stamp) -> None:
        self.day_first += 12 < stamp.first <= 31
        self.month_first += 12 < stamp.second <= 31
        self.unpadded |= stamp.unpadded
        self.american |= stamp.american
        self.year_first |= stamp.shape.year_first
        self.two_digits |= stamp.shape.year_digits == 2 and stamp.shape.date_mark == "/"
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
    spoken: set[str] = field(default_factory=set)
    marked: bool = False

    def add(self, rest: str) -> None:
        end = rest.find(": ", 0, LONGEST_SENDER)
        if end < 0:
            return
        name = strip_marks(rest[:end])
        own_words = rest.startswith(MARK, end + 2)
        self.marked |= own_words
        if len(self.plain) + len(self.longer) >= MAX_NAMES:
            return
        self.plain[name] += 1
        if not own_words:
            self.spoken.add(name)
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

    def unspoken(self) -> frozenset[str]:
        """Names under which only the phone's own words stand, such as the name of a group."""
        return frozenset(name for name in self.plain if name not in self.spoken)
