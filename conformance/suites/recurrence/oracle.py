"""The other implementations, in a process that may be killed: a JSON line in, a JSON line out.

A question with `rule` is answered by libical (Debian's, through ctypes) and by
python-dateutil: wall clock readings as seconds since 1970, no zones. One with
`text` is answered by recurring-ical-events: what a calendar object holds
between two instants, as pairs of seconds since 1970. An implementation that
cannot answer gives null.
"""

import ctypes
import datetime
import json
import os
import signal
import sys

os.environ["PYTHONTZPATH"] = ""  # the tz database of PyPI, whatever the machine has
import recurring_ical_events
from dateutil.rrule import rrulestr
from icalendar import Calendar

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)
SECONDS_EACH = 0.25

library = ctypes.CDLL("libical.so.3")
expand = library.icalrecur_expand_recurrence
expand.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.c_int, ctypes.POINTER(ctypes.c_int64)]


class Late(Exception):
    """One answer takes too long."""


def late(*_):
    raise Late


def by_libical(rule, start, most, end):
    """Its instances from the start on, at most `most` of them."""
    found = (ctypes.c_int64 * most)()
    expand(rule.encode(), start, most, found)
    found = list(found)
    while found and found[-1] == 0:  # room that was not needed
        found.pop()
    return [at for at in found if at <= end]


def by_dateutil(rule, start, most, end):
    found = []
    for at in rrulestr("RRULE:" + rule, dtstart=EPOCH + datetime.timedelta(seconds=start)):
        at = int((at - EPOCH).total_seconds())
        if at > end or len(found) >= most:
            break
        found.append(at)
    return found


def instant(at):
    """A date is its midnight in UTC, which is the zone of the suite's calendar."""
    if not isinstance(at, datetime.datetime):
        at = datetime.datetime(at.year, at.month, at.day)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return int((at - EPOCH.replace(tzinfo=UTC)).total_seconds())


def by_recurring_ical_events(text, start, end):
    whole = recurring_ical_events.of(Calendar.from_ical(text))
    window = [EPOCH.replace(tzinfo=UTC) + datetime.timedelta(seconds=at) for at in (start, end)]
    found = []
    for event in whole.between(*window):
        found.append([instant(event.start), instant(event.end), str(event.get("SUMMARY"))])
    return sorted(found)


def timed(question):
    """The answer, or null when there is none in time."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS_EACH)
    try:
        return question()
    except Late:
        return None
    except ValueError:  # what dateutil says of a rule whose parts rule each other out
        return []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def answer(asked):
    if "rule" in asked:
        given = asked["rule"], asked["start"], asked["most"], asked["end"]
        scaled = "RSCALE" in asked["rule"]
        dateutil = None if scaled else timed(lambda: by_dateutil(*given))
        return {"dateutil": dateutil, "libical": by_libical(*given)}
    return {"sets": by_recurring_ical_events(asked["text"], asked["start"], asked["end"])}


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, late)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
