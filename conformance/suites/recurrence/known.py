"""Where the other implementations depart from RFC 5545, each with the clause: a disagreement that
no row explains fails the suite. The conditions are as wide as the fault, so a rule that one of them
covers rests on the other implementation; the suite says how many rules rest on none.
"""



def has(rule, *names):
    return all(name in rule.parts for name in names)


def negative(rule, *names):
    return any(n < 0 for name in names for n in rule.values.get(name, ()))


def expands_clock(rule):
    """A day of the rule has more than one time, or one that is not DTSTART's."""
    return bool({"BYHOUR", "BYMINUTE", "BYSECOND"} & rule.parts)


OWN = {"SECONDLY": "BYSECOND", "MINUTELY": "BYMINUTE", "HOURLY": "BYHOUR"}

COARSER = {"BYMONTH", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE"}



def scaled(rule):
    """It says RSCALE."""
    return rule.scale is not None


def leaping(rule):
    """It is about leap months: by name, or by where it starts."""
    return scaled(rule) and bool(rule.leap) and (
        rule.edge or not {"BYMONTH", "BYYEARDAY", "BYDAY"} & rule.parts or any("L" in n for n in rule.values.get("BYMONTH", ()))
    )


DAY = 86400
# Years in which ICU 72 has months at other places: 2027 to 2030, where new moons meet midnight, and 5806.
ODD = {"CHINESE": (1798761600, 1927238400), "DANGI": (1798761600, 1927238400), "HEBREW": (2388441600, 2430086400)}


def near(rule):
    """Every instance of one has one of the other beside it: a day away, with weekdays a week."""
    odd = range(*ODD[rule.scale])
    within = 7 * DAY if has(rule, "BYDAY") or rule.freq == "WEEKLY" else DAY
    ours, theirs = rule.apart
    end = min(ours[-1], theirs[-1]) - within
    return all(
        any(abs(at - beside) <= within for beside in other)
        for one, other in ((ours, theirs), (theirs, ours)) for at in one if at <= end and at not in odd
    )


# Implementation; what it does; clause and why that is not ours; whether it can bear on a rule.
ROWS = [
    (
        "dateutil",
        "BYWEEKNO without BYDAY gives all seven days of the week",
        "§3.3.10: what the rule does not say is DTSTART's, here its weekday",
        lambda r: has(r, "BYWEEKNO") and not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & r.parts,
    ),
    (
        "dateutil",
        "BYWEEKNO is looked for within calendar years",
        "§3.3.10: weeks are those of ISO 8601; with INTERVAL or BYSETPOS the year they belong to counts",
        lambda r: has(r, "BYWEEKNO") and (r.interval > 1 or has(r, "BYSETPOS")),
    ),
    (
        "dateutil",
        "YEARLY with BYMONTHDAY as its only day part is every month's day",
        "§3.3.10 leaves it open; DTSTART's month is taken, as libical and ical.js do: a birthday is not monthly",
        lambda r: r.freq == "YEARLY" and has(r, "BYMONTHDAY")
        and not {"BYMONTH", "BYDAY", "BYYEARDAY", "BYWEEKNO"} & r.parts,
    ),
    (
        "dateutil",
        "the first week begins at DTSTART for BYSETPOS",
        "§3.3.10: BYSETPOS counts within the set of the whole interval",
        lambda r: r.freq == "WEEKLY" and has(r, "BYSETPOS"),
    ),
    (
        "libical",
        "the part of the rule's own unit is not held against INTERVAL, or loses its first value",
        "§3.3.10 table: BYSECOND limits SECONDLY, BYMINUTE MINUTELY, BYHOUR HOURLY",
        lambda r: OWN.get(r.freq) in r.parts,
    ),
    (
        "libical",
        "INTERVAL begins anew after a day or hour that a coarser part left out",
        "§3.3.10: intervals are counted from DTSTART",
        lambda r: r.rare and r.interval > 1 and bool(COARSER & r.parts),
    ),
    (
        "libical",
        "WEEKLY with INTERVAL and WKST or several times of day skips the first week",
        "§3.3.10: the first interval is DTSTART's own",
        lambda r: r.freq == "WEEKLY" and r.interval > 1 and (expands_clock(r) or r.wkst),
    ),
    (
        "libical",
        "negative numbers of a limiting BYMONTHDAY or BYYEARDAY are passed over",
        "§3.3.10 table: they limit, and count from the end",
        lambda r: r.freq not in ("MONTHLY", "YEARLY") and negative(r, "BYMONTHDAY", "BYYEARDAY"),
    ),
    (
        "libical",
        "BYSETPOS counts days, not the times within them, and not at all below MONTHLY",
        "§3.3.10: it is applied last, to the whole set of any FREQ",
        lambda r: has(r, "BYSETPOS") and (expands_clock(r) or r.freq not in ("MONTHLY", "YEARLY")),
    ),
    (
        "libical",
        "a day that is named from both ends counts twice for BYSETPOS",
        "§3.3.10: it picks from the set of the instances",
        lambda r: has(r, "BYSETPOS", "BYMONTHDAY") and negative(r, "BYMONTHDAY"),
    ),
    (
        "libical",
        "BYWEEKNO without BYDAY, with other day parts, or with WKST finds other days or none",
        "§3.3.10: the weekday is DTSTART's, weeks begin at WKST",
        lambda r: has(r, "BYWEEKNO"),
    ),
    (
        "libical",
        "YEARLY with BYYEARDAY, or BYMONTHDAY, beside other day parts finds fewer days",
        "§3.3.10 table, note 2: each further part limits the days of the year",
        lambda r: r.freq == "YEARLY" and (has(r, "BYMONTH", "BYYEARDAY") or len({"BYMONTHDAY", "BYYEARDAY", "BYDAY"} & r.parts) > 1),
    ),
    (
        "libical",
        "ISLAMIC and ISLAMIC-RGSA are ICU's simulation of what is seen of the moon, often a day apart",
        "RFC 7529 §5: sightings cannot be calculated; ISLAMIC-UMALQURA stands for them, as ICU4X advises",
        lambda r: r.scale in ("ISLAMIC", "ISLAMIC-RGSA"),
    ),
    (
        "libical",
        "ICU 72 begins some months a day off, where a new moon is near midnight and in the Hebrew year 5806; libical then loses some",
        "the calendars as observatories publish them (CHINESE, DANGI), the molad (HEBREW)",
        lambda r: r.scale in ("CHINESE", "DANGI", "HEBREW") and near(r),
    ),
    (
        "libical",
        "with RSCALE the first interval is too short or too long",
        "§3.3.10: intervals are counted from DTSTART, in the units of the calendar (RFC 7529 §3)",
        lambda r: scaled(r) and r.interval > 1,
    ),
    (
        "libical",
        "a leap month that a year lacks becomes the wrong month, and does so with SKIP=OMIT, where another month is the "
        "leap one, or beside BYDAY",
        "RFC 7529 §4.1: the next or previous valid month; or left out",
        lambda r: leaping(r) and r.freq == "YEARLY",
    ),
    (
        "libical",
        "days that SKIP moved are lost in leap months and beyond BYMONTH, and not held against BYDAY",
        "RFC 7529 §4.1: BYMONTH comes before SKIP of days, BYDAY after it",
        lambda r: scaled(r) and r.skip in ("FORWARD", "BACKWARD") and has(r, "BYMONTHDAY") and (bool(r.leap) or bool({"BYDAY", "BYMONTH"} & r.parts)),
    ),
    (
        "libical",
        "SKIP of a day that a year lacks passes over other days",
        "RFC 7529 §4.1: the others stay",
        lambda r: scaled(r) and r.skip in ("FORWARD", "BACKWARD") and has(r, "BYYEARDAY"),
    ),
    (
        "libical",
        "weekdays within years that differ in months, or beside a thirteenth month of five days, are passed over",
        "§3.3.10: every month and year is a set of its own",
        lambda r: scaled(r) and has(r, "BYDAY") and (r.months == 13 or bool(r.leap) and r.freq == "YEARLY"),
    ),
    (
        "libical",
        "JAPANESE ends with an era",
        "a rule without COUNT and UNTIL does not end (§3.3.10)",
        lambda r: r.scale == "JAPANESE",
    ),
]


def explains(name, rule, ours, theirs):
    """The rows that can bear on a rule and on what it yields, as words."""
    rule.apart = ours, theirs
    return [f"{row[1]} ({row[2]})" for row in ROWS if row[0] == name and row[3](rule)]


def explains_set(case, ours, theirs):
    """The same of a set and what recurring-ical-events makes of it: only ends may differ, and only
    where the clock changes within the instance, or within the one that gives the others their length."""
    same = len(ours) == len(theirs) and all(a[0] == b[0] and a[2] == b[2] for a, b in zip(ours, theirs))
    apart = [(a, b) for a, b in zip(ours, theirs) if a != b]
    changed = {a[2] for a, b in zip(ours, theirs) if case.crosses(a[0] - 1, max(a[1], b[1]))}
    if same and all(a[2] in changed for a, b in apart):
        return ENDS
    return None


ENDS = "DTEND keeps the wall clock over a change of clocks, against §3.8.5.3: \"the same exact duration\""
