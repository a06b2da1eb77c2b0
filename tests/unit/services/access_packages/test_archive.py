"""A file that a person can read: a page in their language, a table and the entries of each kind."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from msgspec.structs import replace
from tests.common.stories import ROOT

from privacydesk.data import locale_files
from privacydesk.domain.account_terms import DataCategory
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import ScopeItem, Ticket, TicketState
from privacydesk.i18n.catalog import Catalogs
from privacydesk.services.access_packages.archive import Archive

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
ARCHIVE = Archive(Catalogs.load(locale_files(None)), "Asia/Shanghai", lambda _locale: "Lane")
TICKET = Ticket(
    id=TicketId(bytes(16)),
    number="PD-7KQ4-M29X-3HC",
    conversation_id=ConversationId(bytes(16)),
    kind=RequestKind.ACCESS,
    state=TicketState.FULFILLING,
    received_at=NOW,
    locale="en",
    account="u-1001",
)
CONTENT: Mapping[str, Any] = {
    "profile": [{"nickname": "=HYPERLINK(1)", "gender": "female", "consents": {"marketing": True}}],
    "posts": [
        {"id": "p-1", "at": "2026-05-01T02:30:00Z", "text": "<script>alert(1)</script>\n二行"},
        {"id": "p-2", "at": None, "text": "+1 again", "detail": {"likes": 3, "who": ["a", "b"]}},
    ],
    "photos": [],
    "chat": [{"text": "打 13800138000", "password": "hunter2hunter2"}],
}
ASKED = tuple(DataCategory(one) for one in (*CONTENT, "location"))


def opened(
    content: Mapping[str, Any] = CONTENT, locale: str = "en", ticket: Ticket = TICKET
) -> dict[str, bytes]:
    body = ARCHIVE.make(ticket, {"content": content}, ASKED, locale, NOW)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


class _Reader(HTMLParser):
    """Collects tags, their attributes and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: bytes) -> _Reader:
    reader = _Reader()
    reader.feed(page.decode())
    return reader


def test_each_kind_has_its_page_its_table_and_its_entries() -> None:
    names = set(opened())
    assert names == {"index.html", "manifest.json", "manifest.schema.json"} | {
        f"data/{kind}.{form}" for kind in ("profile", "posts", "chat") for form in ("csv", "json")
    }


def test_the_manifest_follows_its_schema_and_tells_every_file() -> None:
    files = opened()
    schema = json.loads(files["manifest.schema.json"])
    manifest = json.loads(files["manifest.json"])
    jsonschema_rs.meta.validate(schema)
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(manifest)
    assert (manifest["request"], manifest["kind"]) == ("PD-7KQ4-M29X-3HC", "access")
    described = {one["name"]: one for one in manifest["categories"]}
    assert list(described) == [category.value for category in ASKED]
    assert [described["photos"]["returned"], described["location"]["returned"]] == [True, False]
    listed = {one["name"]: one for category in described.values() for one in category["files"]}
    assert set(listed) == {name for name in files if name.startswith("data/")}
    for name, one in listed.items():
        assert one["size"] == len(files[name])
        assert one["sha256"] == hashlib.sha256(files[name]).hexdigest()
    assert manifest["left_out"] == 1


def test_the_manifest_names_the_recipient_of_a_transfer() -> None:
    items = (ScopeItem(name="posts", detail={"recipient": "随身听"}),)
    ticket = replace(TICKET, kind=RequestKind.PORTABILITY, items=items)
    manifest = json.loads(opened(ticket=ticket)["manifest.json"])
    assert (manifest["kind"], manifest["recipients"]) == ("portability", ["随身听"])


@pytest.mark.parametrize(
    ("locale", "tag"), [("zh_Hans", "zh-Hans"), ("zh_Hant", "zh-Hant"), ("en", "en")]
)
def test_the_page_is_in_the_persons_language(locale: str, tag: str) -> None:
    page = read(opened(locale=locale)["index.html"])
    assert ("html", {"lang": tag}) in page.tags
    catalog = Catalogs.load(locale_files(None))
    for key, args in (
        ("package.page.title", {"app": "Lane"}),
        ("package.page.nothing", {}),
        ("package.page.not_told", {}),
        ("package.page.masked_count", {"count": {"$number": 1}}),
    ):
        assert catalog.text(locale, key, args) in page.text
    assert "PD-7KQ4-M29X-3HC" in page.text
    assert "2026-05-01 10:30" in page.text


def test_states_and_consents_stand_in_words() -> None:
    profile = {"status": "active", "consents": {"marketing": True, "contacts": False}}
    page = read(opened({"profile": [profile]}, "zh_Hans")["index.html"])
    assert "active" not in page.text
    for word in ("正常", "已同意", "没有同意"):
        assert word in page.text


def test_the_page_runs_nothing_and_asks_for_nothing_from_elsewhere() -> None:
    page = read(opened()["index.html"])
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    addresses = [a["href"] or "" for tag, a in page.tags if tag == "a"]
    assert addresses
    assert all(re.fullmatch(r"#\w+|data/\w+\.(csv|json)", one) for one in addresses)
    assert "<script>alert(1)</script>" in page.text, "what people wrote is shown as text"
    (policy,) = [a["content"] for _, a in page.tags if a.get("http-equiv")]
    assert policy is not None
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_links_of_the_page_lead_to_what_is_there() -> None:
    files = opened()
    page = read(files["index.html"])
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    for tag, attrs in page.tags:
        href = attrs.get("href") or ""
        if tag == "a":
            assert (href[1:] in ids) if href.startswith("#") else (href in files)


def test_a_formula_in_a_nickname_does_nothing_in_the_table() -> None:
    text = opened()["data/profile.csv"].decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert dict(zip(header, row, strict=True))["nickname"] == "'=HYPERLINK(1)"
    posts = csv.DictReader(io.StringIO(opened()["data/posts.csv"].decode("utf-8-sig"), newline=""))
    assert [row["text"] for row in posts] == ["<script>alert(1)</script>\n二行", "'+1 again"]


def test_the_entries_are_as_they_were_sent_but_for_what_is_masked() -> None:
    files = opened()
    assert json.loads(files["data/posts.json"]) == CONTENT["posts"]
    assert json.loads(files["data/chat.json"]) == [{"text": "打 138****8000"}]
    everything = b"".join(files.values())
    assert b"hunter2hunter2" not in everything
    assert b"13800138000" not in everything


def test_entries_that_name_fields_after_people_make_no_endless_table() -> None:
    posts = [{"text": f"post {n}", "likes": {f"u-{n}": 1}} for n in range(300)]
    files = opened({"posts": posts})
    header, first, *_, last = csv.reader(
        io.StringIO(files["data/posts.csv"].decode("utf-8-sig"), newline="")
    )
    assert header == ["text", "…"]
    assert first == ["post 0", '{"likes.u-0": 1}']
    assert last == ["post 299", '{"likes.u-299": 1}']
    assert json.loads(files["data/posts.json"]) == posts
    assert "post 299" in read(files["index.html"]).text


def test_one_entry_with_many_fields_keeps_the_first_hundred_apart() -> None:
    table = opened({"posts": [{f"f{n}": n for n in range(150)}]})["data/posts.csv"]
    header, row = csv.reader(io.StringIO(table.decode("utf-8-sig"), newline=""))
    assert (len(header), header[98:]) == (100, ["f98", "…"])
    assert row[98] == "98"
    assert json.loads(row[99]) == {f"f{n}": n for n in range(99, 150)}


def test_a_moment_out_of_every_calendar_is_shown_as_it_was_sent() -> None:
    page = read(opened({"posts": [{"text": "9999-12-31T23:59:59Z"}]})["index.html"])
    assert "9999-12-31T23:59:59Z" in page.text


def test_what_was_not_asked_for_is_left_out() -> None:
    body = ARCHIVE.make(TICKET, {"content": CONTENT}, (DataCategory.POSTS,), "en", NOW)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = {one for one in archive.namelist() if one.startswith("data/")}
        assert names == {"data/posts.csv", "data/posts.json"}
        assert b"HYPERLINK" not in archive.read("index.html")


def test_half_a_character_and_other_odd_values_don_t_stop_it() -> None:
    odd: Mapping[str, Any] = {
        "posts": [{"text": "\ud800", "n": 1.5, "t": True}, "just words", None, [], 7, {}]
    }
    files = opened(odd)
    assert len(json.loads(files["data/posts.json"])) == 6


def test_the_rules_are_written_down_where_people_read_them() -> None:
    text = (ROOT / "docs" / "access-package.md").read_text("utf-8")
    for word in ("rules.yaml", "package_days", "credentials", "own_categories"):
        assert word in text
