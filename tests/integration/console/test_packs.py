"""Packs of evidence: their figures recounted from the logs, their files, and who may have them."""

from __future__ import annotations

import asyncio
import csv
import io
import random
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta
from statistics import median

import pypdfium2
import pytest
from tests.common.console_cases import NASTY, copy_of_data, guardian, log_of
from tests.common.console_client import Browser, Office
from tests.common.examining import open_files
from tests.common.past_requests import add_past_requests

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.deadlines import working_days_left
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.figures import FigureName
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.periods import Period, Preset
from privacydesk.domain.ticket import LogEntry, Requester, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.errors import UnavailableError
from privacydesk.ports import Changes, Job, Locks
from privacydesk.services.packs.evidence import Evidence, Progress
from privacydesk.services.packs.pack import Pack, Section
from privacydesk.services.packs.self_check import QUESTIONS
from privacydesk.services.packs.self_check_runs import SelfCheckRuns
from privacydesk.services.spreadsheets import Cell

FLAGS: tuple[set[str], ...] = (
    {"under_14", "minor"},
    {"exactly_14", "minor"},
    {"teen", "minor"},
    {"minor"},
    {"guardian", "minor", "under_14"},
    set(),
    {"hold"},
)
ACTS = ("evidence_opened", "files_asked", "files_allowed", "files_refused", "account_data_opened")
KINDS = (RequestKind.DELETION, RequestKind.ACCESS, RequestKind.GUARDIAN, RequestKind.COMPLAINT)
AGES = ("Under 14", "14 to 17", "Age unknown")


def age(ticket: Ticket) -> str:
    """Return the column of a ticket, by its flags alone; empty if it concerns no minor."""
    if "under_14" in ticket.flags:
        return "Under 14"
    if ticket.flags & {"exactly_14", "teen"}:
        return "14 to 17"
    concerns = "minor" in ticket.flags or ticket.requester is Requester.GUARDIAN
    return "Age unknown" if concerns else ""


async def add_tickets(office: Office, count: int) -> dict[TicketId, Ticket]:
    """Add tickets of this year and the last, half of them closed, with random acts of staff."""
    services, chance = office.world.services, random.Random(7)  # noqa: S311 - a seed repeats a run
    now, minter = services.clock.now(), services.console.minter
    home = ConversationId(minter.id(now))
    fresh = Conversation(home, minter.token(), now, version=1)
    opened = Event(1, now, Sender.SYSTEM, EventKind.TEXT, key="desk.menu", job_id="packs")
    tickets, log = [], []
    for place in range(count):
        received = now - timedelta(days=chance.randrange(1, 300), hours=chance.randrange(24))
        kind = chance.choice(KINDS)
        ticket = Ticket(
            id=TicketId(minter.id(received)),
            number=minter.ticket_number(),
            conversation_id=home,
            kind=kind,
            state=TicketState.IN_REVIEW,
            received_at=received,
            locale="en",
            flags=frozenset(chance.choice(FLAGS)),
            requester=Requester.GUARDIAN if kind is RequestKind.GUARDIAN else Requester.SUBJECT,
            verified_at=received,
        )
        if place % 9:
            ticket = services.deadlines.start_deadlines(ticket, received, received)
        log += [
            LogEntry(
                ticket.id,
                received + timedelta(hours=1 + step),
                chance.choice(("mei", "lao-zhou", "xiao-chen")),
                what := chance.choice(ACTS),
                data={"evidence": f"{chance.randrange(40):032x}"}
                if what == "evidence_opened"
                else {},
            )
            for step in range(chance.randrange(5))
        ]
        if chance.random() < 0.5:
            answered = received + timedelta(days=chance.randrange(1, 16))
            closing = chance.choice((Move.REFUSE, Move.WITHDRAW))
            ticket = move(ticket, closing, answered)
        tickets.append(ticket)
    changes = Changes(
        conversation=fresh, events=(opened,), tickets=tuple(tickets), ticket_log=tuple(log)
    )
    await services.store.writer.submit(Job("packs", Locks(home), lambda _rows: changes))
    return {ticket.id: ticket for ticket in tickets}


def table(section: Section) -> dict[str, tuple[Cell, ...]]:
    return {str(row[0]): row[1:] for row in section.rows}


def row(counts: Counter[str]) -> tuple[int, ...]:
    return (*(counts[one] for one in AGES), sum(counts[one] for one in AGES))


async def minors(office: Office, year: int) -> Pack:
    return await office.world.services.oversight.packs.minors(year, "en")


def local_year(office: Office, entry: LogEntry | Ticket) -> int:
    at = entry.received_at if isinstance(entry, Ticket) else entry.at
    return at.astimezone(office.world.services.deadlines.zone).year


@pytest.mark.parametrize("back", [0, 1])
async def test_the_audit_of_minors_equals_a_recount_from_the_logs(
    office: Office, back: int
) -> None:
    tickets = await add_tickets(office, 160)
    services = office.world.services
    year = services.deadlines.today(services.clock.now()).year - back
    received, answers, _, files, accesses = (await minors(office, year)).sections
    mine = [one for one in tickets.values() if age(one) and local_year(office, one) == year]
    assert mine
    for kind in KINDS:
        name = services.catalogs.text("en", f"kind.{kind.value}", {})
        counted = Counter(age(one) for one in mine if one.kind is kind)
        assert table(received).get(name, (0, 0, 0, 0)) == row(counted)
    assert table(received)["Total"] == row(Counter(map(age, mine)))
    now = services.clock.now()
    late = Counter(
        age(one)
        for one in mine
        if one.clocks and (one.answered_at or one.closed_at or now) >= one.clocks[0].due_at
    )
    assert table(answers)["Late"] == row(late)
    assert sum(int(table(answers)[name][3]) for name in list(table(answers))[:5]) == len(mine)

    entries = [
        (entry, tickets[ticket])
        for ticket in tickets
        for entry in await services.store.reader.ticket_log(ticket)
        if entry.what in ACTS and age(tickets[ticket])
    ]
    names = dict(zip(ACTS, ("Openings of files", *list(table(files))[5:]), strict=True))
    for act, name in names.items():
        acts = Counter(
            age(ticket)
            for entry, ticket in entries
            if entry.what == act and local_year(office, entry) == year
        )
        assert table(files)[name] == row(acts), name
    opened = [(e, t) for e, t in entries if e.what == ACTS[0] and local_year(office, e) == year]
    allowed = Counter(
        age(ticket)
        for entry, ticket in opened
        if any(
            other.what == "files_allowed" and other.at <= entry.at and same.id == ticket.id
            for other, same in entries
        )
    )
    assert sum(allowed.values())
    assert table(files)["of these, after a supervisor allowed it"] == row(allowed)
    assert table(files)["Different files opened"][3] == len(
        {entry.data["evidence"] for entry, _ in opened}
    )
    assert table(files)["People who opened files"][3] == len({entry.by for entry, _ in opened})
    in_year = [ticket.number for entry, ticket in entries if local_year(office, entry) == year]
    assert Counter(line[2] for line in accesses.rows) == Counter(in_year)


async def test_days_and_outcomes_equal_a_recount_from_the_tickets(office: Office) -> None:
    tickets = await add_tickets(office, 120)
    services = office.world.services
    year = services.deadlines.today(services.clock.now()).year
    pack = await minors(office, year)
    mine = [one for one in tickets.values() if age(one) and local_year(office, one) == year]
    refused = Counter(age(one) for one in mine if one.outcome == "refused")
    withdrawn = Counter(age(one) for one in mine if one.outcome == "withdrawn")
    assert table(pack.sections[2]) == {"Refused": row(refused), "Withdrawn": row(withdrawn)}
    calendar = services.deadlines.calendars.get("CN")
    zone = services.deadlines.zone

    def working_days(one: Ticket) -> int:
        assert one.answered_at is not None
        first = one.clocks[0].started_at.astimezone(zone).date()
        last = one.answered_at.astimezone(zone).date()
        days = (first + timedelta(days=past) for past in range(1, (last - first).days + 1))
        return sum(calendar.day(day).working for day in days)

    taken = [working_days(one) for one in mine if one.answered_at and one.clocks]
    shown = table(pack.sections[1])
    assert float(str(shown["Working days to reply, median"][3])) == median(taken)
    assert shown["Working days to reply, longest"][3] == max(taken)


async def test_the_audit_of_minors_is_the_same_before_and_after_the_purge(office: Office) -> None:
    """Of each request that is closed, only the record is left; and every look at a file."""
    await add_tickets(office, 160)
    _, real = await guardian(office)
    services = office.world.services
    await open_files(services.staff, real.number, "mei")
    await services.staff.decisions.refuse(
        real.number, "mei", ground=Ground.RIGHTS_OF_OTHERS, reason="They show others."
    )
    office.clock.move(timedelta(days=60))
    await office.world.work()
    await services.maintenance.sealer.seal_pending()
    year = services.deadlines.today(services.clock.now()).year
    before = [(await minors(office, one)).sections for one in (year, year - 1)]
    report = await services.maintenance.retention.run(by="operator")
    assert real.number in report.requests
    assert len(report.requests) > 40
    assert (await services.staff.tickets.by_number(real.number)).account == ""
    await services.maintenance.sealer.seal_pending()
    assert [(await minors(office, one)).sections for one in (year, year - 1)] == before
    opened = table(before[0][3])["of these, after a supervisor allowed it"]
    assert opened[3]


# -- the self-check ----------------------------------------------------------------------------


def facts_of(pack: Pack) -> dict[str, str]:
    """Return the facts of all items of a self-check."""
    return {str(row[0]): str(row[1]) for section in pack.sections[1:-1] for row in section.rows}


def standing_out(pack: Pack) -> set[str]:
    return {str(row[0]) for row in pack.sections[0].rows}


async def self_check(office: Office) -> Pack:
    services = office.world.services
    period = services.oversight.reports.period_for(Preset.THIS_YEAR)
    return await services.oversight.packs.self_check(period, "en")


async def test_a_self_check_states_what_the_records_show(office: Office) -> None:
    services = office.world.services
    numbers = await add_past_requests(services, 80)
    _, child = await guardian(office)
    tickets = [await services.staff.tickets.by_number(one) for one in (*numbers, child.number)]
    pack = await self_check(office)
    facts, report = (
        facts_of(pack),
        await services.oversight.reports.report(
            services.oversight.reports.period_for(Preset.THIS_YEAR)
        ),
    )
    assert facts["Requests received"].startswith(f"{len(tickets)} (")
    answered = [one for one in tickets if one.answered_at is not None]
    refused = sum(len(one.grounds) for one in answered)
    assert facts["Refused parts, by ground"].startswith(f"{refused} (")
    assert facts["Refused requests without a recorded ground"] == "0"
    on_time = report.figure(FigureName.ON_TIME)
    counted = on_time.share_counts(on_time.totals)
    assert counted is not None
    assert facts["Answered on time"] == f"{counted[0]} of {counted[1]}"
    calendar, zone = services.deadlines.calendars.get("CN"), services.deadlines.zone
    taken = [
        working_days_left(
            calendar,
            one.clocks[0].started_at.astimezone(zone).date(),
            one.answered_at.astimezone(zone).date(),
        )
        for one in answered
        if one.answered_at is not None and one.clocks
    ]
    assert facts["Working days to the answer, longest"] == str(max(taken))
    assert float(facts["Working days to the answer, median"]) == median(taken)
    now = services.clock.now()
    overdue = [one for one in tickets if one.is_open and one.clocks and one.is_late(now)]
    assert facts["Overdue and unanswered"] == str(len(overdue))
    assert facts["Requests that concern minors"] == "1 (Under 14: 1)"
    assert facts["Mail"] == "not set up"
    assert facts["Check of the audit"] == facts["Check of the receipts"] == "sound"
    assert counted[0] < counted[1]
    assert {"Answered on time", "Recipients whom no notice reached"} <= standing_out(pack)
    assert not {"Check of the audit", "Mail", "Requests received"} & standing_out(pack)
    questions = pack.sections[-1]
    assert len(questions.rows) == len(QUESTIONS)
    assert {cell for row in questions.rows for cell in row[1:]} == {""}


async def test_a_self_check_says_what_is_due_for_deletion_and_whether_runs_are_missing(
    office: Office,
) -> None:
    services = office.world.services
    await copy_of_data(office)
    (ticket,) = await services.store.reader.list_tickets(limit=10)
    await services.staff.decisions.refuse(
        ticket.number, "lao-zhou", ground=Ground.RIGHTS_OF_OTHERS, reason="They show others."
    )
    due = "Due for deletion now (requests and conversations)"
    runs = "Runs that delete what has expired"
    assert facts_of(await self_check(office))[due] == "0"
    office.clock.move(timedelta(days=60))
    pack = await self_check(office)
    assert facts_of(pack)[due] != "0"
    assert {due, runs} <= standing_out(pack)
    await services.maintenance.retention.run(by="clock")
    pack = await self_check(office)
    facts = facts_of(pack)
    assert (facts[due], facts[runs]) == ("0", "1")
    assert facts["Requests whose content was deleted"] == "1"
    assert not {due, runs} & standing_out(pack)


async def test_a_self_check_finds_an_audit_that_was_tampered_with(office: Office) -> None:
    services = office.world.services
    _, ticket = await copy_of_data(office)
    await services.staff.handling.claim(ticket.number, "mei")
    await services.maintenance.sealer.seal_pending()
    path = services.settings.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as hand, hand:
        hand.execute("UPDATE audit SET what = 'exported' WHERE seq = 1")
    pack = await self_check(office)
    assert facts_of(pack)["Check of the audit"] == "faulty"
    assert "Check of the audit" in standing_out(pack)


@pytest.mark.parametrize(
    ("language", "title"),
    [("zh-CN", "服务台自查"), ("zh-TW", "服務台自查"), ("en", "Self-check of the desk")],
)
async def test_the_self_check_is_a_page_and_two_files_in_each_language(
    office: Office, language: str, title: str
) -> None:
    boss = await office.signed_in("he-an")
    page = await boss.client.get(
        "/console/reports/self-check", headers={"Accept-Language": language}
    )
    assert page.status == 200
    assert f"<h1>{title}</h1>" in await page.text()
    days = "first=2026-01-01&last=2026-03-31"
    sheet = await taken(boss, f"/console/reports/self-check/csv?{days}", language)
    assert rows_of(sheet)[0] == [title]
    paper = await taken(boss, f"/console/reports/self-check/pdf?{days}", language)
    assert title in text_of(paper)
    done = [dict(one.detail) for one in await exports(office)]
    about = {"pack": "self_check", "days": "2026-01-01 2026-03-31"}
    assert sorted(done, key=str) == [{**about, "format": one} for one in ("csv", "pdf")]
    refused = await boss.get("/console/reports/self-check?first=2026-02-02&last=2026-02-01")
    assert refused.status == 400
    mei = await office.signed_in("mei")
    assert (await mei.get("/console/reports/self-check")).status == 403
    assert (await mei.get("/console/reports/self-check/csv")).status == 403


async def test_a_self_check_that_takes_long_shows_how_far_it_is_and_then_itself(
    office: Office,
) -> None:
    packs, clock = office.world.services.oversight.packs, office.world.clock
    period = office.world.services.oversight.reports.period_for(Preset.THIS_YEAR)
    collect, begun = packs._collect, 0
    goes_on = asyncio.Event()

    async def slowly(asked: Period, progress: Progress) -> Evidence:
        nonlocal begun
        begun += 1
        progress.done = 3
        await goes_on.wait()
        return await collect(asked, progress)

    boss = await office.signed_in("he-an")
    packs.self_checks = SelfCheckRuns(slowly, clock)
    async with packs.self_checks:
        for _ in range(2):
            page = await boss.get("/console/reports/self-check")
            assert '<progress max="9" value="3"' in page.text
            assert 'http-equiv="refresh"' in page.text
        goes_on.set()
        made = await packs.self_checks.evidence(period)
        page = await boss.get("/console/reports/self-check")
        assert "<progress" not in page.text
        assert "Requests received" in page.text
        # The page and its files show the same, until it is old.
        assert (await packs.self_checks.evidence(period)) is made
        assert begun == 1
        clock.move(timedelta(minutes=3))
        assert (await packs.self_checks.evidence(period)) is not made
        assert begun == 2


async def test_a_self_check_that_failed_is_tried_again(office: Office) -> None:
    clock, tries = office.world.clock, 0
    period = office.world.services.oversight.reports.period_for(Preset.THIS_YEAR)

    async def collect(_asked: Period, _progress: Progress) -> Evidence:
        nonlocal tries
        tries += 1
        raise UnavailableError("the database is busy")

    runs = SelfCheckRuns(collect, clock)
    async with runs:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await runs.look(period)
    assert tries == 2


def rows_of(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def text_of(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


async def exports(office: Office) -> list[AuditEntry]:
    trail = office.world.services.maintenance.trail
    entries = await trail.entries(what="pack_exported", limit=100)
    return [one.entry for one in reversed(entries)]


async def taken(browser: Browser, path: str, language: str = "en") -> bytes:
    answer = await browser.client.get(path, headers={"Accept-Language": language})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return await answer.read()


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("zh-CN", "未成年人个人信息年度审计"),
        ("zh-TW", "未成年人個人資料年度審計"),
        ("en", "Yearly audit of minors’ data"),
    ],
)
async def test_each_file_is_whole_in_each_language_and_audited(
    office: Office, language: str, title: str
) -> None:
    _, ticket = await guardian(office)
    boss = await office.signed_in("he-an")
    year = office.world.services.deadlines.today(office.world.clock.now()).year
    sheet = await taken(boss, f"/console/reports/minors/csv?year={year}", language)
    assert rows_of(sheet)[0] == [title]
    paper = await taken(boss, f"/console/reports/minors/pdf?year={year}", language)
    assert title in text_of(paper)
    paper = await taken(boss, f"/console/tickets/{ticket.number}/case-file/pdf", language)
    assert ticket.number in text_of(paper)
    done = [(one.by, one.ticket_id, dict(one.detail)) for one in await exports(office)]
    whole = {"pack": "minors", "days": str(year)}
    assert sorted(done, key=str) == sorted(
        [
            ("he-an", None, {**whole, "format": "csv"}),
            ("he-an", None, {**whole, "format": "pdf"}),
            ("he-an", ticket.id, {"pack": "case", "format": "pdf"}),
        ],
        key=str,
    )


async def test_a_case_file_holds_no_words_unless_there_is_a_reason(office: Office) -> None:
    _, ticket = await guardian(office)
    mei = await office.signed_in("mei")
    path = f"/console/tickets/{ticket.number}/case-file"
    spoken = {NASTY, "wangfang@example.com"}
    bare = (await taken(mei, f"{path}/csv")).decode()
    page = await mei.get(path)
    assert page.status == 200
    assert not any(one in bare or one in page.text for one in spoken)
    assert ticket.contact not in bare

    refused = await mei.post(path, {"format": "csv", "text": " "})
    assert refused.status == 400
    assert "Give a reason" in refused.said
    await mei.get(path)
    full = (await mei.post(path, {"format": "csv", "text": "a court asks"})).text
    assert NASTY in full.replace('""', '"')
    assert [(e.by, e.why) for e in await log_of(office, ticket) if e.what == "words_exported"] == [
        ("mei", "a court asks")
    ]
    packs = Counter(one.detail["pack"] for one in await exports(office))
    assert packs == {"case": 1, "case_with_words": 1}
    assert "a court asks" not in str(await exports(office))


async def test_a_record_has_a_case_file_and_no_words(office: Office) -> None:
    services = office.world.services
    player, ticket = await copy_of_data(office)
    await player.step({"user": "withdraw it"})
    await player.step({"choose": "yes"})
    office.world.clock.move(timedelta(days=40))
    await services.maintenance.retention.run(by="operator")
    closed = await services.staff.tickets.by_number(ticket.number)
    assert closed.purged_at is not None
    lao_zhou = await office.signed_in("lao-zhou")
    path = f"/console/tickets/{ticket.number}/case-file"
    page = await lao_zhou.get(path)
    assert "Withdrawn" in page.text
    assert "<form" not in page.text.partition("<main")[2].partition("</main")[0]
    assert (await lao_zhou.post(path, {"format": "csv", "text": "why"})).status == 409
    rows = rows_of(await taken(lao_zhou, f"{path}/csv"))
    assert ["Log", "Place", "Signed"] in rows


async def test_who_supervises_or_audits_sees_the_audit_of_minors(office: Office) -> None:
    mei = await office.signed_in("mei")
    assert (await mei.get("/console/reports/minors")).status == 403
    assert (await mei.get("/console/reports/minors/csv")).status == 403
    boss = await office.signed_in("lao-zhou")
    assert "/console/reports/minors" in (await boss.get("/console/reports")).text
    for query in ("year=1999", "year=2999", "year=x"):
        assert (await boss.get(f"/console/reports/minors?{query}")).status == 400
    assert (await boss.get("/console/reports/minors/doc")).status == 404
    assert await exports(office) == []


async def test_the_report_of_a_period_has_the_figures_of_the_page(office: Office) -> None:
    numbers = await add_past_requests(office.world.services, 80)
    services = office.world.services
    boss = await office.signed_in("he-an")
    rows = rows_of(await taken(boss, "/console/reports/period/csv?period=last_30_days"))
    assert ["Requests received", str(len(numbers))] in rows
    tickets = [await services.staff.tickets.by_number(number) for number in numbers]
    answered = [one for one in tickets if one.answered_at is not None]
    assert ["Requests answered", str(len(answered))] in rows
    refused = sum(len(one.grounds) for one in answered)
    assert refused
    place = rows.index(["Refusals by ground"])
    total = next(row for row in rows[place:] if row[:1] == ["Total"])
    assert total == ["Total", str(refused)]
    for figure in FigureName:
        page = rows_of(await taken(boss, f"/console/reports/{figure}/csv?period=last_30_days"))
        if any(row == page[1] for row in rows):
            assert all(row in rows for row in page)
        else:
            assert ["Nothing was counted in this period."] in rows
    assert text_of(await taken(boss, "/console/reports/period/pdf?period=last_month", "zh-CN"))
    mei = await office.signed_in("mei")
    assert (await mei.get("/console/reports/period/csv")).status == 403
    assert [one.detail["pack"] for one in await exports(office)] == ["period", "period"]
