"""Calendar objects and cards the suites write, with CRLF ends (RFC 5545 §3.1, RFC 6350 §3.2)."""

import base64


def _lines(text):
    return "".join(line + "\r\n" for line in text.strip().splitlines())


def calendar_object(component):
    """A VCALENDAR around the lines of one or more components."""
    return _lines(f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Davenport//conformance//EN\n{component.strip()}\nEND:VCALENDAR")


def event(uid, summary="One", start="20270301T090000Z", end="20270301T100000Z", extra=""):
    """A VEVENT object; `extra` is whole lines."""
    return calendar_object(
        f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20270101T000000Z\nDTSTART:{start}\nDTEND:{end}\n"
        f"SUMMARY:{summary}\n{extra + chr(10) if extra else ''}END:VEVENT"
    )


def todo(uid, summary="Todo", extra="STATUS:NEEDS-ACTION"):
    """A VTODO object without dates."""
    return calendar_object(f"BEGIN:VTODO\nUID:{uid}\nDTSTAMP:20270101T000000Z\nSUMMARY:{summary}\n{extra}\nEND:VTODO")


def card(uid, name="Ann Example"):
    """A vCard 3.0."""
    first, _, last = name.partition(" ")
    return _lines(f"BEGIN:VCARD\nVERSION:3.0\nUID:{uid}\nFN:{name}\nN:{last};{first};;;\nEND:VCARD")


# Some octets that are neither text nor short, and a picture of one point, which programs decode.
ATTACHMENT = base64.b64encode(bytes(range(256)) * 12).decode()
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def rich_event(uid, summary="Rich"):
    """A VEVENT with what programs lose first: an alarm, an attachment and a link, categories, a property of nobody's."""
    return event(
        uid,
        summary,
        extra="CATEGORIES:Work,Travel\nX-CONFORMANCE:kept\nATTACH:https://example.org/agenda.pdf\n"
        f"ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=application/octet-stream;FILENAME=a.bin:{ATTACHMENT}\n"
        "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Soon\nTRIGGER:-PT25M\nEND:VALARM",
    )


def rich_card(uid, name="Rich Card"):
    """A vCard 3.0 with a picture, labels and categories."""
    more = (
        f"PHOTO;ENCODING=b;TYPE=PNG:{PICTURE}\nTEL;TYPE=CELL:+46701234567\nitem1.URL:https://example.org/\n"
        "item1.X-ABLabel:Blog\nCATEGORIES:Friends,Work\nX-CONFORMANCE:kept"
    )
    return card(uid, name).replace("END:VCARD", _lines(more) + "END:VCARD")


def group_card(uid, name, *members):
    """A group of cards as Apple's programs write it; others must not lose who is in it."""
    of = "".join(f"X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:{member}\r\n" for member in members)
    return card(uid, name).replace("END:VCARD", f"X-ADDRESSBOOKSERVER-KIND:group\r\n{of}END:VCARD")


# What must still be there after a program has changed another thing: words of the unfolded lines.
OF_RICH_EVENT = {
    "the alarm": ("BEGIN:VALARM", "TRIGGER", "-PT25M"),
    "the attachment": (ATTACHMENT,),
    "the link": ("https://example.org/agenda.pdf",),
    "the categories": ("Work", "Travel"),
    "an unknown property": ("X-CONFORMANCE:kept",),
}
OF_RICH_CARD = {
    "the picture": (PICTURE,),
    "the telephone": ("+46701234567",),
    "the link": ("https://example.org/",),
    "the categories": ("Friends", "Work"),
    "an unknown property": ("X-CONFORMANCE:kept",),
}


def lost(data, marks, but=()):
    """Which of the marks an object has not, leaving out those that a program is known to drop."""
    text = "\n".join(unfolded(data))
    return [what for what, words in marks.items() if what not in but and not all(word in text for word in words)]


def unfolded(data):
    """The content lines of an object, unfolded and sorted: equal for equal content in another order or fold."""
    text = data.decode() if isinstance(data, bytes) else data
    return sorted(text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "").split("\n"))
