"""Somebody who opens every page that they can, and sends anything to what they find there."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote_plus, urljoin, urlsplit

from werkzeug.exceptions import HTTPException

from tests.support.absurd_input import NO_SOUND

CPU_SECONDS = 3.0
"""What one answer may cost of a core, however busy the machine is."""

COOKIE = "__Host-console"
EXAMPLES = {
    "language": "en-US",
    "key": "option_callback",
    "name": "week",
    "scheme": "dark",
    "form": "csv",
    "filename": "console.css",
}
"""What stands for a part of an address, if it is not an id: the first row of each kind is there."""


@dataclass
class Form:
    """A form of a page: where it goes, its fields with values that could be right, and the cookie it was shown with."""

    action: str
    method: str
    fields: dict[str, object] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    cookie: str = ""

    @property
    def names(self) -> list[str]:
        """A field of each shape: seven days have the same ones."""
        names = {shape(name): name for name in self.fields if name != "csrf_token"}
        return list(names.values())

    def filled(self, changes: Mapping[str, object]) -> dict[str, object]:
        """What a browser would send, with these changes."""
        files = {name for name, kind in self.kinds.items() if kind == "file"}
        sent = {**self.fields, **dict.fromkeys(files, NO_SOUND), **changes}
        return {name: as_file(value) if name in files else value for name, value in sent.items()}


def as_file(value: object) -> object:
    """Bytes as an uploaded file."""
    return (io.BytesIO(value), "file.wav") if isinstance(value, bytes) else value


quoted = lru_cache(maxsize=1000)(quote_plus)
"""A text or bytes as a form has them; a long one takes long, and is sent in every field."""


def as_sent(fields: Mapping[str, object]) -> dict[str, object]:
    """What a test client posts: a form without files as it goes over the line, one with files as it is."""
    if any(isinstance(value, tuple) for value in fields.values()):
        return {"data": fields}
    pairs = ((name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value]))
    body = "&".join(f"{quoted(name)}={quoted(one)}" for name, one in pairs)
    return {"data": body, "content_type": "application/x-www-form-urlencoded"}


def shape(name: str) -> str:
    """A field's name without its numbers."""
    return "".join("0" if one.isdecimal() else one for one in name)


def query_of(address: str) -> set[str]:
    """The names in an address's query."""
    return {name for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True)}


LIKELY = {"email": "new@example.org", "tel": "+16175550142", "password": "a-password-for-tests-only"}
"""What could be right in a field that has to be filled in, by its type."""

KINDS = {
    **dict.fromkeys(("date", "datetime-local", "time"), "time"),
    **dict.fromkeys(("select", "radio", "checkbox", "button", "submit"), "choice"),
    "password": "password",
    "file": "file",
}
"""Kinds of fields by their type; all others are for text."""

LINKS = ("href", "src", "data-sound", "data-bars", "data-progress", "data-list", "data-standing")


class Page(HTMLParser):
    """The links and forms of a page."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.address, self.links, self.forms = address, [], []
        self._by_id, self._elsewhere, self._drafts = {}, [], []
        self._form = self._select = self._text = None
        self.feed(html)
        for form_id, action in self._elsewhere:
            if form_id in self._by_id:
                self.forms.append(Form(action, "POST", dict(self._by_id[form_id].fields)))
        for form, attributes in self._drafts:
            fields = {**form.fields, "revision": attributes["data-revision"]}
            address = urljoin(self.address, attributes["data-draft"])
            self.forms.append(Form(address, "POST", fields, {**form.kinds, "revision": "text"}))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.links += [urljoin(self.address, attributes[name]) for name in LINKS if attributes.get(name)]
        if tag == "form":
            action = urljoin(self.address, attributes.get("action") or self.address)
            self._form = self._by_id[attributes.get("id")] = Form(action, attributes.get("method", "get").upper())
            self.forms.append(self._form)
            if attributes.get("data-draft"):
                self._drafts.append((self._form, attributes))
        elif tag == "option" and self._select:
            self._choose(attributes.get("value") or "", "selected" in attributes)
        elif attributes.get("formaction"):
            self._elsewhere.append((attributes["form"], urljoin(self.address, attributes["formaction"])))
        elif self._form and attributes.get("name"):
            self._add(tag, attributes)

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag in ("select", "textarea"):
            self._select = self._text = None

    def handle_data(self, data):
        if self._text and data.strip():
            self._form.fields[self._text] = data.strip()

    def _add(self, tag, attributes):
        name, value, kind = attributes["name"], attributes.get("value") or "", attributes.get("type", tag)
        self._select, self._text = (name if tag == "select" else None), (name if tag == "textarea" else None)
        self._form.kinds[name] = KINDS.get(kind, "text")
        if not value and "required" in attributes and tag != "select":
            value = "274951" if "pattern" in attributes else LIKELY.get(kind, "Words")
        if name not in self._form.fields or "checked" in attributes:
            self._form.fields[name] = value

    def _choose(self, value, selected):
        if selected or not self._form.fields[self._select]:
            self._form.fields[self._select] = value


class Visitor:
    """Somebody who sends what no form asks for, and remembers the answers that are failures."""

    def __init__(self, console, client, rows):
        self.console, self.client, self.rows = console, client, rows
        self.addresses = console.url_map.bind("localhost", url_scheme="https")
        self.forms, self.pages, self.queries, self.failures, self.sent = {}, {}, {}, [], 0
        self.messages, self.cookie = set(), self._cookie
        pages = [rule for rule in console.url_map.iter_rules() if "GET" in rule.methods]
        self.open(*dict.fromkeys(address_of(rule, row) for row in "1234" for rule in pages))

    def open(self, *addresses):
        """Open pages, and a few more of each kind that these lead to; keep their forms and queries."""
        waiting = list(addresses)
        while waiting:
            address = waiting.pop(0)
            endpoint, arguments = self._route(address, "GET")
            if endpoint in (None, "static"):
                continue
            self.queries.setdefault(endpoint, set()).update(query_of(address))
            seen = self.pages.setdefault(endpoint, {})
            if tuple(arguments.values()) not in seen and (address in addresses or len(seen) < 4):
                seen[tuple(arguments.values())] = address
                waiting += self._read(address, self._fetch(address))
        setting_up = next((form for key, form in self.forms.items() if key[0] == "security.two_factor_setup"), None)
        if setting_up:
            self._use(setting_up.cookie)
            self._read(setting_up.action, self.client.post(setting_up.action, data=setting_up.filled({})))

    def _fetch(self, address):
        """A page; some of Flask-Security's sign out whoever is signed in."""
        self._use(self.cookie)
        answer = self.client.get(address)
        self.rows.restore()
        return answer

    def _read(self, address, answer):
        page = Page(address, answer.text if answer.mimetype == "text/html" else "")
        answer.close()
        for form in page.forms:
            endpoint, _ = self._route(form.action, form.method)
            if form.method == "GET":
                self.queries.setdefault(endpoint, set()).update(form.fields)
            elif endpoint:
                form.cookie = self._cookie
                self.forms.setdefault((endpoint, *sorted({shape(name) for name in form.fields})), form)
        return page.links

    def _route(self, address, method):
        try:
            return self.addresses.match(urlsplit(address).path, method)
        except HTTPException:
            return None, {}

    @property
    def endpoints(self):
        """Where the forms that were found lead."""
        return {key[0] for key in self.forms}

    @property
    def any_form(self):
        """A form whose token every other address takes."""
        return next(form for form in self.forms.values() if "csrf_token" in form.fields)

    def get(self, address, told=""):
        self._use(self.cookie)
        self._judge(f"GET {address[:200]} {told}", self.client.get, address)

    def post(self, form, told, changes, address=None):
        """Send a form with these changes; what it changed in the database is put back."""
        for limiter in self.console.extensions["limiter"]:
            limiter.reset()
        self._use(form.cookie)
        address = address or form.action
        answer = self._judge(f"POST {address[:200]} {told}", self.client.post, address, **as_sent(form.filled(changes)))
        if answer.location and self._is_told_something_new():
            self._judge(f"{told}, then {answer.location}", self.client.get, answer.location)
        if answer.status_code < 400:
            self.rows.restore()

    def post_body(self, address, body, kind="application/json"):
        """Send something that is no form."""
        self._use(self.any_form.cookie)
        headers = {"X-CSRFToken": self.any_form.fields["csrf_token"]}
        told = f"POST {address} {body[:60]!r}"
        self._judge(told, self.client.post, address, data=body, content_type=kind, headers=headers)

    def _is_told_something_new(self):
        with self.client.session_transaction() as session:
            told = str(session.get("_flashes", ""))
        is_new, self.messages = told not in self.messages, self.messages | {told}
        return is_new

    @property
    def _cookie(self):
        found = self.client.get_cookie(COOKIE)
        return found.value if found else ""

    def _use(self, cookie):
        self.client.set_cookie(COOKIE, cookie)

    def _judge(self, told, call, *args, **options):
        began = time.thread_time()
        answer = call(*args, **options)
        answer.close()
        spent, self.sent = time.thread_time() - began, self.sent + 1
        if answer.status_code >= 500 or spent > CPU_SECONDS:
            self.failures.append(f"{told}: {answer.status_code} after {spent:.1f} s")
        return answer


def address_of(rule, row="1", **parts):
    """An address of a route; ids that are not given are `row`."""
    return re.sub(r"<(?:[^:<>]*:)?(\w+)>", lambda part: parts.get(part[1]) or EXAMPLES.get(part[1], row), rule.rule)
