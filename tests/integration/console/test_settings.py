"""The administrators' index of settings, and the pages on which they change some."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.common.console_cases import copy_of_data
from tests.common.console_client import STAFF, Browser, Office, Page, open_office, own_password
from tests.common.stories import PROFILE

from privacydesk.calendars import OverrideDay, Overrides
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import FilePolicyLibrary


async def test_only_administrators_see_the_settings(office: Office) -> None:
    for name, status in {"xiao-chen": 200, "lao-zhou": 403, "mei": 403, "he-an": 403}.items():
        page = await (await office.signed_in(name)).get("/console/settings")
        assert page.status == status


async def test_the_index_leads_to_every_page_of_administration(office: Office) -> None:
    page = await (await office.signed_in("xiao-chen")).get("/console/settings")
    linked = page.text.partition('class="settings-links"')[2].partition("</ul>")[0]
    assert set(re.findall(r'href="/console/([^"]+)"', linked)) == {
        "people", "texts", "webhooks", "events", "tokens", "people/access", "audit",
        "settings/profile",
    }  # fmt: skip
    assert f"{len(STAFF)} active people" in page.text


async def test_days_that_the_operator_has_set_are_counted_and_listed(office: Office) -> None:
    deadlines = office.world.services.deadlines
    year = deadlines.today(office.clock.now()).year
    calendar = deadlines.calendars.get("CN")
    day = next(day for day, _ in calendar.year(year).off).replace(month=8, day=12)
    added = Overrides("CN", {day: OverrideDay(working=False, reason="Founding day")}, frozenset())
    deadlines.calendars = deadlines.calendars.with_overrides(added)
    browser = await office.signed_in("xiao-chen")
    told = f"China {year} · final · 1 day set by you"
    assert told in (await browser.get("/console/settings")).text
    page = await browser.get("/console/settings/calendar")
    assert told in page.text
    assert f'<time datetime="{day}">' in page.text
    assert "Founding day" in page.text


# -- office hours ----------------------------------------------------------------------------------

HOURS = "/console/settings/hours"
CALENDAR = "/console/settings/calendar"
PERIOD = {"opens-0": "09:30", "closes-0": "12:00", "calendar-0": "", "seen": "0"}


def hidden(page: Page, *names: str) -> dict[str, str]:
    """Return hidden fields of the confirmation on a page."""
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return {name: unescape(fields[name]) for name in names}


def confirmation(page: Page, **more: str) -> dict[str, str]:
    return hidden(page, "body", "seen", "restored") | more


async def test_hours_are_previewed_saved_and_restored(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get(HOURS)
    plan = await browser.post(f"{HOURS}/preview", PERIOD, ticked=[("day-0", "2"), ("day-0", "4")])
    assert plan.status == 200, plan.text
    assert "Tuesday and Thursday" in plan.text
    assert "the desk would be closed now and open" in plan.text
    hours = office.world.services.attendance.hours
    before = hours.shifts
    saved = await browser.post(HOURS, confirmation(plan, comment="Fewer people"))
    assert saved.to == f"{HOURS}?done=saved"
    (shift,) = hours.shifts
    assert (shift.opens, shift.weekdays) == (time(9, 30), frozenset({2, 4}))
    page = await browser.get(saved.to)
    assert "Fewer people" in page.text
    # The profile's hours again, and then the first version again.
    back = await browser.post(f"{HOURS}/preview", {"profile": "yes", "seen": "1"})
    await browser.post(HOURS, confirmation(back, comment=""))
    assert hours.shifts == before
    again = await browser.post(f"{HOURS}/preview", {"version": "1", "seen": "2"})
    await browser.post(HOURS, confirmation(again, comment=""))
    assert hours.shifts == (shift,)
    page = await browser.get(HOURS)
    assert "repeats version 1" in page.text
    audit = await browser.get("/console/audit")
    assert audit.text.count("Setting saved") >= 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"closes-0": "09:00"}, "has to end after it begins"),
        ({"closes-0": ""}, "needs both times"),
        ({}, "is on no day"),
    ],
)
async def test_hours_that_mean_nothing_are_explained(
    office: Office, fields: dict[str, str], message: str
) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get(HOURS)
    page = await browser.post(f"{HOURS}/preview", PERIOD | fields)
    assert (page.status, message in page.said) == (400, True)


async def test_hours_that_somebody_else_changed_are_not_overwritten(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get(HOURS)
    plan = await browser.post(f"{HOURS}/preview", PERIOD, ticked=[("day-0", "1")])
    saved = office.world.services.saved_settings
    await saved.save_hours([], by="other", seen=0)
    page = await browser.post(HOURS, confirmation(plan, comment=""))
    assert (page.status, "somebody else has changed" in page.said) == (409, True)
    assert not office.world.services.attendance.hours.shifts


async def test_saving_asks_for_the_password_again_after_a_while(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get(HOURS)
    plan = await browser.post(f"{HOURS}/preview", PERIOD, ticked=[("day-0", "1")])
    office.clock.move(timedelta(minutes=25))
    page = await browser.post(HOURS, confirmation(plan, comment=""))
    assert page.status == 401
    assert "Change the office hours" in page.text
    assert office.world.services.attendance.hours.shifts[0].weekdays is None


# -- the calendar ----------------------------------------------------------------------------------


async def test_a_day_is_previewed_added_and_removed(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get(CALENDAR)
    day = {"calendar": "CN", "seen": "0", "date": "2026-08-12", "day": "off", "reason": "Founding"}
    plan = await browser.post(f"{CALENDAR}/preview", day)
    assert "1 day changes" in plan.text, plan.said
    assert "No deadline becomes another day." in plan.text
    saved = await browser.post(CALENDAR, confirmation(plan, calendar="CN", comment=""))
    assert saved.to == f"{CALENDAR}?done=saved&calendar=CN"
    deadlines = office.world.services.deadlines
    assert not deadlines.calendars.get("CN").day(date(2026, 8, 12)).working
    page = await browser.get(saved.to)
    assert "Wednesday, 12 August 2026" in page.text
    gone = {"calendar": "CN", "seen": "1", "remove": "2026-08-12"}
    plan = await browser.post(f"{CALENDAR}/preview", gone)
    await browser.post(CALENDAR, confirmation(plan, calendar="CN", comment=""))
    assert deadlines.calendars.get("CN").day(date(2026, 8, 12)).working


async def test_a_file_says_which_open_deadlines_it_moves(office: Office) -> None:
    services = office.world.services
    office.clock.move(datetime(2026, 12, 28, 2, tzinfo=UTC) - office.clock.now())
    _, ticket = await copy_of_data(office)
    browser = await office.signed_in("xiao-chen")
    await browser.get(CALENDAR)
    text = "date,day,reason\n2027-01-01,off,x\n2027-01-04,off,<b>New Year</b>\n2027,settled,\n"
    plan = await browser.post_file(
        f"{CALENDAR}/preview", {"calendar": "CN", "seen": "0"}, "2027.csv", text.encode()
    )
    assert "1 deadline becomes another day" in plan.text, plan.said
    assert ticket.number in plan.text
    assert "1 day later" in plan.text
    assert "2027 becomes final." in plan.text
    assert "&lt;b&gt;New Year&lt;/b&gt;" in plan.text
    assert not services.deadlines.calendars.get("CN").overrides.days, "nothing is saved yet"
    await browser.post(CALENDAR, confirmation(plan, calendar="CN", comment="2027.csv"))
    await office.world.work()
    moved = await services.store.reader.ticket(ticket.id)
    assert moved is not None
    assert moved.clock is not None
    assert ticket.clock is not None
    assert (moved.clock.due_date - ticket.clock.due_date).days == 1


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("days.csv", b"date,day,reason\nsoon,off,x\n", "line 2"),
        ("days.csv", "date,day,reason\n2027-01-01,off,元旦\n".encode("gbk"), "UTF-8"),
        ("days.xlsx", b"PK", "the kind of file is unknown"),
        ("", b"", "the kind of file is unknown"),
    ],
)
async def test_what_is_wrong_in_a_file_is_named(
    office: Office, name: str, content: bytes, fault: str
) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get(CALENDAR)
    page = await browser.post_file(
        f"{CALENDAR}/preview", {"calendar": "CN", "seen": "0"}, name or "x", content
    )
    assert page.status == 400
    assert fault in page.text


async def test_a_change_that_changes_nothing_is_not_saved(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    await browser.get(CALENDAR)
    page = await browser.post(f"{CALENDAR}/preview", {"calendar": "CN", "seen": "0"})
    assert (page.status, page.said) == (400, "This changes nothing.")


async def test_there_is_no_calendar_of_another_code(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    assert (await browser.get(f"{CALENDAR}?calendar=US")).status == 404
    assert (await browser.get(f"{CALENDAR}?calendar=HK")).status == 200


# -- the policy ------------------------------------------------------------------------------------

POLICY = "/console/settings/policy"
OLD = "# Privacy policy\n\n## Article 1 Data\n\nWe keep your posts.\n"
NEW = OLD.replace("your", "<b>no</b>") + "\n## Article 3 Rights\n\nYou may object.\n"


@pytest.fixture
async def citing(tmp_path: Path) -> AsyncIterator[Office]:
    library = FilePolicyLibrary(tmp_path)
    library.save(read_policy(OLD, name="lane").version(datetime(2026, 5, 1, tzinfo=UTC)))
    profile = {**PROFILE, "policy": "lane"}
    async with open_office(tmp_path, world={"profile": profile}) as office:
        yield office


async def upload(browser: Browser, content: bytes, name: str = "policy.md") -> Page:
    await browser.get(POLICY)
    return await browser.post_file(POLICY, {}, name, content)


async def prepare(office: Office) -> None:
    services = office.world.services
    for _ in range(3):
        await services.policy_uploads.prepare_next()


async def test_a_policy_is_uploaded_compared_prepared_and_put_in_force(citing: Office) -> None:
    browser = await citing.signed_in("xiao-chen")
    sent = await upload(browser, NEW.encode())
    assert sent.status == 303, sent.said
    page = await browser.get(sent.to)
    assert "Preparing: 0 of" in page.text
    assert "3 changes against the text in force" in page.text
    assert "<del>We keep your posts." in page.text
    assert "<ins>We keep &lt;b&gt;no&lt;/b&gt; posts." in page.text
    assert "numbering_gap" in page.text
    digest = sent.to.rpartition("/")[2]
    early = await browser.post(f"{POLICY}/use", {"digest": digest, "seen": "1"})
    assert (early.status, "still being computed" in early.said) == (409, True)
    await prepare(citing)
    page = await browser.get(f"{sent.to}/progress")
    assert "Put in force" in page.text
    used = await browser.post(f"{POLICY}/use", {"digest": digest, "seen": "1", "comment": "New"})
    assert used.to == f"{POLICY}?done=saved", used.said
    services = citing.world.services
    for _ in range(3):
        await services.policy.refresh()
    assert services.policy.version is not None
    assert services.policy.version.source == NEW
    # The first text is in force again, as another version.
    page = await browser.get(POLICY)
    first = hashlib.sha256(OLD.encode()).hexdigest()
    assert f"{POLICY}/versions/{first}" in page.text
    await browser.post(f"{POLICY}/use", {"digest": first, "seen": "2", "comment": ""})
    for _ in range(3):
        await services.policy.refresh()
    assert services.policy.version.source == OLD
    history = await services.saved_settings.history("policy:lane")
    assert [one.body == first for one in history] == [True, False, True]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the file is empty"),
        (b"<!doctype html><html><body>x</body></html>", "the file is a web page"),
        (b"%PDF-1.7", "PDF"),
        (b"a\x00b", "NUL"),
    ],
)
async def test_a_file_that_is_no_policy_is_explained(
    citing: Office, content: bytes, fault: str
) -> None:
    browser = await citing.signed_in("xiao-chen")
    page = await upload(browser, content)
    assert page.status == 400
    assert fault in page.text
    assert len(await citing.world.services.policies.texts("lane")) == 1


async def test_a_version_that_was_never_in_force_can_be_removed(citing: Office) -> None:
    browser = await citing.signed_in("xiao-chen")
    sent = await upload(browser, NEW.encode())
    await browser.get(sent.to)
    digest = sent.to.rpartition("/")[2]
    removed = await browser.post(f"{POLICY}/remove", {"digest": digest})
    assert removed.to == POLICY
    assert (await browser.get(sent.to)).status == 404
    first = hashlib.sha256(OLD.encode()).hexdigest()
    refused = await browser.post(f"{POLICY}/remove", {"digest": first})
    assert (refused.status, "is or was in force" in refused.said) == (409, True)


async def test_an_upload_needs_a_recent_password(citing: Office) -> None:
    browser = await citing.signed_in("xiao-chen")
    await browser.get(POLICY)
    citing.clock.move(timedelta(minutes=25))
    page = await browser.get(POLICY)
    assert "Confirm your password to upload" in page.text
    assert 'type="file"' not in page.text
    sent = await browser.post_file(POLICY, {}, "policy.md", NEW.encode())
    assert sent.to == f"{POLICY}#upload"
    assert len(await citing.world.services.policies.texts("lane")) == 1


async def test_an_upload_needs_the_token_of_its_form(citing: Office) -> None:
    browser = await citing.signed_in("xiao-chen")
    await browser.get(POLICY)
    browser.token = "another"
    assert (await browser.post_file(POLICY, {}, "policy.md", NEW.encode())).status == 403


async def test_without_a_named_policy_there_is_no_page(office: Office) -> None:
    browser = await office.signed_in("xiao-chen")
    assert (await browser.get(POLICY)).to == "/console/settings#policy"
    assert "names no policy" in (await browser.get("/console/settings")).text


# -- the operator profile --------------------------------------------------------------------------

OPERATOR = "/console/settings/profile"


def as_yaml(**keys: Any) -> bytes:
    return yaml.safe_dump({**PROFILE, **keys}, allow_unicode=True).encode()


async def propose(office: Office, content: bytes, name: str = "new.yaml") -> tuple[Browser, Page]:
    browser = await office.signed_in("xiao-chen")
    await browser.get(OPERATOR)
    return browser, await browser.post_file(f"{OPERATOR}/preview", {"seen": "1"}, name, content)


async def test_a_profile_is_previewed_put_in_force_compared_and_restored(office: Office) -> None:
    helplines = dict.fromkeys(("zh_Hans", "zh_Hant", "en"), "<b>999</b>")
    content = as_yaml(fresh_minutes=9, helplines=helplines, clauses={"minors": {"article": "6"}})
    browser, plan = await propose(office, content)
    assert plan.status == 200, plan.said
    assert "fresh_minutes" in plan.text
    assert "&lt;b&gt;999&lt;/b&gt;" in plan.text
    lacks = plan.text.partition("What the new profile lacks")[2].partition("</section>")[0]
    assert "complaint, contact" in lacks
    assert "To call" not in lacks
    profiles = office.world.services.profiles
    assert (await profiles.current()).version == 1
    saved = await browser.post(OPERATOR, confirmation(plan, comment="Nine minutes"))
    assert (saved.status, "Version 2 is in force" in saved.text) == (200, True)
    assert office.world.services.saved_profile.newest.fresh_minutes == 9
    page = await browser.get(f"{OPERATOR}?done=saved")
    assert "Nine minutes" in page.text
    assert f'href="{OPERATOR}/versions/1"' in page.text
    compared = await browser.get(f"{OPERATOR}/versions/2")
    assert '<del><span dir="auto">30</span></del>' in compared.text
    assert '<ins><span dir="auto">9</span></ins>' in compared.text
    turned = await browser.get(f"{OPERATOR}/versions/1?against=2")
    assert '<ins><span dir="auto">30</span></ins>' in turned.text
    back = await browser.post(f"{OPERATOR}/preview", {"version": "1", "seen": "2"})
    assert "Back to version 1" in back.text
    await browser.post(OPERATOR, confirmation(back, comment=""))
    assert office.world.services.saved_profile.newest == office.world.services.profile
    assert "repeats version 1" in (await browser.get(OPERATOR)).text
    assert (await browser.get("/console/audit")).text.count("Setting saved") >= 2


async def test_a_file_with_faults_changes_nothing_and_is_there_to_be_mended(
    office: Office,
) -> None:
    text = "app: Lane\ncodes:\n  entries: 0\nunheard: <b>\n"
    browser, page = await propose(office, text.encode(), "wrong.yaml")
    assert (page.status, "Nothing was changed" in page.said) == (400, True)
    assert "2 faults" in page.text
    assert "wrong.yaml" in page.text
    for line, key in ((3, "codes.entries"), (4, "unheard")):
        assert f'<b>Line {line}</b> <span class="mono">{key}</span>' in page.text
    kept = re.search(r'<textarea[^>]*id="text"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    assert kept is not None
    assert unescape(kept[1]).strip() == text.strip()
    mended = text.replace("0", "2").replace("unheard: <b>\n", "")
    plan = await browser.post(f"{OPERATOR}/preview", {"seen": "1", "text": mended})
    assert "codes.entries" in plan.text
    assert len(await office.world.services.profiles.history()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"app: [", "Line 1"),
        (b"a: &a x\nb: *a", "alias"),
        (b"brand: {logo: ../logo.svg}", "base64"),
        (b"\xff\xfe", "Nothing was changed"),
        (as_yaml(), "This changes nothing"),
    ],
)
async def test_what_can_not_be_put_in_force_is_explained(
    office: Office, content: bytes, said: str
) -> None:
    _, page = await propose(office, content)
    assert page.status == 400
    assert said in page.text


async def test_a_confirmation_is_checked_like_a_file(office: Office) -> None:
    browser, plan = await propose(office, as_yaml(fresh_minutes=9))
    fields = confirmation(plan, comment="")
    forged = await browser.post(OPERATOR, fields | {"body": '{"codes": {"entries": 0}}'})
    assert (forged.status, "codes.entries" in forged.text) == (400, True)
    assert len(await office.world.services.profiles.history()) == 1


async def test_a_profile_that_somebody_else_changed_is_not_overwritten(office: Office) -> None:
    browser, plan = await propose(office, as_yaml(fresh_minutes=9))
    profiles = office.world.services.profiles
    other = profiles.read.validate({**PROFILE, "fresh_minutes": 8})
    await profiles.put_in_force(other, by="other")
    page = await browser.post(OPERATOR, confirmation(plan, comment=""))
    assert (page.status, "somebody else has changed" in page.said) == (409, True)
    assert office.world.services.saved_profile.newest.fresh_minutes == 8


async def test_a_large_logo_passes_the_page_that_asks_for_the_password(office: Office) -> None:
    logo = {"base64": b64encode(b"\x89PNG\r\n\x1a\n" + bytes(32_000)).decode()}
    browser = await office.signed_in("xiao-chen")
    await browser.get(OPERATOR)
    office.clock.move(timedelta(minutes=25))
    content = as_yaml(brand={"logo": logo})
    asked = await browser.post_file(f"{OPERATOR}/preview", {"seen": "1"}, "new.yaml", content)
    assert (asked.status, "Change the operator profile" in asked.text) == (401, True)
    carried = hidden(asked, "seen", "file", "file_name")
    proof = {"proof_password": own_password("xiao-chen"), "proof_code": office.code("xiao-chen")}
    plan = await browser.post(f"{OPERATOR}/preview", carried | proof)
    assert "32008 B, SHA-256" in plan.text, plan.said
    saved = await browser.post(OPERATOR, confirmation(plan, comment=""))
    assert "Version 2 is in force" in saved.text


async def test_what_the_profile_lacks_is_told_where_it_can_be_mended(office: Office) -> None:
    admin = await office.signed_in("xiao-chen")
    page = await admin.get(OPERATOR)
    assert "without a number" in page.text.partition('id="gaps"')[2].partition("</section>")[0]
    assert f'href="{OPERATOR}#gaps"' in (await admin.get("/console")).text
    supervisor = await office.signed_in("lao-zhou")
    assert "Tell an administrator." in (await supervisor.get("/console")).text
    agent = await office.signed_in("mei")
    assert 'id="profile-gaps"' not in (await agent.get("/console")).text


async def test_a_version_of_another_release_is_shown_alone(office: Office) -> None:
    saved = office.world.services.saved_settings
    saved.on_profile = lambda _: None
    await saved.save_profile('{"unheard": 1}', by="command", seen=1)
    profiles = office.world.services.profiles
    await profiles.put_in_force(profiles.read.validate(dict(PROFILE)), by="command")
    browser = await office.signed_in("xiao-chen")
    page = await browser.get(f"{OPERATOR}/versions/2")
    assert "another release" in page.text
    assert "unheard: 1" in page.text
    assert 'name="version"' not in page.text
    assert (await browser.get(f"{OPERATOR}/versions/9")).status == 404
