"""python-caldav: discovery, calendars, events, tasks, sync by token, search, deletion."""

import datetime
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib"))
import caldav
from caldav.lib import error
from dav import Subject, clark, same_path
from samples import calendar_object, event
from suite import Suite

UTC = datetime.timezone.utc
EXCEPTION = """BEGIN:VEVENT
UID:series
DTSTAMP:20270101T000000Z
DTSTART:20270301T110000Z
DTEND:20270301T120000Z
RRULE:FREQ=DAILY;COUNT=5
SUMMARY:Series
END:VEVENT
BEGIN:VEVENT
UID:series
RECURRENCE-ID:20270302T110000Z
DTSTAMP:20270101T000000Z
DTSTART:20270302T130000Z
DTEND:20270302T140000Z
SUMMARY:Series moved
END:VEVENT"""


def day(number, hour=0):
    return datetime.datetime(2027, 3, number, hour, tzinfo=UTC)


def summaries(found):
    return sorted(str(item.icalendar_component.get("summary")) for item in found)


def discover(suite, subject):
    client = caldav.DAVClient(url=subject.url + "/", username=subject.user, password=subject.password)
    principal = client.principal()
    suite.check(same_path(principal.url.path, subject.principal()), "the principal is found", principal.url)
    calendar = principal.make_calendar(name="Made by python-caldav", cal_id="python-caldav")
    known = subject.properties(calendar.url.path, ["D:resourcetype", "D:displayname"])
    suite.check(known and clark("C:calendar") in known.kinds(), "make_calendar makes a calendar")
    suite.equal(known and known.text("D:displayname"), "Made by python-caldav", "its name is kept")
    listed = [item for item in principal.get_calendars() if same_path(item.url.path, calendar.url.path)]
    suite.equal(len(listed), 1, "the new calendar is listed")
    return calendar


def write(suite, subject, calendar):
    one = calendar.add_event(event("one"))
    calendar.add_event(calendar_object(EXCEPTION))
    task = calendar.add_todo(summary="Task", due=day(5))
    suite.equal(len(subject.members(calendar.url.path)), 3, "three objects are on the server")
    suite.check(b"SUMMARY:One" in subject.get(one.url.path).body, "the event is stored")
    synced = calendar.get_objects_by_sync_token()
    suite.equal(len(list(synced)), 3, "the first sync report lists three")
    with one.edit_icalendar_component() as component:
        component["SUMMARY"] = "One changed"
    one.save()
    suite.check(b"SUMMARY:One changed" in subject.get(one.url.path).body, "an edit is stored")
    task.complete()
    suite.check(b"STATUS:COMPLETED" in subject.get(task.url.path).body, "a task is completed")
    updated, deleted = synced.sync()
    suite.equal((len(list(updated)), len(list(deleted))), (2, 0), "sync by token: changed, deleted")
    return one, synced


def search(suite, calendar):
    found = calendar.search(start=day(2), end=day(3), event=True)
    suite.equal(len(found), 1, "search by time: one object in the range")
    found = calendar.search(start=day(2), end=day(3), event=True, expand=True)
    suite.equal(summaries(found), ["Series moved"], "search by time, expanded by the client")
    suite.equal(calendar.search(start=day(20), end=day(21), event=True), [], "search by time: nothing outside")
    suite.equal(len(calendar.search(todo=True, include_completed=True)), 1, "search for tasks")
    # The library asks for a day more at both ends, and cuts back only what does not recur.
    wanted = ["Series", "Series", "Series moved"]
    found = calendar.search(start=day(2), end=day(3), event=True, server_expand=True)
    suite.equal(all_summaries(found), wanted, "search by time, expanded by the server")
    found = summaries(calendar.search(event=True, summary="changed"))
    suite.equal(found, ["One changed"], "search by text")
    suite.equal(len(calendar.search(todo=True)), 0, "search for pending tasks")
    suite.check(calendar.get_event_by_uid("series"), "an event is found by UID")
    busy = str(calendar.freebusy_request(day(1), day(3)).data)
    suite.check("20270301T090000Z" in busy, "free-busy names the event")


def all_summaries(found):
    return sorted(str(c.get("summary")) for item in found for c in item.icalendar_instance.walk("VEVENT"))


def remove(suite, subject, calendar, one, synced):
    one.delete()
    suite.equal(subject.get(one.url.path).status, 404, "a deleted event is gone")
    updated, deleted = synced.sync()
    suite.equal((len(list(updated)), len(list(deleted))), (0, 1), "sync by token: changed, deleted")
    calendar.delete()
    suite.equal(subject.propfind(calendar.url.path, ["D:resourcetype"]).status, 404, "a deleted calendar is gone")


def body(suite):
    subject = Subject()
    subject.delete(subject.home("C:calendar") + "python-caldav/")  # of a run that was cut short
    calendar = discover(suite, subject)
    one, synced = write(suite, subject, calendar)
    search(suite, calendar)
    remove(suite, subject, calendar, one, synced)


Suite("caldav").run(body, lambda: None)
