"""Akonadi's DAV resource against the subject: events, tasks and contacts both ways, and a refused overwrite."""

import base64
import os
import subprocess
import sys
import threading
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../lib")]
from gi.repository import Gio, GLib

import wallet
from dav import Subject, same_path
from samples import OF_RICH_CARD, OF_RICH_EVENT, calendar_object, card, event, lost, rich_card, rich_event, todo
from suite import Suite, program, until

ITEMS = os.environ["AKONADI_ITEMS"]
WAIT_SECONDS = 30
AGENT = "akonadi_davgroupware_resource"
EVENT, TASK, CONTACT = "application/x-vnd.akonadi.calendar.event", "application/x-vnd.akonadi.calendar.todo", "text/directory"


class Session:
    """A running Akonadi with one DAV resource."""

    def __init__(self, suite, subject):
        self.suite, self.subject = suite, subject
        threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
        self.bus = wallet.own(subject.password)
        self.server = subprocess.Popen(["akonadictl", "start"], stdout=sys.stderr, stdin=subprocess.DEVNULL)

    def call(self, name, path, interface, method, signature="", *given):
        body = GLib.Variant(f"({signature})", given) if signature else None
        answer = self.bus.call_sync(name, path, interface, method, body, None, Gio.DBusCallFlags.NONE, 10_000, None)
        return (answer.unpack() or (None,))[0]

    def manager(self, method, signature="", *given):
        return self.call(
            "org.freedesktop.Akonadi.Control", "/AgentManager", "org.freedesktop.Akonadi.AgentManager", method, signature, *given
        )

    def add_resource(self):
        """As the account wizard leaves it: one URL for calendars, one for contacts."""

        def ready(probe):
            def quiet():
                try:
                    return probe()
                except GLib.Error:
                    return None

            return until(quiet, WAIT_SECONDS)

        self.suite.check(ready(lambda: AGENT in self.manager("agentTypes")), "Akonadi starts")
        self.resource = self.manager("createAgentInstance", "s", AGENT)
        name = "org.freedesktop.Akonadi.Resource." + self.resource
        settings = lambda method, *given: self.call(name, "/Settings", "org.kde.Akonadi.davGroupware.Settings", method, *given)
        ready(lambda: settings("remoteUrls") is not None)
        settings("setDefaultUsername", "s", self.subject.user)
        url = self.subject.url + "/"
        settings("setRemoteUrls", "as", [f"$default$|CalDav|{url}", f"$default$|CardDav|{url}"])
        settings("setDisplayName", "s", "conformance")
        settings("save")
        ready(lambda: self.call(name, "/", "org.freedesktop.Akonadi.Agent.Control", "reconfigure") is None)

    def synchronize(self):
        self.manager("agentInstanceSynchronizeCollectionTree", "s", self.resource)
        self.manager("agentInstanceSynchronize", "s", self.resource)

    def items(self, *words, **options):
        return program([ITEMS, *words], timeout=60, **options)

    def collection(self, path, kind):
        """The id of the collection that stands for this path."""
        for line in self.items("collections")[1].splitlines():
            number, remote, kinds = (line.split("\t") + ["", ""])[:3]
            if number.isdigit() and same_path(urlsplit(remote).path, path) and kind in kinds.split():
                return number

    def all_of(self, collection, uid):
        """Every item with a UID: its Akonadi id, remote id and text."""
        rows = [line.split("\t") for line in self.items("list", collection)[1].splitlines()]
        rows = [(row[0], row[1], base64.b64decode(row[2]).decode()) for row in rows if len(row) == 3]
        return [row for row in rows if f"UID:{uid}\n" in row[2].replace("\r", "")]

    def find(self, collection, uid):
        """An item by its UID: its Akonadi id and its text, or (None, "")."""
        for line in self.items("list", collection)[1].splitlines():
            parts = line.split("\t")
            text = base64.b64decode(parts[2]).decode() if len(parts) == 3 else ""
            if f"UID:{uid}\r\n" in text.replace("\n", "\r\n").replace("\r\r", "\r"):
                return parts[0], text
        return None, ""

    def stop(self):
        program(["akonadictl", "stop"], timeout=30)
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            pass


def kind_of_object(session, path, kind, what, suffix, make):
    """Create, change, another writer, an overwrite refused, delete."""
    suite, subject = session.suite, session.subject
    content_type = "text/vcard" if kind == CONTACT else "text/calendar"
    collection = until(lambda: session.collection(path, kind), WAIT_SECONDS, 1)
    if not suite.check(collection, f"{what}: the collection is found", session.items("collections")[1]):
        return

    def here(uid, word):
        """Whether the client has the object with the word in it, synchronizing until it has."""

        def look():
            session.synchronize()
            return until(lambda: word in session.find(collection, uid)[1], 3, 1)

        return until(look, WAIT_SECONDS, 0)

    def there(uid, word):
        """Whether the server has it."""
        look = lambda: any(f"UID:{uid}" in t and word in t for t in (b.decode() for b in subject.files(path).values()))
        return until(look, 15, 0.5)

    suite.check(here("before", "Before"), f"{what}: one that was there is fetched")
    status, out = session.items("add", collection, kind, input=make("mine", "Mine One"))
    suite.check(status == 0, f"{what}: create", out)
    suite.check(there("mine", "Mine One"), f"{what}: the new one is on the server")
    number, text = session.find(collection, "mine")
    status, out = session.items("edit", str(number), input=text.replace("Mine One", "Mine Changed"))
    suite.check(status == 0, f"{what}: change", out)
    suite.check(there("mine", "Mine Changed"), f"{what}: the changed one is on the server")

    subject.put(path + "theirs" + suffix, make("theirs", "Theirs One"), content_type)
    suite.check(here("theirs", "Theirs One"), f"{what}: another writer's is seen")
    subject.put(path + "theirs" + suffix, make("theirs", "Theirs Changed"), content_type)
    suite.check(here("theirs", "Theirs Changed"), f"{what}: another writer's change is seen")

    if kind != TASK:
        rich = {EVENT: (rich_event, OF_RICH_EVENT), CONTACT: (rich_card, OF_RICH_CARD)}[kind]
        subject.put(path + "rich" + suffix, rich[0]("rich", "Rich One"), content_type)
        suite.check(here("rich", "Rich One"), f"{what}: one with much in it is fetched")
        number, text = session.find(collection, "rich")
        session.items("edit", str(number), input=text.replace("Rich One", "Rich Changed"))
        suite.check(there("rich", "Rich Changed"), f"{what}: a change of its title is on the server")
        kept = next((data for data in subject.files(path).values() if b"Rich Changed" in data), b"")
        # KContacts itself keeps no X- name without a second hyphen.
        own = ("an unknown property",) if kind == CONTACT else ()
        suite.equal(lost(kept, rich[1], own), [], f"{what}: nothing of it is lost by that")

    # The client sends If-Match, is refused, and takes the server's version.
    subject.put(path + "theirs" + suffix, make("theirs", "Theirs Again"), content_type)
    number, text = session.find(collection, "theirs")
    session.items("edit", str(number), input=text.replace("Theirs Changed", "Too Late"))
    suite.check(here("theirs", "Theirs Again"), f"{what}: a late edit gives way to the server's version")
    suite.check(there("theirs", "Theirs Again"), f"{what}: and does not overwrite it")

    subject.delete(path + "theirs" + suffix)

    def vanished():
        session.synchronize()
        return until(lambda: session.find(collection, "theirs")[0] is None, 3, 1)

    suite.check(until(vanished, WAIT_SECONDS, 0), f"{what}: another writer's deletion is seen")
    status, out = session.items("remove", str(session.find(collection, "mine")[0]))
    suite.check(status == 0, f"{what}: delete", out)
    gone = lambda: not any(b"UID:mine" in data for data in subject.files(path).values())
    suite.check(until(gone, 15), f"{what}: the deleted one is gone from the server")


# How the instances of a series say when they are: in UTC, in a zone, by days.
SERIES = [
    ("utc", lambda day, hour: f":202703{day:02}T{hour:02}0000Z"),
    ("zone", lambda day, hour: f";TZID=Europe/Stockholm:202703{day:02}T{hour:02}0000"),
    ("days", lambda day, hour: f";VALUE=DATE:202703{day:02}"),
]


def exceptions(session, path):
    """A new exception, which the client puts as a resource of its own, ends up in that of the series, on both sides."""
    suite, subject = session.suite, session.subject
    collection = until(lambda: session.collection(path, EVENT), WAIT_SECONDS, 1)

    def there(word):
        """The texts of the server's resources that hold the word."""
        return [text for text in (data.decode() for data in subject.files(path).values()) if word in text]

    for uid, at in SERIES:
        component = lambda lines, summary: (
            f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20270101T000000Z\n{lines}\nSUMMARY:{summary}\nEND:VEVENT"
        )
        series = component(f"DTSTART{at(1, 9)}\nRRULE:FREQ=DAILY;COUNT=5", f"Series {uid}")
        moved = component(f"RECURRENCE-ID{at(2, 9)}\nDTSTART{at(12, 11)}", f"Moved {uid}")
        subject.put(path + uid + ".ics", calendar_object(series), "text/calendar")

        def fetched():
            nonlocal collection
            session.synchronize()
            # The client's first look at the server can give the collection another number.
            collection = session.collection(path, EVENT) or collection
            return until(lambda: session.all_of(collection, uid), 3, 1)

        if not suite.check(until(fetched, WAIT_SECONDS, 0), f"exception {uid}: the series is fetched"):
            continue
        status, out = session.items("add", collection, EVENT, input=calendar_object(moved))
        suite.check(status == 0, f"exception {uid}: create", out)
        whole = until(lambda: there(f"Moved {uid}"), 15, 0.5)
        one = len(whole or []) == 1 and f"Series {uid}" in whole[0]
        suite.check(one, f"exception {uid}: it is in the resource of the series", whole)

        def settled():
            """Two items, of which the exception has the address of the series and a fragment."""
            session.synchronize()
            until(lambda: False, 2)
            rows = session.all_of(collection, uid)
            addresses = sorted(row[1] for row in rows)
            return len(rows) == 2 and addresses[1].startswith(addresses[0] + "#")

        good = until(settled, WAIT_SECONDS, 0)
        rows = session.all_of(collection, uid)
        suite.check(good, f"exception {uid}: the client has the series and one exception", [row[1] for row in rows])
        text = next((row for row in rows if "RECURRENCE-ID" in row[2]), None)
        if suite.check(text, f"exception {uid}: the client has the exception", rows):
            session.items("edit", text[0], input=text[2].replace("Moved", "Changed"))
            whole = until(lambda: there(f"Changed {uid}"), 15, 0.5)
            one = len(whole or []) == 1 and f"Series {uid}" in whole[0] and "Moved" not in whole[0]
            suite.check(one, f"exception {uid}: a change of it is in the resource of the series", whole)


def body(suite):
    subject = Subject()
    places = [
        (subject.make("C:calendar", title="Akonadi events", components=["VEVENT"]), EVENT, "event", ".ics", event),
        (subject.make("C:calendar", title="Akonadi tasks", components=["VTODO"]), TASK, "task", ".ics", todo),
        (subject.make("R:addressbook", title="Akonadi people"), CONTACT, "contact", ".vcf", card),
    ]
    for path, kind, _, suffix, make in places:
        subject.put(path + "before" + suffix, make("before", "Before Card"), "text/vcard" if kind == CONTACT else "text/calendar")
    session = Session(suite, subject)
    try:
        session.add_resource()
        session.synchronize()
        exceptions(session, places[0][0])
        for place in places:
            kind_of_object(session, *place)
    finally:
        session.stop()


Suite("akonadi").run(body, lambda: None)
