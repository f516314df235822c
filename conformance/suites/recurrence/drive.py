"""Our expansion (the REPORT with `expand`, RFC 4791 §9.6.5) beside libical, python-dateutil and
recurring-ical-events, on generated rules and sets.

RECURRENCE_ROUNDS says how often the whole table of combinations is gone
through (default 2), RECURRENCE_SEED where the numbers begin (default 1),
RECURRENCE_ONLY makes one rule again, RECURRENCE_ALL shows every disagreement
and every rule that no other implementation reads as we do.
"""

import collections
import http.client
import json
import os
import queue
import re
import select
import subprocess
import sys
import threading

os.environ["PYTHONTZPATH"] = ""
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import known
from cases import Rule, Set, combinations, from_seconds, instant, seconds
from dav import Subject
from scales import ScaleRule
from suite import Suite

ROUNDS = int(os.environ.get("RECURRENCE_ROUNDS", "2"))
SEED = int(os.environ.get("RECURRENCE_SEED", "1"))
ONLY = os.environ.get("RECURRENCE_ONLY")
WORKERS = 3
MOST = 45
SETS = 150  # a round
BY_SCALE = 340  # rules by other calendars, a round
HORIZON = 4_133_980_800  # 2101-01-01: every rule that has no end is looked at up to there, or to its 45th instance
SHOWN = 8
HERE = os.path.dirname(os.path.abspath(__file__))


class Oracle:
    """The process of oracle.py; one that does not answer in time is ended and started anew."""

    def __init__(self):
        self.child = None

    def ask(self, seconds=1.5, **question):
        if self.child is None:
            self.child = subprocess.Popen(
                [sys.executable, os.path.join(HERE, "oracle.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self.child.stdout.readline()  # it is ready
        self.child.stdin.write(json.dumps(question) + "\n")
        self.child.stdin.flush()
        if not select.select([self.child.stdout], [], [], seconds)[0]:
            self.end()
            return {}
        line = self.child.stdout.readline()
        if not line:  # it fell over this one
            self.end()
            return {}
        return json.loads(line)

    def end(self):
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None


class Bounded(Exception):
    """The server would not do so much work."""


class Server:
    """One connection that is kept, for a suite of thousands of requests."""

    def __init__(self, subject, calendar):
        self.subject, self.calendar = subject, calendar
        kind = http.client.HTTPSConnection if subject.base.scheme == "https" else http.client.HTTPConnection
        self.link = kind(subject.base.netloc, timeout=60)
        self.headers = {"Authorization": "Basic " + subject.basic}

    def send(self, method, path, body, kind):
        self.link.request(method, path, body.encode(), {**self.headers, "Content-Type": kind, "Depth": "1"})
        got = self.link.getresponse()
        return got.status, got.read().decode()

    def put(self, name, text):
        status, answer = self.send("PUT", f"{self.calendar}{name}.ics", text, "text/calendar; charset=utf-8")
        if status not in (201, 204):
            raise ValueError(f"PUT answered {status}: {answer[:300]}")

    def expand(self, name, start, end):
        """The object with its instances one by one."""
        window = " ".join(f'{k}="{from_seconds(at):%Y%m%dT%H%M%SZ}"' for k, at in (("start", start), ("end", end)))
        body = (
            '<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data>'
            f"<C:expand {window}/></C:calendar-data></D:prop><D:href>{self.calendar}{name}.ics</D:href></C:calendar-multiget>"
        )
        status, answer = self.send("REPORT", self.calendar, body, "application/xml")
        if "number-of-matches-within-limits" in answer:
            raise Bounded
        if status != 207 or "BEGIN:VCALENDAR" not in answer:
            raise ValueError(f"REPORT answered {status}: {answer[:300]}")
        return answer


def times(text, name):
    """The values of a date property in an answer, as seconds since 1970."""
    found = re.findall(rf"^{name}(?:;[^:\n]*)?:(\d{{8}})(?:T(\d{{6}})Z?)?", text, re.MULTILINE)
    return [stamp(day, time or "000000") for day, time in found]


def stamp(day, time):
    import datetime

    return seconds(datetime.datetime.strptime(day + time, "%Y%m%d%H%M%S"))


class Tally:
    """What the workers found."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rules = self.sets = self.windows = self.instances = 0
        self.agreed = collections.Counter()
        self.silent = collections.Counter()
        self.explained = collections.Counter()
        self.witness = collections.Counter()
        self.scaled = collections.Counter()
        self.wrong = []


def windows(rule, wall):
    """A narrow window, in wall clock seconds, around an instance that an oracle found."""
    at = rule.draw.randrange(len(wall))
    return [(wall[max(0, at - 3)], wall[min(len(wall) - 1, at + 3)])]


def check(rule, oracle, server, tally):
    start = seconds(rule.start)
    horizon = HORIZON
    if rule.bound == "UNTIL":
        rule.bound = ""
        first = oracle.ask(rule=rule.wall(), start=start, most=20, end=horizon).get("libical") or [start + 86400]
        rule.bound, rule.until = "UNTIL", from_seconds(first[-1] - rule.draw.choice([0, 0, 1, 3600]))
        if rule.date:
            rule.until = rule.until.replace(hour=0, minute=0, second=0)
        rule.until = max(rule.until, rule.start)
    answers = oracle.ask(rule=rule.wall(), start=start, most=MOST, end=horizon)
    given = [answers.get(name) for name in ("libical", "dateutil")]
    wall = next((it for it in given if it), [])
    server.put(rule.number, rule.object(rule.number))
    # Up to the last instance that all know about.
    ends = [it[-1] for it in given if it and len(it) == MOST]
    if None in given and not ends:
        ends = [(wall or [start])[-1]]
    end = min(ends) if ends else horizon
    low, high = instant(rule.start, rule.zone), instant(from_seconds(end), rule.zone)
    text = server.expand(rule.number, low, high + 1)
    ours = sorted(times(text, "DTSTART"))
    verdict = {}
    for name in ("libical", "dateutil"):
        theirs = answers.get(name)
        if theirs is None:
            verdict[name] = None
            continue
        # DTSTART counts as an instance also where the rule does not yield it (§3.8.5.3 leaves it open).
        theirs = {instant(from_seconds(at), rule.zone) for at in theirs if at <= end} | {low}
        verdict[name] = sorted(at for at in theirs if at <= high)
    narrow(rule, server, tally, wall, ours, low, high)
    note(rule, tally, ours, verdict)


def check_set(case, oracle, server, tally):
    """RDATE, EXDATE, overrides and RANGE=THISANDFUTURE beside recurring-ical-events."""
    text, name = case.object(), f"set{case.number}"
    server.put(name, text)
    start, end = (instant(at, "UTC") for at in case.window)
    theirs = oracle.ask(seconds=20, text=text, start=start, end=end).get("sets")
    events = server.expand(name, start, end).split("BEGIN:VEVENT")[1:]
    ours = sorted([times(e, "DTSTART")[0], times(e, "DTEND")[0], re.search(r"^SUMMARY:([^\r\n&]*)", e, re.MULTILINE)[1]] for e in events)
    with tally.lock:
        tally.sets += 1
        tally.instances += len(ours)
        if theirs is None:
            tally.silent["recurring-ical-events"] += 1
        elif ours == theirs:
            tally.agreed["recurring-ical-events"] += 1
        else:
            why = known.explains_set(case, ours, theirs)
            if why:
                tally.explained[("recurring-ical-events", why)] += 1
            else:
                tally.wrong.append((case, "recurring-ical-events", ours, theirs))


def narrow(rule, server, tally, wall, ours, low, high):
    """Any window holds what the whole holds of it: the expansion of parts is that of the whole."""
    for a, b in windows(rule, wall or [low]):
        a, b = instant(from_seconds(a), rule.zone), min(instant(from_seconds(b), rule.zone) + 1, high + 1)
        if a >= b:
            continue
        length = 86400 if rule.date else 3600
        found = sorted(times(server.expand(rule.number, a, b), "DTSTART"))
        want = [at for at in ours if at < b and at + length > a]
        with tally.lock:
            tally.windows += 1
        if found != want:
            with tally.lock:
                tally.wrong.append((rule, "window", found, want))


def note(rule, tally, ours, verdict):
    with tally.lock:
        tally.rules += 1
        tally.windows += 1
        tally.instances += len(ours)
        same = [name for name, theirs in verdict.items() if theirs == ours]
        (tally.scaled if rule.scale else tally.witness)[len(same)] += 1
        if not same and os.environ.get("RECURRENCE_ALL"):
            print("ALONE", rule.number, f"{rule.start:%Y%m%dT%H%M%S}", rule.zone, rule.wall(), show(ours), {k: show(v) for k, v in verdict.items()})
        for name, theirs in verdict.items():
            if theirs is None:
                tally.silent[name] += 1
            elif theirs == ours:
                tally.agreed[name] += 1
            else:
                why = known.explains(name, rule, ours, theirs)
                if why:
                    tally.explained[(name, why[0])] += 1
                else:
                    tally.wrong.append((rule, name, ours, theirs))


def work(subject, calendar, todo, tally):
    oracle, server = Oracle(), Server(subject, calendar)
    while True:
        try:
            rule = todo.get_nowait()
        except queue.Empty:
            break
        try:
            (check if isinstance(rule, Rule) else check_set)(rule, oracle, server, tally)
        except Bounded:
            with tally.lock:
                tally.silent["ours"] += 1
        except Exception as error:
            with tally.lock:
                tally.wrong.append((rule, "error", repr(error), ""))
    oracle.end()


def plan():
    number = SEED
    for turn in range(ROUNDS):
        for count in range(SETS):
            if ONLY is None:
                yield Set(SEED + turn * SETS + count)
        for count in range(BY_SCALE):
            if ONLY in (None, f"scale{SEED + turn * BY_SCALE + count}"):
                yield ScaleRule(SEED + turn * BY_SCALE + count)
        for freq, parts in combinations():
            if ONLY in (None, str(number)):
                yield Rule(number, freq, parts)
            number += 1


def rules(suite, subject):
    calendar = subject.make("C:calendar")
    todo, tally = queue.Queue(), Tally()
    for rule in plan():
        todo.put(rule)
    threads = [threading.Thread(target=work, args=(subject, calendar, todo, tally)) for _ in range(WORKERS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for rule, name, ours, theirs in tally.wrong[:SHOWN] if not os.environ.get("RECURRENCE_ALL") else tally.wrong:
        if isinstance(rule, Set):
            shown = [[it for it in one if it not in other] for one, other in ((ours, theirs), (theirs, ours))]
            suite.note(f"set {rule.number} {name}: only ours {shown[0]}, only theirs {shown[1]}: {rule.object()}")
            continue
        shown = [show([at for at in one if at not in other] if isinstance(ours, list) else one) for one, other in ((ours, theirs), (theirs, ours))]
        suite.note(f"{rule.number} {name}: {rule.start:%Y%m%dT%H%M%S} {rule.zone} {rule.wall()}: only ours {shown[0]}, only theirs {shown[1]}")
    suite.check(not tally.wrong, f"{tally.rules} rules, {tally.sets} sets, {tally.windows} windows, {tally.instances} instances", f"{len(tally.wrong)} unexplained")
    asked = tally.rules + tally.silent["ours"]
    suite.check(tally.silent["ours"] * 100 <= asked, "no more than one rule in a hundred takes too much work", tally.silent["ours"])
    suite.check(tally.scaled[0] * 3 <= tally.scaled.total(), "two rules by other calendars in three are read alike by libical", tally.scaled[0])
    suite.check(tally.witness[0] * 20 <= asked, "nineteen rules in twenty are read alike by another implementation", tally.witness[0])
    suite.note(f"agreed: {dict(tally.agreed)}; no answer in time: {dict(tally.silent)}; rules by how many agree: {dict(tally.witness)}, by other calendars: {dict(tally.scaled)}")
    for (name, why), number in sorted(tally.explained.items()):
        suite.note(f"{name} departs {number} times: {why}")


def show(it):
    """The beginning of a list of instances."""
    return [f"{from_seconds(at):%Y%m%dT%H%M%S}" for at in it[:12]] if isinstance(it, list) else it


def body(suite):
    subject = Subject()
    rules(suite, subject)


Suite("recurrence").run(body, lambda: None)
