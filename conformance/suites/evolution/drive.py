"""Evolution Data Server against the subject: discovery of an account, then events, tasks and contacts both ways."""

import os
import sys
import threading
from urllib.parse import urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import gi

for library, version in (("EDataServer", "1.2"), ("ECal", "2.0"), ("EBook", "1.2"), ("EBookContacts", "1.2"), ("ICalGLib", "3.0")):
    gi.require_version(library, version)
from gi.repository import EBook, EBookContacts, ECal, EDataServer, GLib, ICalGLib

from dav import Subject, same_path
from samples import OF_RICH_CARD, OF_RICH_EVENT, card, event, group_card, lost, rich_card, rich_event, todo
from suite import Suite, until

ACCOUNT = "conformance"
WAIT_SECONDS = 30
NONE = ECal.OperationFlags.NONE
ALL = ECal.ObjModType.ALL


def component(text, kind):
    """The one component within a calendar object."""
    return ICalGLib.Component.new_from_string(text[text.index("BEGIN:" + kind) : text.rindex("END:VCALENDAR")])


class Session:
    """The source registry, answering every request for a password as a user would, once per try."""

    def __init__(self, suite, subject):
        self.suite, self.subject = suite, subject
        threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
        self.registry = EDataServer.SourceRegistry.new_sync(None)
        self.credentials = EDataServer.NamedParameters.new()
        self.credentials.set("username", subject.user)
        self.credentials.set("password", subject.password)
        self.registry.connect("credentials-required", self.answer)
        self.rejected = []

    def answer(self, registry, source, reason, *rest):
        if reason == EDataServer.SourceCredentialsReason.REQUIRED:
            source.invoke_authenticate(self.credentials, None, lambda s, r: s.invoke_authenticate_finish(r))
        else:
            self.rejected.append(f"{source.get_uid()}: {reason.value_nick}")

    def authenticate_with(self, source):
        known, base = source.get_extension("Authentication"), self.subject.base
        known.set_user(self.subject.user)
        known.set_host(base.hostname)
        known.set_port(base.port or (443 if base.scheme == "https" else 80))
        known.set_method("plain/password")

    def discover(self, places):
        """What the account assistant shows after the server's address was typed."""
        kinds = EDataServer.WebDAVDiscoverSupports
        asked = (("the calendar", kinds.EVENTS), ("the task list", kinds.TASKS), ("the address book", kinds.CONTACTS))
        scratch = EDataServer.Source.new_with_uid("scratch", None)
        self.authenticate_with(scratch)
        for (what, kind), path in zip(asked, places):
            claim = f"the assistant finds {what}"
            try:
                found = EDataServer.webdav_discover_sources_sync(scratch, self.subject.url + "/", int(kind), self.credentials, None)
                paths = [urlsplit(entry.href).path for entry in found.out_discovered_sources]
                self.suite.check(any(same_path(path, other) for other in paths), claim, paths)
            except GLib.Error as error:
                self.suite.check(False, claim, error.message)

    def add_account(self):
        """A collection source: the registry discovers its calendars and address books by itself."""
        source = EDataServer.Source.new_with_uid(ACCOUNT, None)
        source.set_display_name(ACCOUNT)
        account = source.get_extension("Collection")
        account.set_backend_name("webdav")
        account.set_identity(self.subject.user)
        account.set_calendar_url(self.subject.url + "/")
        account.set_contacts_url(self.subject.url + "/")
        account.set_mail_enabled(False)
        self.authenticate_with(source)
        self.registry.commit_source_sync(source, None)

    def source(self, extension, path):
        """The child source of the account that stands for this collection."""

        def look():
            for source in self.registry.list_sources(extension):
                place = source.get_extension("WebDAV Backend").get_property("resource-path") or ""
                if source.get_parent() == ACCOUNT and same_path(place, path):
                    return source

        return until(look, WAIT_SECONDS)


def server_holds(session, path, word, what):
    """Some member of the collection contains the word."""
    look = lambda: any(word.encode() in body for body in session.subject.files(path).values())
    session.suite.check(until(look, 10), what)


def attempt(suite, what, call):
    """A call of the client; an error is a failed check, and its result None."""
    try:
        result = call()
        suite.check(True, what)
        return result
    except GLib.Error as error:
        suite.check(False, what, error.message)


def incidences(session, extension, kind, path, make):
    """Create, change, a change by another writer, delete: the same for events and tasks."""
    suite, subject, what = session.suite, session.subject, "event" if kind == "VEVENT" else "task"
    source = session.source(extension, path)
    if not suite.check(source, f"the {what} collection is found as a source", session.rejected):
        return
    types = ECal.ClientSourceType.EVENTS if kind == "VEVENT" else ECal.ClientSourceType.TASKS
    client = ECal.Client.connect_sync(source, types, WAIT_SECONDS, None)
    suite.check(until(lambda: client.is_online() and not client.is_readonly(), 10), f"it opens for writing ({what})")

    def seen(uid):
        client.refresh_sync(None)
        try:
            return client.get_object_sync(uid, None, None)[1].get_summary()
        except GLib.Error:
            return None

    suite.equal(until(lambda: seen("before"), WAIT_SECONDS), "Before", f"the {what} that was there is fetched")
    made = component(make("mine", "Mine"), kind)
    attempt(suite, f"create: {what}", lambda: client.create_object_sync(made, NONE, None))
    server_holds(session, path, "SUMMARY:Mine", f"the new {what} is on the server")
    known = client.get_object_sync("mine", None, None)[1]
    known.set_summary("Mine changed")
    attempt(suite, f"change: {what}", lambda: client.modify_object_sync(known, ALL, NONE, None))
    server_holds(session, path, "SUMMARY:Mine changed", f"the changed {what} is on the server")

    subject.put(path + "theirs.ics", make("theirs", "Theirs"), "text/calendar")
    suite.equal(until(lambda: seen("theirs"), WAIT_SECONDS), "Theirs", f"another writer's new {what} is seen")
    subject.put(path + "theirs.ics", make("theirs", "Theirs changed"), "text/calendar")
    until(lambda: seen("theirs") == "Theirs changed", WAIT_SECONDS)
    suite.equal(seen("theirs"), "Theirs changed", f"another writer's changed {what} is seen")
    subject.delete(path + "theirs.ics")
    suite.check(until(lambda: seen("theirs") is None, WAIT_SECONDS), f"another writer's deletion is seen ({what})")
    if kind == "VEVENT":
        series(session, client, path)
        rich(session, client, path)
    attempt(suite, f"delete: {what}", lambda: client.remove_object_sync("mine", None, ALL, NONE, None))
    gone = lambda: not any(b"UID:mine" in data for data in subject.files(path).values())
    suite.check(until(gone, 10), f"the deleted {what} is gone from the server")


def series(session, client, path):
    """A recurring event and an exception to it end in one resource (RFC 4791 §4.1)."""
    suite = session.suite
    made = component(event("series", "Series", extra="RRULE:FREQ=DAILY;COUNT=5"), "VEVENT")
    attempt(suite, "create a recurring event", lambda: client.create_object_sync(made, NONE, None))
    exception = component(
        event("series", "Moved", "20270302T130000Z", "20270302T140000Z", "RECURRENCE-ID:20270302T090000Z"), "VEVENT"
    )
    attempt(suite, "move one instance", lambda: client.modify_object_sync(exception, ECal.ObjModType.THIS, NONE, None))
    both = lambda: any(b"SUMMARY:Series" in d and b"SUMMARY:Moved" in d for d in session.subject.files(path).values())
    suite.check(until(both, 10), "the series and its exception are one resource")


def held(session, path, word):
    """The octets of the member of the collection that holds the word, once there is one."""
    look = lambda: next((data for data in session.subject.files(path).values() if word.encode() in data), None)
    return until(look, 10) or b""


def rich(session, client, path):
    """Alarm, attachment and the rest come to the client, and survive its change of something else."""
    suite = session.suite
    session.subject.put(path + "rich.ics", rich_event("rich"), "text/calendar")

    def fetched():
        client.refresh_sync(None)
        try:
            return client.get_object_sync("rich", None, None)[1]
        except GLib.Error:
            return None

    known = until(fetched, WAIT_SECONDS)
    if not suite.check(known, "an event with an alarm and an attachment is fetched"):
        return
    parts = known.count_components(ICalGLib.ComponentKind.VALARM_COMPONENT), known.count_properties(ICalGLib.PropertyKind.ATTACH_PROPERTY)
    suite.equal(parts, (1, 2), "the client sees its alarm and attachments")
    known.set_summary("Rich changed")
    attempt(suite, "change its title", lambda: client.modify_object_sync(known, ALL, NONE, None))
    data = held(session, path, "SUMMARY:Rich changed")
    suite.equal(lost(data, OF_RICH_EVENT), [], "nothing of it is lost by that")


def answers(data):
    """PARTSTAT by address, of the one component of an object or of what the client holds."""
    found = {}
    text = data.decode() if isinstance(data, bytes) else data.as_ical_string()
    for line in text.replace("\r\n ", "").replace("\n ", "").splitlines():
        name, _, address = line.partition(":mailto:")
        if name.startswith("ATTENDEE"):
            status = [part[9:] for part in name.split(";") if part.startswith("PARTSTAT=")]
            found[address.strip().lower()] = status[0] if status else "NEEDS-ACTION"
    return found


def meeting(session, path):
    """It invites a person and a room, sees their answers and their time, and answers an invitation itself."""
    suite, subject = session.suite, session.subject
    guest, room, me = os.environ.get("SUBJECT_GUEST"), os.environ.get("SUBJECT_ROOM"), subject.user
    if not guest or not room:
        suite.note("no meetings: SUBJECT_GUEST and SUBJECT_ROOM are not set")
        return
    other = Subject(guest)
    theirs = other.default_calendar()
    source = session.source("Calendar", path)
    if not suite.check(source, "the default calendar is found as a source", session.rejected):
        return
    client = ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, WAIT_SECONDS, None)
    suite.check(until(lambda: client.is_online() and not client.is_readonly(), 10), "it opens for writing (meetings)")

    def known(uid):
        client.refresh_sync(None)
        try:
            return client.get_object_sync(uid, None, None)[1]
        except GLib.Error:
            return None

    def sees(uid, address, status, what):
        until(lambda: (it := known(uid)) and answers(it).get(address) == status, WAIT_SECONDS)
        it = known(uid)
        suite.equal(it and answers(it).get(address), status, what)

    people = f"ORGANIZER:mailto:{me}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{me}\n"
    people += f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{guest}\nATTENDEE;CUTYPE=RESOURCE;RSVP=TRUE:mailto:{room}"
    made = component(event("plans", "Plans", "20270401T090000Z", "20270401T100000Z", people), "VEVENT")
    attempt(suite, "invite a person and a room", lambda: client.create_object_sync(made, NONE, None))
    # A client that is just connecting keeps what is new until its next refresh.
    until(lambda: known("plans") and held_by(other, theirs, "UID:plans", 0), WAIT_SECONDS)
    invitation = held_by(other, theirs, "UID:plans")
    suite.check(invitation, "the person has the invitation", other.files(theirs))
    sees("plans", room, "ACCEPTED", "the room has accepted, as the client sees it")
    place = next((name for name, body in other.files(theirs).items() if b"UID:plans" in body), theirs + "none.ics")
    accepted = "\r\n".join(
        line.replace("NEEDS-ACTION", "ACCEPTED") if guest in line else line
        for line in invitation.decode().replace("\r\n ", "").split("\r\n")
    )
    suite.equal(other.put(place, accepted, "text/calendar").status, 204, "the person accepts")
    sees("plans", guest, "ACCEPTED", "the client sees it")
    day = 1806537600  # 2027-04-01, UTC
    busy = attempt(
        suite, "ask for the time of both", lambda: client.get_free_busy_sync(day, day + 86400, [guest, room], None)
    )
    told = [it.get_as_string() for it in (busy or [None, []])[1]]
    suite.equal(sum("20270401T090000Z" in it for it in told), 2, "both are busy then")
    moved = known("plans")
    moved.set_dtstart(ICalGLib.Time.new_from_string("20270401T130000Z"))
    moved.set_dtend(ICalGLib.Time.new_from_string("20270401T140000Z"))
    attempt(suite, "move the meeting", lambda: client.modify_object_sync(moved, ALL, NONE, None))
    suite.check(held_by(other, theirs, "DTSTART:20270401T130000Z"), "the person has the new hour")
    sees("plans", guest, "NEEDS-ACTION", "and is asked anew")
    attempt(suite, "cancel the meeting", lambda: client.remove_object_sync("plans", None, ALL, NONE, None))
    over = lambda: b"STATUS:CANCELLED" in held_by(other, theirs, "UID:plans", 0) or not held_by(other, theirs, "UID:plans", 0)
    suite.check(until(over, 10), "the person is told")

    people = f"ORGANIZER:mailto:{guest}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{guest}\nATTENDEE;RSVP=TRUE:mailto:{me}"
    other.put(theirs + "asked.ics", event("asked", "Asked", "20270402T090000Z", "20270402T100000Z", people), "text/calendar")
    suite.check(until(lambda: known("asked"), WAIT_SECONDS), "an invitation comes to the client")
    invited = ICalGLib.Component.new_from_string(known("asked").as_ical_string())
    own = invited.get_first_property(ICalGLib.PropertyKind.ATTENDEE_PROPERTY)
    while own and me not in own.get_attendee():
        own = invited.get_next_property(ICalGLib.PropertyKind.ATTENDEE_PROPERTY)
    own.remove_parameter_by_kind(ICalGLib.ParameterKind.PARTSTAT_PARAMETER)
    own.set_parameter(ICalGLib.Parameter.new_partstat(ICalGLib.ParameterPartstat.DECLINED))
    attempt(suite, "decline it", lambda: client.modify_object_sync(invited, ALL, NONE, None))
    declined = lambda: answers(held_by(other, theirs, "UID:asked", 0)).get(me) == "DECLINED"
    suite.check(until(declined, 10), "the organizer is told")
    other.delete(theirs + "asked.ics")


def held_by(other, path, word, seconds=10):
    """The octets of what someone else's calendar holds, once it does."""
    look = lambda: next((data for data in other.files(path).values() if word.encode() in data.replace(b"\r\n ", b"")), b"")
    return until(look, seconds) or b""


def contacts(session, path):
    suite, subject = session.suite, session.subject
    source = session.source("Address Book", path)
    if not suite.check(source, "the address book is found as a source", session.rejected):
        return
    client = EBook.BookClient.connect_sync(source, WAIT_SECONDS, None)
    suite.check(until(lambda: client.is_online() and not client.is_readonly(), 10), "it opens for writing (contacts)")

    def seen(uid):
        client.refresh_sync(None)
        try:
            return client.get_contact_sync(uid, None)[1].get_property("full-name")
        except GLib.Error:
            return None

    suite.equal(until(lambda: seen("before"), WAIT_SECONDS), "Before Card", "a contact that was there is fetched")
    made = EBookContacts.Contact.new_from_vcard(card("mine", "Ann Example"))
    attempt(suite, "create a contact", lambda: client.add_contact_sync(made, 0, None))
    server_holds(session, path, "FN:Ann Example", "the new contact is on the server")
    known = client.get_contact_sync("mine", None)[1]
    known.set_property("full-name", "Ann Changed")
    attempt(suite, "change a contact", lambda: client.modify_contact_sync(known, 0, None))
    server_holds(session, path, "FN:Ann Changed", "the changed contact is on the server")
    subject.put(path + "theirs.vcf", card("theirs", "Theirs Card"), "text/vcard")
    suite.equal(until(lambda: seen("theirs"), WAIT_SECONDS), "Theirs Card", "another writer's contact is seen")
    subject.put(path + "rich.vcf", rich_card("rich"), "text/vcard")
    suite.equal(until(lambda: seen("rich"), WAIT_SECONDS), "Rich Card", "a contact with a picture is fetched")
    known = client.get_contact_sync("rich", None)[1]
    suite.check(known.get_property("photo"), "the client sees the picture")
    known.set_property("full-name", "Rich Changed")
    attempt(suite, "change its name", lambda: client.modify_contact_sync(known, 0, None))
    suite.equal(lost(held(session, path, "FN:Rich Changed"), OF_RICH_CARD), [], "nothing of the contact is lost by that")
    subject.put(path + "team.vcf", group_card("team", "Team Example", "rich", "theirs"), "text/vcard")
    suite.equal(until(lambda: seen("team"), WAIT_SECONDS), "Team Example", "a group of contacts is fetched")
    known = client.get_contact_sync("team", None)[1]
    known.set_property("full-name", "Team Changed")
    attempt(suite, "change the group's name", lambda: client.modify_contact_sync(known, 0, None))
    group = held(session, path, "FN:Team Changed")
    suite.check(b"MEMBER:urn:uuid:rich" in group and b"MEMBER:urn:uuid:theirs" in group, "its members stay in it", group)
    attempt(suite, "delete a contact", lambda: client.remove_contact_by_uid_sync("mine", 0, None))
    gone = lambda: not any(b"UID:mine" in data for data in subject.files(path).values())
    suite.check(until(gone, 10), "the deleted contact is gone from the server")


def body(suite):
    subject = Subject()
    calendar = subject.make("C:calendar", title="Evolution events", components=["VEVENT"])
    tasks = subject.make("C:calendar", title="Evolution tasks", components=["VTODO"])
    book = subject.make("R:addressbook", title="Evolution people")
    subject.put(calendar + "before.ics", event("before", "Before"), "text/calendar")
    subject.put(tasks + "before.ics", todo("before", "Before"), "text/calendar")
    subject.put(book + "before.vcf", card("before", "Before Card"), "text/vcard")
    session = Session(suite, subject)
    session.discover([calendar, tasks, book])
    session.add_account()
    incidences(session, "Calendar", "VEVENT", calendar, event)
    incidences(session, "Task List", "VTODO", tasks, todo)
    meeting(session, subject.default_calendar())
    contacts(session, book)


Suite("evolution").run(body, lambda: None)
