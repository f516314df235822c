"""A small HTTP and WebDAV client, standard library only, and the subject under test.

It is the second witness of every suite: what a client claims to have done is
looked up here by plain HTTP. Paths are kept as the server writes them, so a
caller never has to guess how a name is escaped. Redirects are not followed
unless a caller asks. Standards: RFC 9110, RFC 4918, RFC 4791, RFC 6352.
"""

import atexit
import base64
import gzip
import http.client
import os
import ssl
import uuid
import zlib
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACES = {
    "D": "DAV:",
    "C": "urn:ietf:params:xml:ns:caldav",
    "R": "urn:ietf:params:xml:ns:carddav",
    "S": "http://calendarserver.org/ns/",
    "I": "http://apple.com/ns/ical/",
}
TIMEOUT_SECONDS = 60


def clark(name):
    """`D:href` as `{DAV:}href`, the form ElementTree uses."""
    prefix, _, local = name.partition(":")
    return "{%s}%s" % (NAMESPACES[prefix], local)


class Answer:
    """One HTTP answer: status, headers (names case-insensitive) and the decoded body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """Every value of the header joined by commas; empty when absent."""
        return ", ".join(self.headers.get_all(name) or [])

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def xml(self):
        """The body as an element, or None when it is no XML."""
        try:
            return ElementTree.fromstring(self.body)
        except ElementTree.ParseError:
            return None

    def responses(self):
        """A multistatus as a list of `Response`."""
        root = self.xml()
        if root is None or root.tag != clark("D:multistatus"):
            return []
        return [Response(node) for node in root.findall(clark("D:response"))]


class Response:
    """One DAV:response: `path`, `status` (its own, or 0) and `props` by name, those of status 200 only."""

    def __init__(self, node):
        self.path = urlsplit(node.findtext(clark("D:href"), "").strip()).path
        self.status = _code(node.findtext(clark("D:status")))
        self.props, self.refused = {}, {}
        for propstat in node.findall(clark("D:propstat")):
            code = _code(propstat.findtext(clark("D:status")))
            for prop in propstat.find(clark("D:prop")) or ():
                if code == 200:
                    self.props[prop.tag] = prop
                else:
                    self.refused[prop.tag] = code

    def prop(self, name):
        """The property's element, or None."""
        return self.props.get(clark(name))

    def text(self, name):
        """The property's own text, stripped; empty when absent."""
        node = self.prop(name)
        return "" if node is None else (node.text or "").strip()

    def hrefs(self, name):
        """The DAV:href values within the property."""
        node = self.prop(name)
        found = [] if node is None else node.findall(clark("D:href"))
        return [(href.text or "").strip() for href in found]

    def kinds(self):
        """The names within DAV:resourcetype."""
        node = self.prop("D:resourcetype")
        return set() if node is None else {child.tag for child in node}


def _code(line):
    """The number in an HTTP status line, 0 when there is none."""
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def same_path(one, other):
    """Whether two paths name one resource: percent-encoding and a final slash do not count."""
    return unquote(one).rstrip("/") == unquote(other).rstrip("/")


class Client:
    """Requests to one server with Basic credentials, a new connection each."""

    def __init__(self, url, user, password):
        self.url, self.user, self.password = url.rstrip("/"), user, password
        self.base = urlsplit(self.url)
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.basic = token

    def absolute(self, path):
        """The URL of a path on this server."""
        return f"{self.base.scheme}://{self.base.netloc}{path}"

    def request(self, method, path, body=None, headers=None, auth=True, raw=False):
        """Sends one request. `raw` adds nothing but Host and Content-Length to `headers`."""
        plain = self.base.scheme != "https"
        if plain:
            link = http.client.HTTPConnection(self.base.netloc, timeout=TIMEOUT_SECONDS)
        else:
            link = http.client.HTTPSConnection(
                self.base.netloc, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        if isinstance(body, str):
            body = body.encode()
        link.putrequest(method, path, skip_accept_encoding=True)
        sent = dict(headers or {})
        if auth and not raw:
            sent.setdefault("Authorization", "Basic " + self.basic)
        if body is not None or method in ("PUT", "POST", "PROPPATCH", "REPORT", "MKCALENDAR"):
            sent["Content-Length"] = str(len(body or b""))
        for name, value in sent.items():
            link.putheader(name, value)
        link.endheaders(body)
        got = link.getresponse()
        data = got.read()
        link.close()
        coding = (got.getheader("Content-Encoding") or "").lower()
        if coding == "gzip":
            data = gzip.decompress(data)
        elif coding == "deflate":
            data = zlib.decompress(data)
        return Answer(got.status, got.headers, data)

    def get(self, path):
        return self.request("GET", path)

    def put(self, path, body, content_type="application/octet-stream", **headers):
        """PUT; keyword `If_Match` becomes the header `If-Match`."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("PUT", path, body, {"Content-Type": content_type, **extra})

    def delete(self, path):
        return self.request("DELETE", path)

    def propfind(self, path, names, depth=0, auth=True):
        """PROPFIND of the named properties; the answer."""
        return self.request("PROPFIND", path, propfind_body(names), {"Depth": str(depth), **XML}, auth)

    def report(self, path, body, depth=1):
        return self.request("REPORT", path, body, {"Depth": str(depth), **XML})

    def properties(self, path, names):
        """The `Response` for `path` itself, following redirects; None when it cannot be had."""
        for _ in range(4):
            got = self.propfind(path, names)
            if got.status not in (301, 302, 303, 307, 308):
                break
            path = urlsplit(urljoin(self.absolute(path), got.header("Location"))).path
        found = got.responses()
        return found[0] if found else None

    def members(self, path, names=("D:getetag", "D:resourcetype")):
        """The `Response` of each direct member of a collection."""
        found = self.propfind(path, names, depth=1).responses()
        return [item for item in found if not same_path(item.path, path)]

    def files(self, path):
        """The members that are not collections: path to body."""
        collection = clark("D:collection")
        paths = [item.path for item in self.members(path) if collection not in item.kinds()]
        return {name: self.get(name).body for name in paths}


XML = {"Content-Type": 'application/xml; charset="utf-8"'}


def propfind_body(names):
    """A PROPFIND body that asks for the named properties."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return f"<D:propfind {declared}><D:prop>{''.join(f'<{name}/>' for name in names)}</D:prop></D:propfind>"


class Subject(Client):
    """The server under test and the account's places on it, from the environment or discovered.

    `user` names another account, which has the same password.
    """

    def __init__(self, user=None):
        missing = [name for name in ("SUBJECT_URL", "SUBJECT_USER", "SUBJECT_PASSWORD") if not os.environ.get(name)]
        if missing:
            raise SystemExit("set " + ", ".join(missing) + " (or use conformance/run)")
        super().__init__(os.environ["SUBJECT_URL"], user or os.environ["SUBJECT_USER"], os.environ["SUBJECT_PASSWORD"])
        self.made = []
        atexit.register(self.tidy)

    def principal(self):
        """The path of the account's principal (RFC 5397), through `/` or well-known."""
        for start in (self.base.path or "/", "/.well-known/caldav", "/.well-known/carddav"):
            found = self.properties(start, ["D:current-user-principal"])
            hrefs = found.hrefs("D:current-user-principal") if found else []
            if hrefs:
                return self._path(hrefs[0])
        raise SystemExit("the subject names no current-user-principal")

    def home(self, kind):
        """The calendar (`C:calendar`) or address book (`R:addressbook`) home."""
        name = kind + "-home-set"
        found = self.properties(self.principal(), [name])
        hrefs = found.hrefs(name) if found else []
        if not hrefs:
            raise SystemExit(f"the principal has no {name}")
        return self._path(hrefs[0])

    def default_calendar(self):
        """Where invitations arrive (RFC 6638 §9.2)."""
        inbox = self.properties(self.principal(), ["C:schedule-inbox-URL"]).hrefs("C:schedule-inbox-URL")
        found = self.properties(self._path(inbox[0]), ["C:schedule-default-calendar-URL"]) if inbox else None
        hrefs = found.hrefs("C:schedule-default-calendar-URL") if found else []
        if not hrefs:
            raise SystemExit(f"{self.user} has no default calendar for invitations")
        return self._path(hrefs[0])

    def _path(self, href):
        path = urlsplit(urljoin(self.url + "/", href)).path
        return path if path.endswith("/") else path + "/"

    def make(self, kind, name=None, title="Conformance", components=None):
        """Makes a calendar (MKCALENDAR, RFC 4791 §5.3.1) or an address book (extended MKCOL, RFC 5689)."""
        path = self.home(kind) + (name or "c-" + uuid.uuid4().hex[:12]) + "/"
        body, method = _make_body(kind, title, components)
        got = self.request(method, path, body, XML)
        if got.status != 201:
            raise SystemExit(f"{method} {path} answered {got.status}: {got.text[:200]}")
        self.made.append(path)
        return path

    def files_home(self):
        """A collection for plain files: SUBJECT_FILES, else the first likely path that exists.

        As a user types it, `@` bare: neon's clients (cadaver, davfs2, litmus)
        send it so and compare the hrefs of the answer letter by letter, so a
        server that writes `%40` is no collection to them.
        """
        if os.environ.get("SUBJECT_FILES"):
            return os.environ["SUBJECT_FILES"]
        user = quote(self.user, safe="@")
        for path in (f"/dav/files/{user}/", f"/files/{user}/", "/files/", self.base.path or "/"):
            found = self.propfind(path, ["D:resourcetype"]).responses()
            if found and clark("D:collection") in found[0].kinds():
                return path
        raise SystemExit("no collection for files found; set SUBJECT_FILES")

    def folder(self, name):
        """A fresh plain collection under the files home."""
        path = f"{self.files_home()}{name}-{uuid.uuid4().hex[:8]}/"
        got = self.request("MKCOL", path)
        if got.status != 201:
            raise SystemExit(f"MKCOL {path} answered {got.status}")
        self.made.append(path)
        return path

    def tidy(self):
        """Removes what `make` and `folder` made; runs by itself at exit."""
        while self.made:
            try:
                self.delete(self.made.pop())
            except OSError:
                return  # the server is gone, which some check has said already


def _make_body(kind, title, components):
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    props = f"<D:displayname>{escape(title)}</D:displayname>"
    if components:
        listed = "".join(f'<C:comp name="{name}"/>' for name in components)
        props += f"<C:supported-calendar-component-set>{listed}</C:supported-calendar-component-set>"
    if kind == "C:calendar":
        return f"<C:mkcalendar {declared}><D:set><D:prop>{props}</D:prop></D:set></C:mkcalendar>", "MKCALENDAR"
    props += f"<D:resourcetype><D:collection/><{kind}/></D:resourcetype>"
    return f"<D:mkcol {declared}><D:set><D:prop>{props}</D:prop></D:set></D:mkcol>", "MKCOL"
