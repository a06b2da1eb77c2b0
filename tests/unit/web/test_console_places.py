"""Where the console sends people on: never out of it, however an address is spelt."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from privacydesk.web.console.redirects import HOME, safe_next

DESK = "https://desk.example"
_PIECES = (
    "/", "//", "\\", "..", ".", "%2e", "%2E%2e", "%252e", "%2f", "%252F", "%5c", "%255c", "%25",
    "%00", "%0d%0a", "%09", "\t", "\n", "\x00", "@", ":", "?", "#", "&", "=", ";", "evil.example",
    "https:", "javascript:", "data:", "console", "sign-in", "inbox", "%E4%BD%A0", "\u3002",
    "\uff0f", "\u2215", "\ud800", "%", "%zz", "[", "]",
)  # fmt: skip


def resolved(sent: str) -> tuple[str, str]:
    """Return origin and path of an address as browsers resolve it: odd signs go or are slashes."""
    bare = re.sub(r"[\t\r\n]", "", sent.strip()).replace("\\", "/")
    parts = urlsplit(urljoin(f"{DESK}/console/sign-in", bare))
    path = re.sub(r"%2e", ".", parts.path, flags=re.IGNORECASE)
    return f"{parts.scheme}://{parts.netloc}", posixpath.normpath(path)


@given(
    st.lists(st.sampled_from(_PIECES), max_size=8), st.sampled_from(["", "/console/", "/", "//"])
)
def test_wherever_it_leads_it_stays_in_the_console(pieces: list[str], begin: str) -> None:
    sent = safe_next(begin + "".join(pieces))
    assert str(URL(sent)) == sent, "what is judged is what the browser is sent"
    for read in (sent, unquote(sent), unquote(unquote(sent))):
        origin, path = resolved(read.partition("?")[0].partition("#")[0])
        assert origin == DESK
        assert path == "/console" or path.startswith("/console/")
        assert not path.startswith(("/console/sign-in", "/console/sign-out"))


@pytest.mark.parametrize(
    "wanted",
    [
        "/console/%2e%2e/chat/",
        "/console/%252e%252e/chat/",
        "/console/.%2e/chat/",
        "/console//evil.example",
        "/console/%2f%2fevil.example",
        "/console/..%2f..%2fchat",
        "/console/%5cevil.example",
        "/console/%0d%0aSet-Cookie:x",
        "/console/%73ign-in",
        "//evil.example/console/",
        "https://desk.example/console/",
        "javascript:/console/",
        "/console",
        "",
    ],
)
def test_an_odd_address_leads_to_the_first_page(wanted: str) -> None:
    assert safe_next(wanted) == HOME


@pytest.mark.parametrize(
    "wanted",
    [
        "/console/inbox",
        "/console/inbox?q=%E4%BD%A0&page=2",
        "/console/people?done=role",
        "/console/tickets/PD-2222-2222-222#log",
        "/console/inbox?q=a//b\u4f60",
    ],
)
def test_a_page_of_the_console_is_gone_on_to(wanted: str) -> None:
    assert safe_next(wanted) == str(URL(wanted))
