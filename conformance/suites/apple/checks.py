"""The checks that expect.tsv names. Each takes the run, the answer and a value; it returns why not, or "".

`D:`, `C:`, `R:`, `S:` and `I:` are the namespace prefixes of lib/dav.py.
"""

import time
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

from dav import Response, clark, same_path
from samples import unfolded


def _own(replay, got):
    """The response about the request's own target."""
    found = got.responses()
    own = [item for item in found if same_path(item.path, got.target)]
    return own[0] if own else found[0] if len(found) == 1 else None


def _of(got, path):
    for item in got.responses():
        if same_path(item.path, path):
            return item
    return None


def _filled(node):
    return node is not None and (len(node) > 0 or bool((node.text or "").strip()))


def _absent(item, names):
    missing = [name for name in names.split(",") if not _filled(item.prop(name))]
    return f"{item.path} lacks {missing}" if missing else ""


def prop(replay, got, value):
    own = _own(replay, got)
    return _absent(own, value) if own else "no response about the target"


def redirect(replay, got, value):
    """A redirect must lead, in one step and on this server, to an answer with the property."""
    if got.status == 404:
        return ""
    if got.status != 207:
        to = urlsplit(urljoin(replay.subject.absolute(got.target), got.header("Location")))
        base = replay.subject.base
        if (to.scheme, to.netloc) != (base.scheme, base.netloc):
            return f"leaves the server: {to.geturl()}"
        got = replay.subject.propfind(to.path, value.split(","))
        if got.status != 207:
            return f"{to.path} answers {got.status}"
    found = got.responses()
    return _absent(found[0], value) if found else "no response"


def challenge(replay, got, value):
    if got.status != 401:
        return ""
    return "" if got.header("WWW-Authenticate").lower().startswith("basic realm=") else got.header("WWW-Authenticate")


def _tokens(got, header, value):
    has = {token.strip() for token in got.header(header).split(",")}
    missing = [token for token in value.split(",") if token not in has]
    return f"{header} lacks {missing}: {sorted(has)}" if missing else ""


def dav(replay, got, value):
    return _tokens(got, "DAV", value)


def allow(replay, got, value):
    return _tokens(got, "Allow", value)


def one_href(replay, got, value):
    own = _own(replay, got)
    hrefs = own.hrefs(value) if own else []
    return "" if len(hrefs) == 1 else f"{hrefs}"


def mailto(replay, got, value):
    own = _own(replay, got)
    hrefs = own.hrefs(value) if own else []
    return "" if any(href.lower().startswith("mailto:") for href in hrefs) else f"{hrefs}"


def slash(replay, got, value):
    own = _own(replay, got)
    return "" if own and own.path.endswith("/") else "the href has no final slash"


def root(replay, got, value):
    node = got.xml()
    return "" if node is not None and node.tag == clark(value) else got.text[:100]


def body(replay, got, value):
    """Words of the answer; letter case aside, for names of properties have none (RFC 5545 §2, RFC 6350 §3.3)."""
    text = got.text.replace("\r\n", "\n").replace("\n ", "").lower()
    missing = [word for word in value.split(",") if word.lower() not in text]
    return f"not in the answer: {missing}" if missing else ""


def member(replay, got, value):
    path, _, names = value.partition(":")
    item = _of(got, path)
    return _absent(item, names) if item else f"{path} is not in the answer"


def self_(replay, got, value):
    return "" if _of(got, got.target) else "the collection itself is not in the answer"


def _reports(item, names):
    node = item.prop("D:supported-report-set") if item else None
    has = {child.tag.split("}")[1] for child in node.iter()} if node is not None else set()
    missing = [name for name in names.split(",") if name not in has]
    return f"supported-report-set lacks {missing}" if missing else ""


def reports(replay, got, value):
    return _reports(_own(replay, got), value)


def reports_of(replay, got, value):
    path, _, names = value.partition(":")
    return _reports(_of(got, path), names)


def token(replay, got, value):
    if got.status == 403:
        return body(replay, got, "valid-sync-token")
    node = got.xml()
    return "" if node is not None and (node.findtext(clark("D:sync-token")) or "").strip() else "no DAV:sync-token"


def patched(replay, got, value):
    """The answer says 200, and the value sent comes back unchanged."""
    own = _own(replay, got)
    if own is None or own.prop(value) is None:
        return f"not 200: {own.refused if own else got.text[:200]}"
    sent = Response(_as_response(got.sent)).prop(value)
    kept = replay.subject.properties(got.target, [value])
    kept = kept.prop(value) if kept else None
    if kept is None:
        return "not returned afterwards"
    if _shape(sent) != _shape(kept):
        return f"sent {_shape(sent)}, returned {_shape(kept)}"
    return ""


def _as_response(text):
    """A propertyupdate's properties in the form of a DAV:response of status 200."""
    update = ElementTree.fromstring(text.encode())
    node = ElementTree.Element(clark("D:response"))
    propstat = ElementTree.SubElement(node, clark("D:propstat"))
    propstat.append(update.find(f".//{clark('D:prop')}"))
    ElementTree.SubElement(propstat, clark("D:status")).text = "HTTP/1.1 200 OK"
    return node


def _shape(node):
    """Text (line ends aside) and child names: what a client would read."""
    text = (node.text or "").replace("\r\n", "\n").strip()
    return text, [(child.tag, (child.text or "").strip()) for child in node]


def kept(replay, got, value):
    item = replay.subject.properties(got.target, ["I:calendar-color"])
    node = item.prop("I:calendar-color") if item else None
    return "" if node is not None and node.get(value) else f"the attribute {value} is lost"


def _objects(got):
    return [item for item in got.responses() if not item.path.endswith("/") and item.status in (0, 200)]


def etags(replay, got, value):
    wrong = [item.path for item in _objects(got) if not item.text("D:getetag").startswith('"')]
    return f"no strong entity tag: {wrong}" if wrong or not _objects(got) else ""


def type_(replay, got, value):
    wrong = [item.path for item in _objects(got) if not item.text("D:getcontenttype").startswith(value)]
    return f"another content type: {wrong}" if wrong else ""


def none_gone(replay, got, value):
    gone = [item.path for item in got.responses() if item.status == 404]
    return f"removed members on an empty token: {gone}" if gone else ""


def hrefs(replay, got, value):
    return "" if len(got.responses()) == int(value) else f"{[item.path for item in got.responses()]}"


def status(replay, got, value):
    path, _, code = value.rpartition(":")
    item = _of(got, path)
    return "" if item and item.status == int(code) else f"{path}: {item.status if item else 'absent'}"


def lists(replay, got, value):
    return "" if _of(got, value) else f"{value} is not listed"


def omits(replay, got, value):
    return f"{value} is listed" if _of(got, value) else ""


def same(replay, got, value):
    """An ETag on a PUT promises the very octets (RFC 4791 §5.3.4)."""
    now = replay.subject.get(got.target)
    if now.status != 200:
        return f"GET answers {now.status}"
    if got.header("ETag"):
        if not got.header("ETag").startswith('"'):
            return f"no strong entity tag: {got.header('ETag')}"
        if now.body != got.sent.encode():
            return "an ETag was given although the octets stored differ"
    return "" if unfolded(now.body) == unfolded(got.sent) else "the content differs"


def empty(replay, got, value):
    return "" if not got.body else "a body on 204"


def unchanged(replay, got, value):
    return "" if b"SEQUENCE:1" in replay.subject.get(got.target).body else "the refused write was stored"


def has_etag(replay, got, value):
    return "" if got.header("ETag").startswith('"') else f"ETag: {got.header('ETag')}"


def gone(replay, got, value):
    code = replay.subject.get(got.target).status
    return "" if code == 404 else f"GET answers {code}"


def stored(replay, got, value):
    return body(replay, replay.subject.get(got.target), value)


def components(replay, got, value):
    item = replay.subject.properties(got.target, ["C:supported-calendar-component-set"])
    node = item.prop("C:supported-calendar-component-set") if item else None
    names = sorted(comp.get("name") for comp in node) if node is not None else []
    return "" if names == value.split(",") else f"{names}"


def made(replay, got, value):
    replay.subject.made.append(got.target)
    item = replay.subject.properties(got.target, ["D:resourcetype"])
    kinds = item.kinds() if item else set()
    return "" if clark(value) in kinds else f"resourcetype is {sorted(kinds)}"


def source(replay, got, value):
    item = replay.subject.properties(got.target, ["S:source"])
    return "" if item and item.hrefs("S:source") else "no href in CS:source"


def has(replay, got, value):
    return "" if got.header(value) else f"no {value}"


def delivered(replay, got, value):
    """The invitation is in the attendee's calendar."""
    replay.invited()
    return "" if replay.values["attendee_event"] else f"nothing in {replay.values['attendee_calendar']}"


def answered(replay, got, value):
    """The organizer's copy says that everybody comes."""
    for _ in range(100):
        text = "\n".join(unfolded(replay.subject.get(value).body))
        if text.count("PARTSTAT=ACCEPTED") == 2:
            return ""
        time.sleep(0.1)
    return text


def free_busy(replay, got, value):
    """The answer about one recipient: success, and his times."""
    for item in got.xml().iter(clark("C:response")):
        if (item.findtext(f"{clark('C:recipient')}/{clark('D:href')}") or "").lower() == f"mailto:{value}".lower():
            code, data = item.findtext(clark("C:request-status")), item.findtext(clark("C:calendar-data")) or ""
            good = (code or "").startswith("2.0") and "METHOD:REPLY" in data and "VFREEBUSY" in data
            return "" if good else f"{code}: {data}"
    return "not in the answer"


def attached(replay, got, value):
    return body(replay, replay.subject.get(value), "MANAGED-ID=")


def _is_invited(replay, got, value):
    item = replay.subject.properties(got.target, ["S:invite"])
    node = item.prop("S:invite") if item else None
    hrefs = [it.text or "" for it in node.iter(clark("D:href"))] if node is not None else []
    return any(value.lower() in href.lower() for href in hrefs)


def invited(replay, got, value):
    return "" if _is_invited(replay, got, value) else f"CS:invite lacks {value}"


def uninvited(replay, got, value):
    return f"CS:invite has {value}" if _is_invited(replay, got, value) else ""


def leads(replay, got, value):
    """The href in the answer is a collection of this kind."""
    href = got.xml().findtext(clark("D:href")) or ""
    item = replay.subject.properties(urlsplit(urljoin(replay.subject.url + "/", href)).path, ["D:resourcetype"])
    return "" if item and clark(value) in item.kinds() else f"{href}: {sorted(item.kinds()) if item else 'nothing'}"


CHECKS = {
    name.rstrip("_").replace("_", "-"): function
    for name, function in list(globals().items())
    if callable(function) and getattr(function, "__module__", None) == __name__ and not name.startswith("_")
}
