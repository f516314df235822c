"""Generated rules by other calendars (RFC 7529): whole days, each with libical and ICU beside it."""

import datetime
import random

from cases import DAYS, Rule, numbers

# Months of a plain year, days of the longest month, days of the longest year, leap months that occur.
SCALES = {
    "GREGORIAN": (12, 31, 366, []),
    "BUDDHIST": (12, 31, 366, []),
    "CHINESE": (12, 30, 385, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    "COPTIC": (13, 30, 366, []),
    "DANGI": (12, 30, 385, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    "ETHIOPIC": (13, 30, 366, []),
    "ETHIOPIC-AMETE-ALEM": (13, 30, 366, []),
    "HEBREW": (12, 30, 385, [5]),
    "INDIAN": (12, 31, 366, []),
    "ISLAMIC": (12, 30, 355, []),
    "ISLAMIC-CIVIL": (12, 30, 355, []),
    "ISLAMIC-RGSA": (12, 30, 355, []),
    "ISLAMIC-TBLA": (12, 30, 355, []),
    "ISLAMIC-UMALQURA": (12, 30, 355, []),
    "JAPANESE": (12, 31, 366, []),
    "PERSIAN": (12, 31, 366, []),
    "ROC": (12, 31, 366, []),
}
PARTS = {
    "YEARLY": [
        "", "", "BYMONTH", "BYMONTHDAY", "BYMONTH BYMONTHDAY", "BYMONTH BYMONTHDAY", "BYMONTH BYMONTHDAY", "BYMONTH BYDAY",
        "BYYEARDAY", "BYDAY", "BYWEEKNO BYDAY", "BYMONTH BYMONTHDAY BYDAY", "BYMONTH BYMONTHDAY BYSETPOS",
    ],
    "MONTHLY": ["", "", "BYMONTHDAY", "BYMONTH", "BYDAY", "BYMONTH BYMONTHDAY", "BYMONTHDAY BYDAY", "BYDAY BYSETPOS"],
    "DAILY": ["BYMONTH", "BYMONTH BYMONTHDAY"],
    "WEEKLY": ["BYMONTH BYDAY"],
}
# Days of leap months, last days of months and of years.
EDGES = ["20140205", "20140302", "20141102", "20230325", "20250730", "20120529", "20120229", "20150911", "20210320", "20360317"]


class ScaleRule(Rule):
    """One case, made from a number."""

    def __init__(self, number):
        self.number = f"scale{number}"
        draw = self.draw = random.Random(f"scale {number}")
        self.scale = list(SCALES)[number % len(SCALES)]
        self.months, self.longest, self.year, self.leap = SCALES[self.scale]
        self.freq = draw.choice(["YEARLY"] * 5 + ["MONTHLY"] * 3 + ["DAILY", "WEEKLY"])
        names = draw.choice(PARTS[self.freq]).split()
        self.parts, self.rare, self.date, self.zone = set(names), False, True, "date"
        self.start = datetime.datetime(draw.randrange(1960, 2060), 1, 1) + datetime.timedelta(days=draw.randrange(365))
        self.edge = draw.random() < 0.3
        if self.edge:
            self.start = datetime.datetime.strptime(draw.choice(EDGES), "%Y%m%d")
        self.interval = draw.choice([1, 1, 1, 1, 2, 3])
        self.wkst = None
        self.skip = draw.choice([None, "OMIT", "FORWARD", "FORWARD", "BACKWARD", "BACKWARD"])
        self.bound, self.count, self.until = draw.choice(["", "", "COUNT"]), draw.choice([1, 5, 13, 40]), None
        self.values = {part: self.value(part) for part in names if part != "BYSETPOS"}
        if "BYSETPOS" in self.parts:
            self.values["BYSETPOS"] = [draw.choice([1, -1])]

    def value(self, part):
        draw = self.draw
        if part == "BYMONTH":
            found = [str(n) for n in numbers(draw, 1, self.months, 2)]
            if self.leap and draw.random() < 0.6:
                found = draw.choice([[], found]) + [f"{draw.choice(self.leap)}L"]
            return found
        if part == "BYMONTHDAY":
            edge = [draw.choice([-1, self.longest, self.longest - 1, -self.longest])] if draw.random() < 0.5 else []
            return sorted({*numbers(draw, 1, self.longest, 2, negative=True), *edge})
        if part == "BYYEARDAY":
            edge = [draw.choice([-1, self.year, 1 - self.year, -self.year, 354])] if draw.random() < 0.6 else []
            return sorted({*numbers(draw, 1, self.year, 2, negative=True), *edge})
        if part == "BYWEEKNO":
            return numbers(draw, 1, 50, 2, negative=True)
        days = [DAYS[n] for n in numbers(draw, 0, 6, 2)]
        if self.freq in ("MONTHLY", "YEARLY") and "BYWEEKNO" not in self.parts and draw.random() < 0.6:
            days = [str(draw.choice([1, -1]) * draw.randint(1, 4)) + day for day in days]
        return days

    def text(self, until):
        return f"RSCALE={self.scale};" + super().text(until) + (f";SKIP={self.skip}" if self.skip else "")
