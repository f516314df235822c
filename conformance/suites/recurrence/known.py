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
]


def explains(name, rule):
    """The rows that can bear on a rule, as words."""
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
