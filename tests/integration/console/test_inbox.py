"""The inbox over HTTP: views, counts, pages and search."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from tests.common.console_cases import enter, field, guardian
from tests.common.console_client import Browser, Office, Page
from tests.common.stories import steps

from privacydesk.domain.deadlines import working_days_left
from privacydesk.domain.grounds import Ground
from privacydesk.domain.inbox_views import CLOSED_DAYS
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import LogEntry, ScopeItem, Ticket
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.services.inbox import PAGE
from privacydesk.storage.hashing import KeyedHashing


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


async def copy_of_data(office: Office, name: str = "lin") -> Ticket:
    player = await enter(office, name, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    return next(t for t in await player.tickets() if t.is_open)


async def another(office: Office, like: Ticket) -> Ticket:
    """File a copy of a request."""
    minter, now = office.world.services.console.minter, office.clock.now()
    number = minter.ticket_number()
    copy = replace(like, id=type(like.id)(minter.id(now)), number=number, version=1)

    def add(_rows: WorkingSet) -> Changes:
        return Changes(tickets=(copy,), ticket_log=(LogEntry(copy.id, now, "mei", "filed"),))

    locks = Locks(conversation=copy.conversation_id)
    job = Job(id=f"copy:{number}", locks=locks, decide=add)
    await office.world.services.store.writer.submit(job)
    return copy


def numbers(page: Page) -> list[str]:
    return re.findall(r'data-row href="/console/tickets/([^"]+)"', page.text)


def counts(page: Page) -> dict[str, int]:
    found = re.findall(r'data-count="(\w+)"[^>]*>(\d+)<', page.text)
    return {name: int(count) for name, count in found}


async def view(browser: Browser, name: str) -> Page:
    page = await browser.get(f"/console/inbox?view={name}")
    assert page.status == 200
    return page


async def test_a_ticket_lies_where_it_has_to_be_looked_for(office: Office, mei: Browser) -> None:
    ticket = await copy_of_data(office)
    assert numbers(await view(mei, "unassigned")) == [ticket.number]
    assert numbers(await view(mei, "mine")) == []
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    page = await view(mei, "mine")
    assert numbers(page) == [ticket.number]
    assert counts(page)["mine"] == counts(page)["open"] == 1
    assert counts(page)["unassigned"] == 0
    await office.world.services.staff.handling.ask_requester(ticket.number, "mei", "Which year?")
    assert numbers(await view(mei, "waiting")) == [ticket.number]


async def test_views_go_by_the_clock(office: Office, mei: Browser) -> None:
    ticket = await copy_of_data(office)
    assert ticket.clock is not None
    assert numbers(await view(mei, "due_soon")) == []
    office.clock.move(ticket.clock.due_at - office.clock.now() - timedelta(hours=20))
    mei = await office.signed_in("mei")
    page = await view(mei, "due_soon")
    assert numbers(page) == [ticket.number]
    assert "Due today" in page.text
    office.clock.move(timedelta(hours=21))
    mei = await office.signed_in("mei")
    page = await view(mei, "overdue")
    assert numbers(page) == [ticket.number]
    assert 'data-gauge="overdue"' in page.text
    assert numbers(await view(mei, "due_soon")) == []
    await office.world.services.staff.decisions.grant(ticket.number, "mei")
    assert numbers(await view(mei, "overdue")) == [], "it was answered, late as it is"
    assert "Answered late" in (await view(mei, "mine")).text


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "Overdue by 1 working day<", "Overdue by 2 working days<"),
        ("zh-CN", "已逾期 1 个工作日<", "已逾期 2 个工作日<"),
        ("zh-TW", "已逾期 1 個工作日<", "已逾期 2 個工作日<"),
    ],
)
async def test_what_is_overdue_says_by_how_many_working_days_in_the_list_and_on_its_page(
    office: Office, language: str, one: str, two: str
) -> None:
    ticket = await copy_of_data(office)
    clock = ticket.clock
    assert clock is not None
    deadlines = office.world.services.deadlines
    calendar = deadlines.calendars.get(clock.calendar)

    async def told(day: date) -> tuple[str, str]:
        noon = datetime.combine(day, time(12), deadlines.zone)
        office.clock.move(noon - office.clock.now())
        mei = await office.signed_in("mei")
        paths = ("/console/inbox?view=overdue", f"/console/tickets/{ticket.number}")
        headers = {"Accept": "text/html", "Accept-Language": language}
        answers = [await mei.client.get(path, headers=headers) for path in paths]
        pages = [await answer.text() for answer in answers]
        return pages[0], pages[1]

    day = clock.due_date
    for words in (one, two):
        day += timedelta(days=1)
        while not calendar.day(day).working:
            day += timedelta(days=1)
        assert all(words in page for page in await told(day))
    while calendar.day(day).working:
        day += timedelta(days=1)
    since = -working_days_left(calendar, day, clock.due_date)
    assert all(re.search(rf"[^\d]{since} (working|个|個)", page) for page in await told(day)), (
        "days off count for nothing"
    )


async def test_what_ended_without_an_answer_has_no_days_left(office: Office, mei: Browser) -> None:
    player = await enter(office, "lin", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (ticket,) = await player.tickets()
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    assert "7 working days left" in (await mei.get(f"/console/tickets/{ticket.number}")).text
    await steps(player, {"user": "cancel my request"}, {"choose": "yes"})
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert "Withdrawn" in page.text
    assert "working days left" not in page.text


async def several(office: Office) -> dict[str, Ticket]:
    """Return requests of two kinds in two languages; one of them is held by mei."""
    access = await copy_of_data(office)
    deletion = replace(access, kind=RequestKind.DELETION)
    return {
        "access": access,
        "deletion": await another(office, deletion),
        "in_chinese": await another(office, replace(deletion, locale="zh_Hant")),
        "held": await another(office, replace(access, holder="mei")),
    }


async def test_a_view_is_filtered_and_a_file_of_it_as_well(office: Office) -> None:
    tickets = await several(office)
    zhou = await office.signed_in("lao-zhou")
    for query, expected in (
        ("kind=&language=&holder=", {"access", "deletion", "in_chinese", "held"}),
        ("kind=deletion", {"deletion", "in_chinese"}),
        ("language=en", {"access", "deletion", "held"}),
        ("holder=mei", {"held"}),
        ("holder=no+one", {"access", "deletion", "in_chinese"}),
        ("kind=deletion&language=zh_Hant&holder=no+one", {"in_chinese"}),
        ("kind=guardian", set()),
    ):
        page = await zhou.get(f"/console/inbox?view=open&{query}")
        wanted = {tickets[name].number for name in expected}
        assert set(numbers(page)) == wanted
        assert counts(page)["open"] == 4, "the views' counts are of all that lies there"
        part = await zhou.get(f"/console/inbox?view=open&{query}&part=list")
        assert set(numbers(part)) == wanted
        assert ("Nothing in this view matches the filters" in page.text) == (not wanted)
        clear = '<a class="button quiet" href="/console/inbox?view=open">Clear the filters</a>'
        assert (clear in page.text) == (len(wanted) < 4)
        if wanted:
            export = re.search(r'href="(/console/inbox/export[^"]+)" download', page.text)
            assert export is not None
            file = await zhou.get(unescape(export[1]))
            assert {row.split(",")[0] for row in file.text.splitlines()[1:]} == wanted
    audit = await (await office.signed_in("he-an")).get("/console/audit")
    assert "All open · Deletion · 繁體中文 · Unclaimed" in audit.text


async def test_what_is_chosen_stays_chosen_and_goes_along_to_the_next_page_and_the_live_list(
    office: Office, mei: Browser
) -> None:
    first = await copy_of_data(office)
    for _ in range(PAGE):
        await another(office, replace(first, kind=RequestKind.DELETION, locale="zh_Hant"))
        await another(office, first)
    page = await mei.get("/console/inbox?view=unassigned&kind=deletion&language=zh_Hant")
    chosen = re.findall(r'<option value="(\w+)"[^>]* selected', page.text)
    assert {"deletion", "zh_Hant"} <= set(chosen)
    assert 'name="holder"' not in page.text, "nobody holds any of it"
    assert len(numbers(page)) == PAGE
    assert 'class="more"><a class="button" href' not in page.text, "fifty are all there are"
    live = re.search(r'data-live="([^"]+)"', page.text)
    assert live is not None
    assert "kind=deletion&amp;language=zh_Hant" in live[1]
    page = await mei.get("/console/inbox?view=unassigned&language=en")
    following = re.search(r'class="more"><a class="button" href="([^"]+)"', page.text)
    assert following is not None
    assert "language=en" in following[1]
    assert len(numbers(await mei.get(unescape(following[1])))) == 1


async def test_who_waits_is_filtered_by_language_and_by_what_they_ask_for(
    office: Office, mei: Browser
) -> None:
    lin = await enter(office, "lin", {"choose": "deletion"}, {"choose": "desk:human"})
    chen = await enter(office, "chen", {"choose": "desk:human"})
    assert lin.session is not None
    assert chen.session is not None
    deleting, other = lin.session.conversation.hex(), chen.session.conversation.hex()

    async def waiting(query: str) -> set[str]:
        page = await mei.get(f"/console/inbox?view=queue&{query}")
        return set(re.findall(r'data-row href="/console/conversations/([^"]+)"', page.text))

    assert await waiting("") == {deleting, other}
    assert await waiting("language=en") == {deleting, other}
    assert await waiting("language=zh_Hans") == set()
    assert await waiting("kind=deletion") == {deleting}
    assert await waiting("kind=access") == set()


def row_of(page: Page, conversation: str) -> str:
    """Return what a conversation's row says."""
    row = re.search(
        rf'data-row href="/console/conversations/{conversation}">(.*?)</a>', page.text, re.DOTALL
    )
    assert row is not None
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", row[1])).split())


async def test_the_row_of_who_waits_tells_what_they_ask_for_and_nothing_they_said(
    office: Office, mei: Browser
) -> None:
    lin = await enter(
        office, "lin", {"choose": "complaint"}, {"choose": "leak"},
        {"user": "My street was read out in a room"}, {"choose": "desk:human"},
    )  # fmt: skip
    assert lin.session is not None
    conversation = lin.session.conversation.hex()
    row = row_of(await view(mei, "queue"), conversation)
    assert "Filling in: Complaint" in row
    assert "English" in row
    assert "since" in row.lower()
    assert "street" not in row
    chen = await enter(
        office, "chen", {"choose": "access"}, {"code": "right"}, {"choose": "all"},
        {"choose": "desk:human"},
    )  # fmt: skip
    assert chen.session is not None
    (ticket,) = await chen.tickets()
    for _ in range(3):
        await another(office, ticket)
    row = row_of(await view(mei, "queue"), chen.session.conversation.hex())
    assert f"Access to data {ticket.number}" in row
    assert row.count("Access to data") == 3
    assert "and 1 more request" in row
    assert "Filling in" not in row, "what is filed already is not being filled in"


async def test_evidence_objections_and_children_have_views_of_their_own(
    office: Office, mei: Browser
) -> None:
    mother = await enter(
        office, "mother", {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": "Lele"}, {"choose": "close"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"}, {"bot": "guardian.filed"},
    )  # fmt: skip
    (ticket,) = await mother.tickets()
    assert numbers(await view(mei, "examine")) == [ticket.number]
    page = await view(mei, "guarded")
    assert numbers(page) == [ticket.number]
    assert "Under 14" in page.text
    assert counts(page)["objections"] == 0


async def test_waiting_people_are_in_the_queue_and_then_with_whoever_took_them(
    office: Office, mei: Browser
) -> None:
    player = await enter(office, "lin", {"choose": "desk:human"})
    page = await view(mei, "queue")
    assert counts(page)["queue"] == 1
    assert player.session is not None
    name = player.session.conversation.hex()
    assert f'href="/console/conversations/{name}"' in page.text
    await office.world.services.takeover.take(name, "mei")
    assert counts(await view(mei, "queue"))["queue"] == 0
    assert f'href="/console/conversations/{name}"' in (await view(mei, "mine")).text


def waiting_for_mei(page: Page) -> tuple[bool, str]:
    """Return whether a row says that somebody waits for an answer, and what the bar counts."""
    badge = re.search(r'data-desk="unanswered"[^>]*?( hidden)?>(\d+)<', page.text)
    assert badge is not None
    return "waits for your answer" in page.text, "" if badge[1] else badge[2]


async def test_conversations_are_among_what_is_ones_own_and_say_who_waits_for_an_answer(
    office: Office, mei: Browser
) -> None:
    player = await enter(office, "lin", {"choose": "desk:human"})
    assert player.session is not None
    talk = f"/console/conversations/{player.session.conversation.hex()}"
    page = await mei.get(talk)
    await mei.post(f"{talk}/take", {"owner_seen": field(page, "/take", "owner_seen"), "job": "t1"})
    page = await view(mei, "mine")
    assert counts(page)["mine"] == 1
    assert "With you" in page.text
    assert waiting_for_mei(page) == (True, "1")
    page = await mei.get(talk)
    reply = {"owner_seen": field(page, "/reply", "owner_seen"), "text": "I am here.", "job": "r1"}
    await mei.post(f"{talk}/reply", reply)
    assert waiting_for_mei(await view(mei, "mine")) == (False, "")
    await steps(player, {"user": "Are you still there?"})
    await mei.post(f"{talk}/reply", reply)  # the same once more: nothing new is said
    assert waiting_for_mei(await view(mei, "open"))[1] == "1", "it is told on every page"
    assert waiting_for_mei(await view(mei, "mine")) == (True, "1")


async def test_whoever_waits_for_an_answer_stands_above_whoever_got_one(
    office: Office, mei: Browser
) -> None:
    talks = []
    for name in ("lin", "chen"):
        player = await enter(office, name, {"choose": "desk:human"})
        assert player.session is not None
        talks.append(player.session.conversation.hex())
        await office.world.services.takeover.take(talks[-1], "mei")

    async def order() -> list[str]:
        page = await view(mei, "mine")
        return re.findall(r'data-row href="/console/conversations/([^"]+)"', page.text)

    assert await order() == talks
    await office.world.services.takeover.reply(talks[0], "mei", "I am here.")
    assert await order() == [talks[1], talks[0]]


async def test_numbers_and_their_parts_whole_contacts_and_accounts_are_found_and_nothing_else(
    office: Office, mei: Browser
) -> None:
    ticket = await copy_of_data(office)

    async def found(words: str) -> list[str]:
        return numbers(await mei.get(f"/console/inbox?q={words}"))

    assert await found(ticket.number) == [ticket.number]
    assert await found(ticket.number.lower().replace("-", " ")) == [ticket.number]
    for part in (ticket.number[3:7], ticket.number[8:12].lower(), ticket.number[:7]):
        assert await found(part) == [ticket.number]
    assert await found(ticket.number[3:6]) == []
    assert await found(f"PD-{ticket.number[8:12]}") == []
    assert await found("u-1001") == [ticket.number]
    assert await found("u-100") == []
    assert await found("%25") == []
    page = await mei.get("/console/inbox?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page.text


async def test_rows_tell_requests_apart_without_what_was_written(
    office: Office, mei: Browser
) -> None:
    written = "三年前写给小王的"
    posts = ScopeItem("posts", {"words": written})
    items = (posts, ScopeItem("search_history"), ScopeItem("unheard"))
    first = await copy_of_data(office)
    await another(office, replace(first, kind=RequestKind.DELETION, items=items))
    page = await view(mei, "open")
    assert "Deletion</b> · posts and search history" in page.text
    assert written not in page.text
    assert "unheard" not in page.text
    beside = await mei.get("/console/inbox?view=open&part=beside")
    assert "posts and search history" in beside.text
    assert written not in beside.text


async def test_pages_follow_each_other_without_gap_or_repetition(
    office: Office, mei: Browser
) -> None:
    first = await copy_of_data(office)
    wanted = {first.number}
    for minutes in range(PAGE + 7):
        copy = await another(office, first if minutes % 2 else replace(first, clocks=()))
        wanted.add(copy.number)
    page = await view(mei, "open")
    seen = numbers(page)
    assert len(seen) == PAGE
    following = re.search(r'class="more"><a class="button" href="([^"]+)"', page.text)
    assert following is not None
    page = await mei.get(following[1].replace("&amp;", "&"))
    seen += numbers(page)
    assert len(seen) == len(wanted)
    assert set(seen) == wanted
    assert 'class="more"' not in page.text


@pytest.mark.parametrize(
    "address",
    [
        "view=all",
        "after=1.zz",
        "after=9999999999999999999999.00",
        "view=open&kind=gift",
        "view=queue&language=fr",
        "view=open&holder=stranger",
    ],
)
async def test_addresses_that_nobody_wrote_are_told_as_such(mei: Browser, address: str) -> None:
    page = await mei.get(f"/console/inbox?{address}")
    assert page.status == 404
    assert "nothing was saved" not in page.text


async def test_the_list_alone_is_sent_to_a_page_that_is_open(office: Office, mei: Browser) -> None:
    ticket = await copy_of_data(office)
    page = await mei.get("/console/inbox?view=open&part=list")
    assert numbers(page) == [ticket.number]
    assert "<html" not in page.text


@pytest.mark.parametrize(
    "typed",
    [
        "19900001001",
        "+86 199 0000 1001",
        "199-0000-1001",
        "１９９００００１００１",
        "(0086) 19900001001",
    ],
)
async def test_the_phone_of_an_account_finds_what_its_owner_asked_when_logged_in(
    office: Office, mei: Browser, typed: str
) -> None:
    ticket = await copy_of_data(office)
    await office.world.work()
    assert not ticket.contact
    page = await mei.get(f"/console/inbox?{urlencode({'q': typed})}")
    assert numbers(page) == [ticket.number]
    other = await mei.get(f"/console/inbox?{urlencode({'q': '19900001002'})}")
    assert numbers(other) == []


async def test_a_phone_of_an_account_is_kept_as_a_hash_that_nobody_comes_back_by(
    office: Office,
) -> None:
    ticket = await copy_of_data(office)
    await office.world.work()
    store = office.world.services.store
    found = await store.reader.ticket(ticket.id)
    assert found is not None
    assert found.phone_hash is not None
    assert b"19900001001" not in repr(found).encode()
    hashing = KeyedHashing(office.world.services.settings.hashing())
    assert found.phone_hash != hashing.lookup("contact", "+8619900001001")
    by_contact = hashing.lookup("contact", "+8619900001001")
    assert await store.reader.tickets_of(by_contact, only_open=False) == ()


async def test_a_view_is_sorted_by_due_date_or_by_when_it_was_received(
    office: Office, mei: Browser
) -> None:
    first = await copy_of_data(office)
    later = await another(
        office, replace(first, received_at=first.received_at + timedelta(hours=1))
    )
    earlier = await another(
        office, replace(first, received_at=first.received_at - timedelta(hours=1))
    )
    in_order = [ticket.number for ticket in (earlier, first, later)]
    assert numbers(await view(mei, "open&sort=waiting")) == in_order
    page = await view(mei, "open&sort=received")
    assert numbers(page) == in_order[::-1]
    assert re.search(r'aria-sort="descending"><a class="sort" href="[^"]*sort=waiting"', page.text)
    assert 'href="/console/inbox?view=open"' in page.text
    assert (await mei.get("/console/inbox?view=open&sort=size")).status == 404


@pytest.mark.parametrize("sort", ["received", "waiting"])
async def test_sorted_pages_continue_after_the_last_row(
    office: Office, mei: Browser, sort: str
) -> None:
    first = await copy_of_data(office)
    for hours in range(PAGE):
        received = first.received_at + timedelta(hours=hours // 2)
        await another(office, replace(first, received_at=received))
    page = await view(mei, f"open&sort={sort}")
    link = re.search(r'<a class="button" href="([^"]+)">Next page<', page.text)
    assert link is not None
    rest = await mei.get(unescape(link[1]))
    assert len(numbers(page)) == PAGE
    assert len({*numbers(page), *numbers(rest)}) == PAGE + 1


async def test_what_was_decided_is_found_by_whoever_decided_it_and_once_closed_by_all(
    office: Office, mei: Browser
) -> None:
    refused, granted = await copy_of_data(office), await copy_of_data(office, "chen")
    staff = office.world.services.staff
    boss = await office.signed_in("lao-zhou")
    assert numbers(await view(mei, "decided")) == numbers(await view(mei, "closed")) == []
    await staff.decisions.refuse(refused.number, "mei", ground=Ground.LAW, reason="It is kept.")
    office.clock.move(timedelta(minutes=1))
    await staff.decisions.grant(granted.number, "mei")
    assert numbers(await view(mei, "closed")) == [refused.number]
    page = await view(mei, "decided")
    assert numbers(page) == [granted.number, refused.number], "the last one first"
    assert "decided" not in counts(page), "what is done is no number of things to do"
    assert 'name="ticket"' not in page.text, "nothing is done with what is finished"
    assert numbers(await view(boss, "decided")) == []
    await office.world.work()
    assert numbers(await view(boss, "closed")) == [granted.number, refused.number]
    assert numbers(await view(boss, "closed&holder=mei&kind=deletion")) == []
    export = await boss.get("/console/inbox/export?view=closed")
    assert refused.number in export.text
    assert (await mei.get("/console/inbox?view=closed&sort=due")).status == 404

    office.clock.move(timedelta(days=CLOSED_DAYS, minutes=1))
    mei = await office.signed_in("mei")
    assert numbers(await view(mei, "closed")) == []
    assert numbers(await view(mei, "decided")) == [granted.number, refused.number]


async def test_closed_requests_continue_after_the_last_row(office: Office, mei: Browser) -> None:
    first = await copy_of_data(office)
    staff = office.world.services.staff.decisions
    await staff.refuse(first.number, "mei", ground=Ground.LAW, reason="It is kept.")
    closed = await office.world.services.staff.tickets.by_number(first.number)
    assert closed.closed_at is not None
    for hours in range(PAGE):
        at = closed.closed_at - timedelta(hours=hours // 2)
        await another(office, replace(closed, closed_at=at, answered_at=at))
    for name in ("closed", "decided"):
        page = await view(mei, name)
        link = re.search(r'<a class="button" href="([^"]+)">Next page<', page.text)
        assert link is not None
        rest = await mei.get(unescape(link[1]))
        assert len({*numbers(page), *numbers(rest)}) == PAGE + 1


async def test_what_is_closed_shows_nothing_of_a_child_s_files(office: Office) -> None:
    _, ticket = await guardian(office)
    await office.world.services.staff.decisions.refuse(
        ticket.number, "lao-zhou", ground=Ground.LAW, reason="It is kept."
    )
    (file,) = await office.world.services.store.reader.evidence_of(ticket.id)
    mei = await office.signed_in("mei")
    page = await view(mei, "closed")
    assert numbers(page) == [ticket.number]
    assert file.name not in page.text
    case = f"/console/tickets/{ticket.number}"
    assert f"{case}/files/" not in (await mei.get(case)).text
    for who in ("mei", "lao-zhou"):
        browser = await office.signed_in(who)
        await browser.get(case)
        answer = await browser.get(f"{case}/files/{file.id.hex()}")
        assert answer.status in {403, 404, 410}


async def test_who_is_in_danger_stands_first_and_marked(office: Office, mei: Browser) -> None:
    await enter(office, "lin", {"choose": "desk:human"})
    office.world.clock.move(timedelta(minutes=1))
    wu = await enter(office, "wu", {"user": "有个网友知道我地址 现在在我家门口敲门"})
    assert wu.session is not None
    page = await mei.get("/console/inbox?view=queue")
    rows = re.findall(r'class="talk-row[^"]*".*?</a>', page.text, re.DOTALL)
    assert [">In danger<" in row for row in rows] == [True, False]
    home = await mei.get("/console/")
    assert home.text.count(">In danger<") == 2
    case = await mei.get(f"/console/conversations/{wu.session.conversation.hex()}")
    assert "Told of danger since" in case.text
