"""Calendar objects and cards the suites write, with CRLF ends (RFC 5545 §3.1, RFC 6350 §3.2)."""


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


def unfolded(data):
    """The content lines of an object, unfolded and sorted: equal for equal content in another order or fold."""
    text = data.decode() if isinstance(data, bytes) else data
    return sorted(text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "").split("\n"))
