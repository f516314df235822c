"""Generated cases: rules of every valid combination of parts, and sets with exceptions.

Which parts may stand together is the table of RFC 5545 §3.3.10. A case is made
from a number, so that a failure can be made again.
"""

import datetime
import itertools
import random
from zoneinfo import ZoneInfo

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FREQUENCIES = ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
PARTS = ["BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"]
FORBIDDEN = {
    ("BYWEEKNO", freq) for freq in FREQUENCIES if freq != "YEARLY"
} | {("BYYEARDAY", freq) for freq in ("DAILY", "WEEKLY", "MONTHLY")} | {("BYMONTHDAY", "WEEKLY")}
ZONES = [
    "UTC", "floating", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
    "America/Santiago", "Pacific/Apia", "Pacific/Chatham", "Europe/Dublin",
]
SIZE = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600, "DAILY": 86400, "WEEKLY": 7 * 86400,
        "MONTHLY": 30 * 86400, "YEARLY": 366 * 86400}
EPOCH = datetime.datetime(1970, 1, 1)
HOUR = datetime.timedelta(hours=1)


def combinations():
    """Every frequency with every set of up to three parts that may stand together, and each with all."""
    for freq in FREQUENCIES:
        allowed = [part for part in PARTS if (part, freq) not in FORBIDDEN]
        for size in (0, 1, 2, 3, len(allowed)):
            for parts in itertools.combinations(allowed, size):
                if parts != ("BYSETPOS",):  # "MUST only be used in conjunction with another BYxxx"
                    yield freq, parts


def numbers(draw, low, high, most, *, negative=False, own=None):
    """A list of a part; `own` is among them, so that rare frequencies reach something soon."""
    found = set(draw.sample(range(low, high + 1), draw.randint(1, most)))
    if negative:
        found = {-n if draw.random() < 0.4 else n for n in found}
    if own is not None:
        found.add(own)
    return sorted(found)


class Rule:
    """One case: a start, a zone, a rule and what bounds it."""

    scale = None  # RSCALE; see scales.py

    def __init__(self, number, freq, parts):
        self.number, self.freq, self.parts = number, freq, set(parts)
        draw = self.draw = random.Random(number)
        year = draw.choice([1970, 1996, 2004, 2015, 2023, 2024, 2026, 2027, 2036, 2060, 2096])
        self.start = datetime.datetime(year, 1, 1) + datetime.timedelta(
            days=draw.randrange(365), hours=draw.choice([0, 1, 2, 2, 3, 9, 17, 23]), minutes=draw.choice([0, 30, 59])
        )
        if draw.random() < 0.15:  # around changes of clocks
            month, day = draw.choice([(3, 28), (10, 24), (3, 12), (11, 4), (4, 1), (9, 25)])
            self.start = self.start.replace(month=month, day=day, hour=2, minute=30)
        self.zone = draw.choice(ZONES)
        self.rare = SIZE[freq] < 86400
        clocks = {"BYHOUR", "BYMINUTE", "BYSECOND"} & self.parts
        self.date = not clocks and not self.rare and draw.random() < 0.2
        if self.date:
            self.zone, self.start = "date", self.start.replace(hour=0, minute=0, second=0)
        self.interval = draw.choice([1, 1, 1, 1, 2, 2, 3, 4, 5, 7, 12])
        self.wkst = draw.choice(DAYS) if draw.random() < 0.4 else None
        self.bound = draw.choice(["", "", "COUNT", "UNTIL"])
        self.values = {part: self.value(part) for part in parts if part != "BYSETPOS"}
        if "BYSETPOS" in self.parts:
            high = self.set_size()
            self.values["BYSETPOS"] = numbers(draw, 1, high, min(2, high), negative=True)
        if self.rare and instant(self.start, self.zone) != instant(self.start + HOUR, self.zone) - 3600:
            self.zone = "UTC"  # a walk through a changing clock is not in the order of time
        self.count = draw.choice([1, 2, 5, 13, 40])
        self.until = None

    def set_size(self):
        """How many instances an interval has at least, up to four: others than these BYSETPOS would never find."""
        size = 1
        for below, part in (("HOURLY", "BYMINUTE"), ("MINUTELY", "BYSECOND"), ("DAILY", "BYHOUR"), ("WEEKLY", "BYDAY")):
            if FREQUENCIES.index(self.freq) >= FREQUENCIES.index(below):
                size *= len(self.values.get(part, [0]))
        if self.freq in ("MONTHLY", "YEARLY"):
            size = max(size, len(self.values.get("BYMONTHDAY", [0])))
        return min(size, 4)

    def value(self, part):
        """The values of a part. Those of rare frequencies hold the start, else nothing is near."""
        draw, at, rare = self.draw, self.start, self.rare
        if part == "BYMONTH":
            return numbers(draw, 1, 12, 3, own=at.month if rare else None)
        if part == "BYWEEKNO":
            return numbers(draw, 1, 53, 3, negative=True)
        if part == "BYYEARDAY":
            return numbers(draw, 1, 366, 4, negative=True, own=at.timetuple().tm_yday if rare else None)
        if part == "BYMONTHDAY":
            return numbers(draw, 1, 31, 4, negative=True, own=at.day if rare else None)
        if part == "BYHOUR":
            return numbers(draw, 0, 23, 3, own=at.hour if rare else None)
        if part == "BYMINUTE":
            return numbers(draw, 0, 59, 3, own=at.minute if rare else None)
        if part == "BYSECOND":
            return numbers(draw, 0, 59, 3)
        days = {DAYS[n] for n in numbers(draw, 0, 6, 3, own=at.weekday() if rare else None)}
        counted = self.freq == "MONTHLY" or (self.freq == "YEARLY" and "BYWEEKNO" not in self.parts)
        if counted and draw.random() < 0.6:
            most = 5 if self.freq == "MONTHLY" or "BYMONTH" in self.parts else 53
            days = {str(draw.choice([1, -1]) * draw.randint(1, most)) + day for day in days}
        return sorted(days)

    def text(self, until):
        """The rule; `until` is how that part is written."""
        parts = [f"FREQ={self.freq}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        parts += [f"{part}={','.join(map(str, values))}" for part, values in self.values.items()]
        if self.wkst:
            parts.append("WKST=" + self.wkst)
        if self.bound == "COUNT":
            parts.append(f"COUNT={self.count}")
        if self.bound == "UNTIL":
            parts.append("UNTIL=" + until)
        return ";".join(parts)

    def object(self, uid):
        """The calendar object for the server; UNTIL as §3.3.10 wants it for the start's form."""
        until = self.until
        if until and self.zone not in ("date", "floating"):
            until = from_seconds(instant(until, self.zone))
        form = "%Y%m%d" if self.date else "%Y%m%dT%H%M%S" if self.zone == "floating" else "%Y%m%dT%H%M%SZ"
        rule = self.text(until.strftime(form) if until else "")
        length = "P1D" if self.date else "PT1H"
        lines = [stamped("DTSTART", self.start, self.zone), f"DURATION:{length}", f"RRULE:{rule}"]
        return component(uid, lines)

    def wall(self):
        """The rule for one who counts by the wall clock alone."""
        until = self.until
        if until and self.date:
            until = until.replace(hour=23, minute=59, second=59)
        return self.text(until.strftime("%Y%m%dT%H%M%S") if until else "")


class Set:
    """A series with RDATE, EXDATE and overrides, of one step so that its instances are known."""

    def __init__(self, number):
        draw = self.draw = random.Random(-number)
        self.number = number
        self.zone = draw.choice([*(z for z in ZONES if z != "floating"), "date"])
        self.step = datetime.timedelta(days=draw.choice([1, 1, 2, 7, 7, 14]))
        year = draw.choice([1996, 2015, 2023, 2026, 2027, 2036, 2060, 2096])
        self.start = datetime.datetime(year, 1, 1) + datetime.timedelta(
            days=draw.randrange(365), hours=0 if self.zone == "date" else draw.choice([0, 1, 2, 3, 9, 17, 23])
        )
        self.length = datetime.timedelta(days=draw.choice([1, 2])) if self.zone == "date" else draw.choice([1, 3, 26]) * HOUR
        self.count = draw.choice([None, None, 8, 30])
        within = min(self.count or 30, 30)
        self.gone = draw.sample(range(within), draw.choice([0, 0, 1, 3]))
        kept = [n for n in range(within) if n not in self.gone]
        self.moved = sorted(draw.sample(kept, min(len(kept), draw.choice([0, 1, 1, 3]))))
        self.future = bool(self.moved) and draw.random() < 0.4
        self.extra = [self.start + draw.randrange(1, 60) * self.step / 2 for _ in range(draw.choice([0, 0, 1, 3]))]
        if self.zone == "date":
            self.extra = [at.replace(hour=0) for at in self.extra]
        # The beginning, or for a series without end any year up to 2100.
        self.window = self.start - self.step, self.start + 40 * self.step
        if self.count is None and draw.random() < 0.4:
            at = self.start.replace(year=draw.randrange(year, 2101), month=draw.randrange(1, 13), day=1)
            self.window = at, at + datetime.timedelta(days=45)

    def at(self, number):
        return self.start + number * self.step

    def written(self, name, times):
        """A list property, a line for each value."""
        return [stamped(name, at, self.zone) for at in times]

    def span(self, start, length):
        return [stamped("DTSTART", start, self.zone), stamped("DTEND", start + length, self.zone)]

    def object(self):
        freq, days = ("WEEKLY", 7) if self.step.days % 7 == 0 else ("DAILY", 1)
        rule = f"RRULE:FREQ={freq};INTERVAL={self.step.days // days}" + (f";COUNT={self.count}" if self.count else "")
        lines = [*self.span(self.start, self.length), rule, "SUMMARY:plain"]
        lines += self.written("RDATE", self.extra) + self.written("EXDATE", map(self.at, self.gone))
        more = ""
        for number in self.moved:
            move = datetime.timedelta(days=self.draw.choice([0, 1, 3]))
            if self.zone != "date":
                move += self.draw.choice([-1, 0, 2, 5]) * HOUR
            name = "RECURRENCE-ID"
            if self.future and number == self.moved[-1]:
                name += ";RANGE=THISANDFUTURE"
            own = [stamped(name, self.at(number), self.zone), f"SUMMARY:override {number}"]
            own += self.span(self.at(number) + move, self.length * self.draw.choice([1, 2]))
            more += "\r\n".join(["BEGIN:VEVENT", f"UID:set{self.number}", "DTSTAMP:20270101T000000Z", *own, "END:VEVENT", ""])
        return component(f"set{self.number}", lines, more)

    def crosses(self, start, end):
        """Whether the zone's clock changes from one instant to the other."""
        if self.zone in ("UTC", "date"):
            return False
        zone = ZoneInfo(self.zone)
        offsets = {datetime.datetime.fromtimestamp(at, zone).utcoffset() for at in (start, end)}
        return len(offsets) > 1


def component(uid, lines, more=""):
    body = "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20270101T000000Z", *lines, "END:VEVENT"])
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//conformance//EN\r\n{body}\r\n{more}END:VCALENDAR\r\n"


def stamped(name, at, zone):
    """A date property in the form of a zone."""
    if zone == "date":
        return f"{name};VALUE=DATE:{at:%Y%m%d}"
    if zone in ("floating", "UTC"):
        return f"{name}:{at:%Y%m%dT%H%M%S}{'Z' if zone == 'UTC' else ''}"
    return f"{name};TZID={zone}:{at:%Y%m%dT%H%M%S}"


def seconds(at):
    return int((at - EPOCH).total_seconds())


def from_seconds(number):
    return EPOCH + datetime.timedelta(seconds=number)


def instant(at, zone):
    """A wall clock reading as seconds since 1970: in a gap by the offset before it, of two the first (§3.3.5)."""
    if zone in ("UTC", "floating", "date"):
        return seconds(at)
    return int(at.replace(tzinfo=ZoneInfo(zone), fold=0).timestamp())
