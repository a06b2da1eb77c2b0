"""Tickets kept alike with those of a ticketing system, as people work on both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.common.stories import PEOPLE, PROFILE, START, Player, World, open_world

from privacydesk.clock import MovableClock
from privacydesk.connectors.ticketing_twin import MemoryTicketing, StoredTicket
from privacydesk.domain.events import Sender
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticketing import RejectionReason, RemoteFile, TicketingMap, marker_key
from privacydesk.errors import UnavailableError
from privacydesk.ports import Changes, Job, Locks
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.ticketing.sync_rounds import SyncRounds
from privacydesk.services.ticketing.wiring import join_system

MAPPED: Mapping[str, Any] = {
    "queue": "privacy",
    "users": {"mei": "u-mei", "lao-zhou": "u-zhou"},
    "locale": "en",
    "display_name": "Helpdesk",
    "console": "https://desk.example.com",
}


@dataclass
class Joined:
    """A desk, a ticketing system, and one request."""

    world: World
    system: MemoryTicketing
    clock: MovableClock
    player: Player

    async def rounds(self, count: int = 2) -> None:
        """Let time pass and have both sides looked at."""
        assert self.world.services.ticketing is not None
        for _ in range(count):
            self.clock.move(timedelta(seconds=30))
            await self.world.services.ticketing.work()

    def syncing(self, handling: Any) -> SyncRounds:
        """Return a sync whose staff act as ``handling`` has it."""
        services = self.world.services
        store: Any = services.store
        return join_system(
            self.system,
            TicketingMap(**MAPPED),
            store=services.store,
            book=store.ticketing_link_store,
            chores=store.periodic_tasks,
            handling=handling,
            catalog=services.catalogs,
            item=lambda _ticket, _item, _locale: "",
            clock=self.clock,
            every=timedelta(seconds=10),
        )

    async def ticket(self) -> Ticket:
        (ticket,) = await self.player.tickets()
        return ticket

    @property
    def there(self) -> StoredTicket:
        """The one ticket there is over there."""
        (held,) = self.system.tickets.values()
        return held

    @property
    def told(self) -> list[str]:
        """First lines of what the desk wrote over there."""
        return [entry.text.partition("\n")[0] for entry in self.there.entries if entry.own]

    async def log(self) -> list[tuple[str, str, str]]:
        ticket = await self.ticket()
        log = await self.world.services.store.reader.ticket_log(ticket.id)
        return [(entry.by, entry.what, entry.why) for entry in log]

    async def heard(self) -> list[str]:
        """What the requester was told by people."""
        await self.player.pull()
        return [event.text or "" for event in self.player.events if event.sender is Sender.AGENT]


@asynccontextmanager
async def joined(
    folder: Path, *, system: MemoryTicketing | None = None, **mapped: Any
) -> AsyncIterator[Joined]:
    clock = MovableClock(START, frozen=True)
    system = system or MemoryTicketing(clock, users=("u-mei", "u-zhou", "u-stranger"))
    profile = {**PROFILE, "ticketing": {**MAPPED, **mapped}}
    async with open_world(folder, profile, clock=clock, ticketing=system) as world:
        player = Player(world, world.people[PEOPLE["lin"]], "en")
        await player.start()
        for step in (
            {"choose": "consent_withdrawal"}, {"choose": "marketing"}, {"choose": "yes"},
        ):  # fmt: skip
            await player.step(step)
        yield Joined(world, system, clock, player)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Joined]:
    async with joined(tmp_path) as opened:
        yield opened


async def test_a_request_appears_over_there_once_and_says_nothing_of_a_person(
    desk: Joined,
) -> None:
    await desk.rounds(4)
    ticket, there = await desk.ticket(), desk.there
    assert there.title == f"{ticket.number} Withdrawal of consent"
    assert there.state == "open"
    assert ticket.clock is not None
    assert there.due_at == ticket.clock.due_at - timedelta(minutes=1)
    assert f"https://desk.example.com/console/tickets/{ticket.number}" in there.body
    said = there.title + there.body + "".join(entry.text for entry in there.entries)
    assert ticket.account
    assert ticket.account not in said
    assert "marketing" not in said.lower()


async def test_what_staff_do_at_the_desk_is_told_once_without_their_words(desk: Joined) -> None:
    number = (await desk.ticket()).number
    handling = desk.world.services.staff.handling
    await desk.rounds()
    await handling.claim(number, "mei")
    await handling.add_note(number, "mei", "He sounded like he moved to Osaka.")
    await handling.ask_requester(number, "mei", "Which mails do you still get?")
    await desk.rounds(4)
    assert desk.there.assignee == "u-mei"
    assert desk.there.state == "waiting"
    assert desk.told == ["Note", "Asked for more"]
    assert "Osaka" not in str(desk.there)


async def test_words_of_staff_leave_the_house_only_where_the_operator_names_them(
    tmp_path: Path,
) -> None:
    fields = {"cf_who": "account", "cf_due": "due_date", "cf_what": "items"}
    async with joined(tmp_path, texts=["notes"], fields=fields) as desk:
        ticket = await desk.ticket()
        handling = desk.world.services.staff.handling
        await desk.rounds()
        await handling.add_note(ticket.number, "mei", "Checked with legal.")
        await handling.reply(ticket.number, "mei", "We are on it.")
        await desk.rounds()
        texts = [entry.text for entry in desk.there.entries]
        assert "Note\nChecked with legal." in texts[0]
        assert "We are on it." not in texts[1]
        assert desk.there.fields["cf_who"] == ticket.account
        assert desk.there.fields["cf_what"]


async def test_a_note_over_there_is_a_note_here_and_no_echo_comes_back(desk: Joined) -> None:
    await desk.rounds()
    desk.system.people_write("1", "u-mei", "Legal says yes.")
    before = len(desk.there.entries)
    await desk.rounds(4)
    notes = [entry for entry in await desk.log() if entry[1] == "note"]
    assert notes == [("ticketing", "note", "小美 wrote in the ticketing system:\nLegal says yes.")]
    assert len(desk.there.entries) == before
    assert await desk.heard() == []


async def test_a_reply_over_there_reaches_the_requester_once(desk: Joined) -> None:
    await desk.rounds()
    desk.system.people_write("1", "u-mei", "Your consent is noted.", public=True)
    await desk.rounds(4)
    assert await desk.heard() == ["Your consent is noted."]
    assert [entry.text for entry in desk.there.entries if not entry.own] == [
        "Your consent is noted."
    ]
    assert desk.told == []


async def test_a_reply_that_leaves_the_ticket_waiting_asks_for_more(desk: Joined) -> None:
    await desk.rounds()
    desk.system.people_write("1", "u-mei", "Which mails do you mean?", public=True)
    desk.system.people_change("1", state="waiting")
    await desk.rounds(4)
    ticket = await desk.ticket()
    assert ticket.state is TicketState.AWAITING_REQUESTER
    assert desk.there.state == "waiting"
    await desk.player.do("say", text="The weekly ones.")
    await desk.rounds()


async def test_a_reply_that_may_not_go_is_given_back_with_the_reason_and_kept(
    tmp_path: Path,
) -> None:
    async with joined(tmp_path, takes_replies=False) as desk:
        await desk.rounds()
        desk.system.people_write("1", "u-stranger", "Hello!", public=True)
        await desk.rounds(4)
        assert await desk.heard() == []
        assert len(desk.told) == 1
        assert "did not reach the requester" in desk.told[0]
        assert "reply at the desk" in desk.told[0]
        ((by, what, why),) = [one for one in await desk.log() if one[1] == "note"]
        assert (by, what) == ("ticketing", "note")
        assert "u-stranger wrote" in why
        assert "Hello!" in why


async def test_two_never_answer_at_once_from_two_systems_either(desk: Joined) -> None:
    await desk.rounds()
    ticket = await desk.ticket()
    await desk.player.do("choose", choice="desk:human", offset=0)
    await desk.world.services.takeover.take(ticket.conversation_id.hex(), "lao-zhou")
    desk.system.people_write("1", "u-mei", "Hello!", public=True)
    await desk.rounds()
    assert "Hello!" not in await desk.heard()
    assert "another colleague is talking" in desk.told[-1]


async def test_closing_over_there_decides_nothing(desk: Joined) -> None:
    await desk.rounds()
    desk.system.people_change("1", state="closed")
    await desk.rounds(4)
    assert (await desk.ticket()).state is TicketState.IN_REVIEW
    assert desk.there.state == "open"
    assert [line for line in desk.told if "has not decided" in line] == desk.told
    assert len(desk.told) == 1
    desk.system.people_change("1", state="done")
    await desk.rounds(4)
    assert desk.there.state == "open"
    assert len(desk.told) == 2


async def test_their_own_words_for_work_that_goes_on_are_left_alone(desk: Joined) -> None:
    await desk.rounds()
    desk.system.people_change("1", state="with legal")
    await desk.rounds(4)
    assert desk.there.state == "with legal"
    await desk.world.services.staff.handling.ask_requester(
        (await desk.ticket()).number, "mei", "Which?"
    )
    await desk.rounds()
    assert desk.there.state == "waiting"


async def test_a_decision_closes_it_over_there_and_opening_it_again_is_put_right(
    desk: Joined,
) -> None:
    await desk.rounds()
    number = (await desk.ticket()).number
    verdict = Verdict(whole=Refusal(Ground.LAW, "The law wants it kept."))
    await desk.world.services.staff.decisions.decide(number, "mei", verdict)
    await desk.rounds()
    assert desk.there.state == "closed"
    assert "The law" not in str(desk.there)
    desk.system.people_change("1", state="open")
    await desk.rounds(4)
    assert desk.there.state == "closed"
    assert sum("done with this request" in line for line in desk.told) == 1


async def test_the_due_date_is_the_desks(desk: Joined) -> None:
    await desk.rounds()
    due = desk.there.due_at
    assert due is not None
    desk.system.people_change("1", due_at=due + timedelta(days=9))
    await desk.rounds(4)
    assert desk.there.due_at == due
    assert [line for line in desk.told if "set back" in line] == desk.told
    assert len(desk.told) == 1
    number = (await desk.ticket()).number
    await desk.world.services.staff.handling.extend(
        number, "lao-zhou", working_days=2, reason="Ill"
    )
    await desk.rounds()
    assert desk.there.due_at > due
    assert desk.told[1:] == ["Deadline extended"]


async def test_whoever_gets_it_over_there_gets_it_here_and_the_other_way_round(
    desk: Joined,
) -> None:
    handling = desk.world.services.staff.handling
    await desk.rounds()
    number = (await desk.ticket()).number
    desk.system.people_change("1", assignee="u-mei")
    await desk.rounds()
    assert (await desk.ticket()).holder == "mei"
    await handling.claim(number, "lao-zhou", expected_holder="mei")
    await desk.rounds()
    assert desk.there.assignee == "u-zhou"
    desk.system.people_change("1", assignee="")
    await desk.rounds(3)
    assert (await desk.ticket()).holder == ""
    # The same again, since no act may be taken for an earlier one.
    desk.system.people_change("1", assignee="u-mei")
    await desk.rounds(3)
    assert (await desk.ticket()).holder == "mei"
    assert [who for _, what, who in await desk.log() if what == "assign"] == ["mei", "", "mei"]


@pytest.mark.parametrize("last", ["here", "there"])
async def test_where_both_gave_it_away_the_newer_wins(desk: Joined, last: str) -> None:
    await desk.rounds()
    number = (await desk.ticket()).number
    for side in ("here", "there") if last == "there" else ("there", "here"):
        desk.clock.move(timedelta(minutes=1))
        if side == "here":
            await desk.world.services.staff.handling.claim(number, "mei")
        else:
            desk.system.people_change("1", assignee="u-zhou")
    await desk.rounds(3)
    holder, assignee = (await desk.ticket()).holder, desk.there.assignee
    assert (holder, assignee) == (("mei", "u-mei") if last == "here" else ("lao-zhou", "u-zhou"))


async def test_what_is_written_there_later_makes_an_older_owner_no_newer(desk: Joined) -> None:
    await desk.rounds()
    desk.clock.move(timedelta(minutes=1))
    desk.system.people_change("1", assignee="u-zhou")
    desk.clock.move(timedelta(minutes=1))
    await desk.world.services.staff.handling.claim((await desk.ticket()).number, "mei")
    desk.clock.move(timedelta(minutes=1))
    desk.system.people_write("1", "u-zhou", "I have looked at it.")
    desk.system.people_change("1", state="with legal")
    await desk.rounds(3)
    assert ((await desk.ticket()).holder, desk.there.assignee) == ("mei", "u-mei")


async def test_an_owner_who_is_given_here_while_both_sides_are_compared_stays(
    desk: Joined,
) -> None:
    await desk.rounds()
    number = (await desk.ticket()).number
    desk.system.people_change("1", assignee="u-zhou")

    class Meanwhile:
        """Staff, of whom one claims the request just before the sync gives it to another."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.world.services.staff.handling, name)

        async def follow_assignment(self, *args: Any, **kwargs: Any) -> Ticket:
            desk.clock.move(timedelta(seconds=1))
            handling = desk.world.services.staff.handling
            await handling.claim(number, "mei", expected_holder=None)
            return await handling.follow_assignment(*args, **kwargs)

    desk.clock.move(timedelta(seconds=30))
    await desk.syncing(Meanwhile()).work()
    assert (await desk.ticket()).holder == "mei"
    await desk.rounds(3)
    assert ((await desk.ticket()).holder, desk.there.assignee) == ("mei", "u-mei")


async def test_a_question_asked_there_before_the_requester_answered_asks_for_nothing(
    desk: Joined,
) -> None:
    await desk.rounds()
    ticket = await desk.ticket()
    await desk.world.services.staff.handling.ask_requester(ticket.number, "mei", "Which messages?")
    await desk.rounds()
    desk.clock.move(timedelta(minutes=1))
    desk.system.people_write("1", "u-zhou", "By post or by mail?", public=True)
    desk.system.people_change("1", state="waiting")
    desk.clock.move(timedelta(minutes=1))
    await desk.player.do("say", text="The weekly ones.")
    assert (await desk.ticket()).state is TicketState.IN_REVIEW
    await desk.rounds(3)
    assert "By post or by mail?" in await desk.heard()
    assert (await desk.ticket()).state is TicketState.IN_REVIEW
    assert desk.there.state == "open"


async def test_a_question_is_asked_of_the_ticket_that_was_compared(desk: Joined) -> None:
    await desk.rounds()
    number = (await desk.ticket()).number
    desk.system.people_write("1", "u-zhou", "Which messages?", public=True)
    desk.system.people_change("1", state="waiting")

    class Meanwhile:
        """Staff, of whom one decides the request just before the sync asks for more."""

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.world.services.staff.handling, name)

        async def ask_requester(self, *args: Any, **kwargs: Any) -> Ticket:
            services = desk.world.services
            await services.staff.handling.claim(number, "mei", expected_holder=None)
            return await services.staff.handling.ask_requester(*args, **kwargs)

    desk.clock.move(timedelta(seconds=30))
    await desk.syncing(Meanwhile()).work()
    assert [what for by, what, _ in await desk.log() if by == "ticketing"] == []
    await desk.rounds(3)
    assert [what for by, what, _ in await desk.log() if by == "ticketing"] == ["ask_requester"]
    assert (await desk.ticket()).state is TicketState.AWAITING_REQUESTER


async def test_somebody_the_desk_does_not_know_stays_and_it_is_said_once(desk: Joined) -> None:
    await desk.rounds()
    desk.system.people_change("1", assignee="u-stranger")
    await desk.rounds(4)
    assert desk.there.assignee == "u-stranger"
    assert (await desk.ticket()).holder == ""
    assert sum("does not know who" in line for line in desk.told) == 1


async def test_whoever_may_not_decide_it_loses_it_again_over_there(desk: Joined) -> None:
    await desk.rounds()
    ticket = await desk.ticket()
    objection = replace(ticket, excluded_reviewers=("mei",), version=ticket.version + 1)
    locks = Locks(ticket.conversation_id, (ticket.id,))
    job = Job("objecting", locks, lambda _rows: Changes(tickets=(objection,)))
    await desk.world.services.store.writer.submit(job)
    desk.system.people_change("1", assignee="u-mei")
    await desk.rounds(4)
    assert desk.there.assignee == ""
    assert (await desk.ticket()).holder == ""
    assert sum("may not hold this request" in line for line in desk.told) == 1


async def test_files_go_by_reference_both_ways(desk: Joined) -> None:
    await desk.rounds()
    desk.system.people_write(
        "1", "u-mei", "", files=(RemoteFile("letter.pdf", "https://tickets.test/f/9"),)
    )
    await desk.rounds(3)
    ((_, _, why),) = [one for one in await desk.log() if one[1] == "note"]
    assert "letter.pdf\nhttps://tickets.test/f/9" in why


async def test_an_answer_that_never_came_makes_no_second_ticket(desk: Joined) -> None:
    calls: list[str] = []

    def lost(call: str, when: str) -> None:
        if when == "after" and call not in calls:
            calls.append(call)
            raise UnavailableError("lost", reason="timeout")

    desk.system.on_call = lost
    await desk.rounds()
    await desk.world.services.staff.handling.add_note((await desk.ticket()).number, "mei", "Hm.")
    await desk.rounds(20)
    assert desk.told == ["Note"]
    assert {"create", "write"} <= set(calls)


async def test_one_that_was_made_twice_is_closed_for_the_other(desk: Joined) -> None:
    await desk.rounds()
    twin = StoredTicket("2", desk.there.title, desk.there.body, "privacy", "open", "", "", None, {})
    desk.system.tickets["2"] = twin
    for _ in range(12):
        desk.clock.move(timedelta(minutes=1))
        await desk.rounds(1)
    assert desk.system.tickets["1"].state == "open"
    assert (twin.state, twin.merged_into) == ("duplicate", "1")


async def test_one_that_is_gone_is_told_and_made_anew_only_when_somebody_says_so(
    desk: Joined,
) -> None:
    sync = desk.world.services.ticketing
    assert sync is not None
    await desk.rounds()
    desk.system.people_remove("1")
    desk.clock.move(timedelta(minutes=11))
    await desk.rounds(3)
    assert desk.system.tickets == {}
    standing = await sync.standing()
    assert standing.counts.gone == 1
    assert await sync.retry() == 1
    await desk.rounds(3)
    assert len(desk.system.tickets) == 1
    assert (await sync.standing()).counts.gone == 0


async def test_a_system_that_is_away_holds_up_nothing_and_is_caught_up_with(
    desk: Joined,
) -> None:
    await desk.rounds()

    def away(_call: str, _when: str) -> None:
        raise UnavailableError("away", reason="unreachable")

    desk.system.on_call = away
    number = (await desk.ticket()).number
    await desk.world.services.staff.handling.claim(number, "mei")
    for _ in range(20):
        desk.clock.move(timedelta(minutes=2))
        await desk.rounds(1)
    standing = await desk.world.services.ticketing.standing()  # type: ignore[union-attr]
    assert standing.system is not None
    assert standing.system.fault == "unreachable"
    assert standing.system.alarmed_at is not None
    desk.system.on_call = lambda _call, _when: None
    await desk.rounds(1)
    assert desk.there.assignee == "u-mei"


async def test_after_its_time_the_words_go_and_the_link_rests(desk: Joined) -> None:
    await desk.rounds()
    number = (await desk.ticket()).number
    verdict = Verdict(whole=Refusal(Ground.LAW, "The law wants it kept."))
    await desk.world.services.staff.decisions.decide(number, "mei", verdict)
    await desk.rounds()
    told = len(desk.told)
    desk.clock.move(timedelta(days=40))
    await desk.world.services.maintenance.retention.run_if_due()
    await desk.rounds(3)
    assert desk.told[told:][-1].startswith("The time for keeping it is over")
    link = await desk.world.services.ticketing.link((await desk.ticket()).id)  # type: ignore[union-attr]
    assert link is not None
    assert not link.is_open


async def test_every_reason_has_words_and_every_entry_a_mark(desk: Joined) -> None:
    await desk.rounds()
    number = (await desk.ticket()).number
    await desk.world.services.staff.handling.add_note(number, "mei", "Hm.")
    await desk.rounds()
    assert all(marker_key(entry.text) for entry in desk.there.entries)
    catalog = desk.world.services.catalogs
    for locale in catalog.locales:
        assert all(catalog.text(locale, f"ticketing.reason.{one}", {}) for one in RejectionReason)
