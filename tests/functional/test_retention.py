"""What was kept for its period goes and is found nowhere; the record stays and still answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.common.databases import by_hand
from tests.common.stories import PROFILE, Player, World, open_world

from privacydesk.app import ExternalServices, open_services
from privacydesk.cli import ticket_text
from privacydesk.domain.agents import Role
from privacydesk.domain.audit import SealedEntry
from privacydesk.domain.events import EventKind
from privacydesk.domain.retention import RetentionReport
from privacydesk.domain.ticket import Outcome, Ticket
from privacydesk.domain.work import Work
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError
from privacydesk.services.retention_run import Retention
from privacydesk.storage import tables
from privacydesk.storage.audit import CHAIN_KEY
from privacydesk.storage.rows.binding import ROWS_KEY
from privacydesk.storage.sealing import Seal
from privacydesk.storage.store import SqlStore

ABOUT_THE_FILE = pytest.mark.sqlite("what its file holds is searched, byte by byte")

DAY = timedelta(days=1)
RARE = "鎏金犀牛"
"""Said by everybody, and by nobody else."""


@dataclass
class Seen:
    """Every value that was ever sealed with the rare word in it, as it went to the database."""

    sealed: list[bytes] = field(default_factory=list)

    def left_in(self, folder: Path) -> list[str]:
        """Return the files in which something of it is found, sealed or not."""
        found = []
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                raw = file.read_bytes()
                bare = RARE.encode() in raw or RARE.encode("utf-16-le") in raw
                # Nonce and the first bytes tell one sealed value from all others, also where the
                # rest of it lies on another page.
                if bare or any(one[:28] in raw for one in self.sealed):
                    found.append(file.name)
        return found


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    noted = Seen()
    plain = Seal.seal

    def seal(self: Seal, aad: bytes, value: bytes) -> bytes:
        sealed = plain(self, aad, value)
        if RARE.encode() in value:
            noted.sealed.append(sealed)
        return sealed

    monkeypatch.setattr(Seal, "seal", seal)
    return noted


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


def retention_of(world: World) -> Retention:
    return world.services.maintenance.retention


async def run(world: World) -> RetentionReport:
    return await retention_of(world).run(by="operator")


def nothing(tally: RetentionReport) -> bool:
    return not (tally.messages or tally.requests or tally.files or tally.erased)


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that the database holds, but for the note that a run was made."""
    with by_hand(folder) as database:
        names = set(tables.metadata.tables) - {"audit", "chore"}
        rows = {name: database.execute(f"SELECT * FROM {name}") for name in names}  # noqa: S608 - names from the schema
        return {name: sorted(found, key=repr) for name, found in rows.items()}


def damage(folder: Path, conversation: bytes) -> None:
    """Leave nothing of a conversation's state that could be opened."""
    with by_hand(folder) as database:
        database.execute("UPDATE conversation SET state = ? WHERE id = ?", (b"\0", conversation))


async def complaint(world: World, person: str = "chen-jiahao") -> Player:
    """Return somebody who has complained, with a file, in the rare word."""
    player = Player(world, world.people[person], "zh_Hant")
    await player.start()
    await player.step({"user": f"你好，我想說{RARE}"})
    world.clock.move(timedelta(minutes=1))
    for step in (
        {"choose": "desk:leave_queue"},
        {"choose": "desk:menu"},
        {"choose": "complaint"},
        {"choose": "leak"},
        {"user": f"有人拿著{RARE}去借錢"},
        {"bot": "collect_evidence.complaint"},
        {"upload": f"{RARE}.png"},
        {"choose": "desk.ask_done"},
        {"ticket": {"kind": "complaint", "state": "in_review"}},
    ):
        await player.step(step)
    return player


async def ticket_of(player: Player) -> Ticket:
    return (await player.tickets())[0]


async def answered(world: World, player: Player) -> Ticket:
    """Have the open request worked on and closed, with the rare word everywhere."""
    number = (await ticket_of(player)).number
    staff = world.services.staff
    await staff.handling.claim(number, "mei")
    await staff.handling.reply(number, "mei", f"我們在看{RARE}")
    await staff.handling.add_note(number, "mei", f"備註{RARE}")
    await staff.escalations.escalate(number, "mei", f"{RARE}怎麼辦")
    await staff.escalations.answer(number, "lao-zhou", f"{RARE}照辦")
    await staff.handling.ask_requester(number, "mei", f"請再說說{RARE}")
    await player.step({"agent": {"resolve": f"關於{RARE}，我們已經處理"}})
    await world.work()
    return await ticket_of(player)


async def closed(world: World) -> tuple[Player, Ticket]:
    player = await complaint(world)
    return player, await answered(world, player)


async def reread(world: World, number: str) -> Ticket:
    found = await world.services.store.reader.ticket_by_number(number)
    assert found is not None
    return found


@ABOUT_THE_FILE
async def test_a_word_of_a_closed_request_is_found_nowhere_after_its_period(
    tmp_path: Path, world: World, seen: Seen, logs: list[Any]
) -> None:
    player, ticket = await closed(world)
    for step in ({"choose": "not_satisfied"}, {"choose": "other"}, {"user": f"太慢了{RARE}"}):
        await player.step(step)
    await player.step({"user": f"謝謝{RARE}"})
    assert len(seen.sealed) > 20
    assert seen.left_in(tmp_path)
    world.clock.move(29 * DAY)
    assert nothing(await run(world))
    world.clock.move(2 * DAY)
    preview = await retention_of(world).preview()
    assert seen.left_in(tmp_path)
    done = await run(world)
    assert done == preview
    assert done.requests == (ticket.number,)
    assert (done.files, done.conversations, done.erased) == (1, 1, 0)
    assert seen.left_in(tmp_path) == []
    assert RARE not in repr(logs)


async def test_offsets_stay_as_blanks_and_clients_drop_their_copies(world: World) -> None:
    player, _ = await closed(world)
    assert player.session is not None
    before = player.session.epoch
    said = len(player.events)
    world.clock.move(31 * DAY)
    await run(world)
    fresh = Player(world, player.person, "zh_Hant")
    await fresh.start()
    assert fresh.session is not None
    assert fresh.session.epoch != before
    assert [event.offset for event in fresh.events] == list(range(1, said + 2))
    assert {event.kind for event in fresh.events} == {EventKind.BLANK}
    assert not any(event.text or event.data or event.choices for event in fresh.events)
    fresh.jobs = 900
    await fresh.step({"choose": "desk:menu"})
    assert fresh.events[-1].text


async def test_the_record_stays_the_same_and_holds_no_content(world: World) -> None:
    _, ticket = await closed(world)
    world.clock.move(31 * DAY)
    await run(world)
    kept = await reread(world, ticket.number)
    assert kept.purged_at == world.clock.now()
    for name in (
        "id", "number", "kind", "state", "received_at", "verified_at", "answered_at", "closed_at",
        "outcome", "holder", "account_hash", "contact_hash", "clocks", "requester", "flags",
    ):  # fmt: skip
        assert getattr(kept, name) == getattr(ticket, name), name
    assert (kept.account, kept.contact, kept.answers, kept.work) == ("", "", {}, Work())
    assert [item.decision for item in kept.items] == [item.decision for item in ticket.items]
    assert not any(item.detail or item.reason for item in kept.items)
    case = await world.services.staff.tickets.details(ticket.number)
    assert case.evidence == ()
    assert [entry.what for entry in case.log][-1] == "purged"
    assert {"claim", "reply", "ask_requester"} < {entry.what for entry in case.log}
    assert not any(entry.why for entry in case.log)
    shown = ticket_text.TicketFormatter(world.services.deadlines, world.clock.now()).full_record(
        case
    )
    assert RARE not in json.dumps(shown, ensure_ascii=False, default=str)


async def test_a_ground_of_refusal_stays_in_the_record(world: World) -> None:
    player = await complaint(world)
    number = (await ticket_of(player)).number
    await player.step({"agent": {"refuse": {"ground": "rights_of_others", "reason": RARE}}})
    world.clock.move(31 * DAY)
    await run(world)
    kept = await reread(world, number)
    assert kept.outcome is Outcome.REFUSED
    assert {item.ground and item.ground.value for item in kept.items} == {"rights_of_others"}
    assert {item.reason for item in kept.items} == {""}


async def test_a_second_run_changes_nothing(tmp_path: Path, world: World) -> None:
    await closed(world)
    world.clock.move(31 * DAY)
    await run(world)
    first = contents(tmp_path)
    assert nothing(await run(world))
    assert contents(tmp_path) == first


async def test_an_open_request_keeps_what_was_said_since_it_began(world: World) -> None:
    player = await complaint(world)
    world.clock.move(40 * DAY)
    await run(world)
    texts = [event.text for event in (await reopened(world, player)).events]
    assert any(RARE in text and "借錢" in text for text in texts)
    assert not any("你好" in text for text in texts)
    assert (await reread(world, (await ticket_of(player)).number)).answers


async def reopened(world: World, player: Player) -> Player:
    again = Player(world, player.person, player.locale, jobs=player.jobs + 1000)
    again.credentials = player.credentials
    await again.start()
    return again


async def test_a_legal_hold_keeps_everything_until_it_is_released(
    tmp_path: Path, world: World, seen: Seen
) -> None:
    _, ticket = await closed(world)
    holds = world.services.staff.holds
    with pytest.raises(DeskError):
        await holds.set_hold(ticket.number, "mei", "a court asks")
    await holds.set_hold(ticket.number, "lao-zhou", "a court asks")
    with pytest.raises(NotAllowedNowError):
        await holds.set_hold(ticket.number, "lao-zhou", "again")
    world.clock.move(90 * DAY)
    # What was said before the request is about the same account.
    done = await run(world)
    assert (done.requests, done.held, done.files) == ((), (ticket.number,), 0)
    assert done.messages == 0
    case = await world.services.staff.tickets.details(ticket.number)
    assert case.ticket.answers
    assert case.evidence
    assert any(entry.why == "a court asks" for entry in case.log)
    await holds.clear_hold(ticket.number, "lao-zhou", "the court has decided")
    done = await run(world)
    assert (done.requests, done.held) == ((ticket.number,), ())
    assert seen.left_in(tmp_path) == []
    with pytest.raises(NotAllowedNowError):
        await holds.set_hold(ticket.number, "lao-zhou", "too late")


async def test_an_open_objection_keeps_the_request_it_is_about(
    tmp_path: Path, world: World, seen: Seen
) -> None:
    player, ticket = await closed(world)
    world.clock.move(10 * DAY)
    player = await reopened(world, player)
    for step in (
        {"choose": "desk:menu"},
        {"choose": "complaint"},
        {"choose": "answer"},
        {"user": "1"},
        {"user": f"還是{RARE}"},
        {"choose": "yes"},
        {"ticket": {"kind": "complaint", "flags": ["objection"], "state": "in_review"}},
    ):
        await player.step(step)
    second = await ticket_of(player)
    assert second.linked == ticket.id
    world.clock.move(40 * DAY)
    done = await run(world)
    assert (done.requests, done.objected) == ((), (ticket.number,))
    assert (await reread(world, ticket.number)).answers
    player = await reopened(world, player)
    # Both who are there had a hand in the first decision.
    await world.services.staff.roster.add("wing", "", Role.AGENT)
    await world.services.refresh_agents()
    await player.step({"agent": {"resolve": f"再看了{RARE}"}})
    world.clock.move(29 * DAY)
    assert (await run(world)).objected == (ticket.number,)
    world.clock.move(2 * DAY)
    done = await run(world)
    assert set(done.requests) == {ticket.number, second.number}
    assert seen.left_in(tmp_path) == []


async def test_talk_goes_together_a_period_after_its_last_message(world: World) -> None:
    player = Player(world, world.people["chen-jiahao"], "zh_Hant")
    await player.start()
    await player.step({"user": f"一{RARE}"})
    world.clock.move(DAY - timedelta(hours=1))
    await (player := await reopened(world, player)).step({"user": f"二{RARE}"})
    world.clock.move(10 * DAY)
    await (player := await reopened(world, player)).step({"user": f"三{RARE}"})
    world.clock.move(20 * DAY - timedelta(minutes=1))
    assert nothing(await run(world))
    world.clock.move(timedelta(minutes=2))
    assert (await run(world)).messages
    left = [event.text for event in (await reopened(world, player)).events if RARE in event.text]
    assert left == [f"三{RARE}"]


async def test_an_open_form_goes_with_the_talk_it_was_part_of(
    tmp_path: Path, world: World, seen: Seen
) -> None:
    player = Player(world, world.people["chen-jiahao"], "zh_Hant")
    await player.start()
    for step in (
        {"choose": "desk:menu"},
        {"choose": "complaint"},
        {"choose": "leak"},
        {"user": f"有人拿著{RARE}去借錢"},
        {"upload": f"{RARE}.png"},
    ):
        await player.step(step)
    world.clock.move(31 * DAY)
    done = await run(world)
    assert (done.files, done.requests) == (1, ())
    assert player.session is not None
    state = await world.services.store.reader.conversation(player.session.conversation)
    assert state is not None
    assert (state.stack, state.prompt, state.pending_requests, state.verifications) == (
        (),
        None,
        (),
        (),
    )
    assert seen.left_in(tmp_path) == []


async def test_an_anonymous_conversation_goes_as_a_whole_with_its_key(
    tmp_path: Path, world: World, seen: Seen
) -> None:
    player = Player(world, None, "zh_Hant")
    await player.start()
    await player.step({"user": f"你好{RARE}"})
    await player.step({"choose": "desk:leave_queue"})
    world.clock.move(31 * DAY)
    done = await run(world)
    assert (done.erased, done.conversations) == (1, 0)
    left = contents(tmp_path)
    for table in ("conversation", "event", "conversation_key", "data_key", "outbox", "evidence"):
        # The desk's own keys stay: of the audit, and of the rows' digests.
        rows = [row for row in left[table] if not {CHAIN_KEY, ROWS_KEY} & set(row)]
        assert rows == [], table
    assert seen.left_in(tmp_path) == []
    assert player.session is not None
    old = player.session.conversation
    with pytest.raises(DeskError) as gone:
        await player.open()
    assert gone.value.code is ErrorCode.UNAUTHENTICATED
    # So the page forgets whoever was here, and begins anew.
    fresh = Player(world, None, "zh_Hant")
    await fresh.start()
    assert fresh.session is not None
    assert fresh.session.conversation != old


async def test_whoever_waits_for_a_person_keeps_what_they_said(world: World) -> None:
    player = Player(world, world.people["chen-jiahao"], "zh_Hant")
    await player.start()
    await player.step({"user": f"找真人客服，{RARE}"})
    await player.step({"owner": "queue"})
    world.clock.move(40 * DAY)
    assert nothing(await run(world))
    assert any(RARE in event.text for event in (await reopened(world, player)).events)


async def test_the_list_of_own_requests_still_shows_the_record_a_year_later(world: World) -> None:
    player, ticket = await closed(world)
    world.clock.move(31 * DAY)
    await run(world)
    world.clock.move(335 * DAY)
    again = await reopened(world, player)
    await again.step({"user": "查詢進度"})
    cards = [event.data["ticket"] for event in again.events if event.kind is EventKind.TICKET]
    assert [card["number"] for card in cards] == [ticket.number]
    assert cards[0]["outcome"] == "fulfilled"


async def test_another_account_does_not_see_the_record(world: World) -> None:
    _, ticket = await closed(world)
    world.clock.move(31 * DAY)
    await run(world)
    other = Player(world, world.people["lin-xiaoyu"], "zh_Hans")
    await other.start()
    await other.step({"user": f"查询 {ticket.number}"})
    assert not any(event.kind is EventKind.TICKET for event in other.events)


async def test_one_process_a_day_does_it(tmp_path: Path, world: World) -> None:
    await closed(world)
    world.clock.move(31 * DAY)
    async with beside(tmp_path, world) as other:
        runs = await asyncio.gather(
            retention_of(world).run_if_due(), other.run_if_due(), retention_of(world).run_if_due()
        )
        assert [one is not None for one in runs].count(True) == 1
        world.clock.move(DAY - timedelta(minutes=1))
        assert await other.run_if_due() is None
        world.clock.move(timedelta(minutes=1))
        assert await other.run_if_due() is not None


async def test_a_run_that_was_killed_is_taken_up_by_another_process(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ticket = await closed(world)
    world.clock.move(31 * DAY)
    with monkeypatch.context() as broken:

        async def die(*_: object, **__: object) -> None:
            raise asyncio.CancelledError

        broken.setattr(Retention, "_process", die)
        with pytest.raises(asyncio.CancelledError):
            await retention_of(world).run_if_due()
    async with beside(tmp_path, world) as other:
        assert await other.run_if_due() is None
        world.clock.move(timedelta(hours=1))
        done = await other.run_if_due()
    assert done is not None
    assert done.requests == (ticket.number,)


async def test_a_conversation_that_cannot_be_read_keeps_no_other(
    tmp_path: Path, world: World, logs: list[Any]
) -> None:
    players = [await complaint(world, person) for person in ("chen-jiahao", "lin-xiaoyu")]
    numbers = {(await answered(world, player)).number for player in players}
    first = min(player.session.conversation for player in players if player.session)
    damage(tmp_path, first)
    world.clock.move(31 * DAY)
    previewed = await retention_of(world).preview()
    done = await run(world)
    assert done.failed == previewed.failed == (first.hex(),)
    assert len(done.requests) == 1
    assert set(done.requests) < numbers
    assert [one["conversation"] for one in logs if one["event"] == "retention_failed"][-1:] == [
        first.hex()
    ]


async def test_a_desk_beside_it_goes_on_from_the_new_state(tmp_path: Path, world: World) -> None:
    player, _ = await closed(world)
    await player.step({"user": f"謝謝{RARE}"})
    assert player.session is not None
    world.clock.move(31 * DAY)
    async with beside(tmp_path, world) as other:
        assert (await other.run(by="operator")).messages
    # This process has the old state at hand, and must not write it back.
    again = await reopened(world, player)
    await again.step({"user": "早安"})
    state = await world.services.store.reader.conversation(player.session.conversation)
    assert state is not None
    assert state.epoch != player.session.epoch
    assert not any(RARE in event.text for event in again.events)


@asynccontextmanager
async def beside(folder: Path, world: World) -> AsyncIterator[Retention]:
    """Open the same database in services of its own, as another process would."""
    store = world.services.store
    assert isinstance(store, SqlStore)
    settings = world.services.settings
    async with open_services(
        settings,
        ExternalServices(world.accounts, world.codes),
        profile=world.services.profile,
        clock=world.clock,
    ) as services:
        yield services.maintenance.retention


async def test_runs_holds_and_what_goes_are_audited(world: World) -> None:
    _, ticket = await closed(world)
    await world.services.staff.holds.set_hold(ticket.number, "lao-zhou", RARE)
    await world.services.staff.holds.clear_hold(ticket.number, "lao-zhou", RARE)
    world.clock.move(31 * DAY)
    await run(world)
    trail = world.services.maintenance.trail
    await world.services.maintenance.sealer.seal_pending()
    found: tuple[SealedEntry, ...] = await trail.entries()
    told = {(one.entry.by, one.entry.what) for one in found}
    assert told >= {
        ("mei", "claim"), ("mei", "reply"), ("mei", "grant"), ("lao-zhou", "hold"),
        ("lao-zhou", "hold_released"), ("operator", "purged"), ("operator", "retention_run"),
    }  # fmt: skip
    assert RARE not in repr(found)
    assert (await trail.check()).fault is None


async def test_the_operators_period_counts(tmp_path: Path) -> None:
    async with open_world(tmp_path, {**PROFILE, "retention_days": 60}) as world:
        _, ticket = await closed(world)
        world.clock.move(59 * DAY)
        assert nothing(await run(world))
        world.clock.move(2 * DAY)
        assert (await run(world)).requests == (ticket.number,)


async def test_whoever_has_no_account_finds_the_record_by_its_number_and_their_contact(
    world: World,
) -> None:
    anonymous = Player(world, None, "zh_Hans")
    await anonymous.start()
    for step in (
        {"user": "我要投诉"},
        {"choose": "leak"},
        {"user": f"有人卖{RARE}"},
        {"user": "nobody@example.com"},
        {"code": "right"},
        {"choose": "collect_evidence.nothing_to_add"},
        {"agent": {"resolve": RARE}},
    ):
        await anonymous.step(step)
    number = (await ticket_of(anonymous)).number
    world.clock.move(31 * DAY)
    assert (await run(world)).requests == (number,)
    kept = await reread(world, number)
    assert (kept.contact, bool(kept.contact_hash)) == ("", True)
    world.clock.move(335 * DAY)
    for contact, shown in (("somebody@example.com", False), ("nobody@example.com", True)):
        again = Player(world, None, "zh_Hans", jobs=5000)
        await again.start()
        for step in (
            {"user": "进度"},
            {"user": number},
            {"bot": "return_to_ticket.code"},
            {"choose": "by_contact"},
            {"user": contact},
            {"code": "right"},
        ):
            await again.step(step)
        cards = [e.data["ticket"]["number"] for e in again.events if e.kind is EventKind.TICKET]
        assert cards == ([number] if shown else [])
        assert ("ticket.purged" in again.said()) is shown
        assert ("return_to_ticket.not_theirs" in again.said()) is not shown


async def test_staff_write_nothing_on_a_record(world: World) -> None:
    _, ticket = await closed(world)
    world.clock.move(31 * DAY)
    await run(world)
    for act in (
        world.services.staff.handling.claim(ticket.number, "mei"),
        world.services.staff.handling.reply(ticket.number, "mei", RARE),
        world.services.staff.holds.set_hold(ticket.number, "lao-zhou", RARE),
    ):
        with pytest.raises(NotAllowedNowError):
            await act
