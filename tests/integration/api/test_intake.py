"""Requests that the app or a call centre files for its users."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.common.api_client import Answer, Program, fresh_key, program, tokens_of
from tests.common.console_cases import copy_of_data, enter, now
from tests.common.console_client import Office, open_office
from tests.common.stories import PROFILE, Player, steps, token_for

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import FiledThrough, LogEntry, Outcome, Ticket, TicketState
from privacydesk.storage.store import SqlStore

LIN, KAHO, ALICE, SUSPENDED, CLOSED = "u-1001", "u-1002", "u-1003", "u-1007", "u-1012"
CHILD = "u-1009"


def stated(office: Office, how: str = "Face ID", ago: int = 0) -> dict[str, str]:
    """Return a check or a confirmation, some minutes ago."""
    at = office.clock.now() - timedelta(minutes=ago)
    return {"how": how, "at": at.isoformat()}


def vouched(office: Office, user: str, kind: str = "deletion", **more: Any) -> dict[str, Any]:
    """Return a request of a user whom the app has just verified, and who has confirmed it."""
    answers = {"categories": ["posts"]} if kind == "deletion" else {}
    return {
        "kind": kind,
        "app_token": token_for(user, office.clock),
        "checked": stated(office),
        "confirmation": stated(office, "Tapped “Delete” twice."),
        "answers": answers,
        **more,
    }


async def app(office: Office) -> Program:
    return await program(office, Scope.REQUESTS_FILE, name="lane-app")


async def hotline(office: Office) -> Program:
    return await program(office, Scope.REQUESTS_ATTEST, name="hotline")


def faults(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status in {400, 422}, answer.body
    return [(one["where"], one["what"]) for one in answer.body["faults"]]


async def ticket_of(office: Office, answer: Answer) -> Ticket:
    assert answer.status == 200, answer.body
    return await office.world.services.staff.tickets.by_number(answer.body["number"])


async def tickets_about(office: Office, account: str) -> tuple[Ticket, ...]:
    return await office.world.services.staff.account_requests.about(account)


async def filed_for(office: Office, ticket: Ticket) -> LogEntry:
    log = await office.world.services.store.reader.ticket_log(ticket.id)
    return next(entry for entry in log if entry.what == "filed_for")


# -- filing ---------------------------------------------------------------------------------------


async def test_the_app_files_a_deletion_that_is_one_of_the_chat(office: Office) -> None:
    asked = vouched(office, LIN, words="Everything I wrote before the exam.")
    asked["limited_to"] = [{"category": "posts", "to": "2026-05-01"}]
    answer = await (await app(office)).post("/requests", asked)
    assert (answer.body["filed"], answer.body["state"]) == (True, "in_review")
    assert answer.body["items"][0]["only"] == [{"from": None, "to": "2026-05-01"}]
    ticket = await ticket_of(office, answer)
    assert (ticket.account, ticket.verified_at) == (LIN, office.clock.now())
    assert ticket.clock is not None
    assert answer.body["due"]["date"] == ticket.clock.due_date.isoformat() == "2026-06-10"
    assert ticket.answers["opening"] == "Everything I wrote before the exam."
    entry = await filed_for(office, ticket)
    assert (entry.by, entry.data["proof"]) == ("lane-app", "app")
    assert entry.why == "Face ID\nTapped “Delete” twice."
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    audited = [one.entry for one in await store.trail.entries(by="lane-app")]
    assert {one.what: one.detail for one in audited} == {"filed": {}, "filed_for": {"proof": "app"}}
    assert ticket.filed_through is FiledThrough.APP


async def test_the_user_finds_it_in_the_chat_and_the_receipt_tells_how_it_ended(
    office: Office,
) -> None:
    ticket = await ticket_of(
        office, await (await app(office)).post("/requests", vouched(office, LIN))
    )
    player = await enter(office, "lin")
    assert [key for key in player.said() if key.startswith("intake")] == ["intake.filed"]
    await office.world.services.staff.decisions.grant(ticket.number, "mei", carried_out=True)
    await office.world.work()
    closed = await office.world.services.staff.tickets.by_number(ticket.number)
    assert closed.state is TicketState.CLOSED
    assert await office.world.services.receipts.of(closed) is not None


async def test_without_proof_it_waits_and_the_clock_starts_when_the_chat_has_verified(
    office: Office,
) -> None:
    asked = {"kind": "deletion", "account": KAHO, "answers": {"categories": ["posts"]}}
    answer = await (await app(office)).post("/requests", asked)
    assert (answer.body["waits_for_proof"], answer.body["due"]) == (True, None)
    before = await ticket_of(office, answer)
    office.clock.move(timedelta(days=2))
    player = await enter(office, "chen")
    assert player.said()[-2:] == ["ticket", "filed_for.wanted"]
    await steps(player, {"tap": "yes"}, {"code": "right"}, {"tap": "yes"})
    after = await office.world.services.staff.tickets.by_number(before.number)
    assert (after.state, after.verified_at) == (TicketState.IN_REVIEW, office.clock.now())
    assert after.filed_through is FiledThrough.APP
    assert after.clock is not None
    assert after.clock.started_at == office.clock.now()


async def test_a_call_centre_states_who_has_checked_what(office: Office) -> None:
    asked = {
        "kind": "deregistration", "account": ALICE, "answers": {"posts": "go_on"},
        "checked": stated(office, "Date of birth and the last two payments."),
        "checked_by": "Agent 12", "confirmation": stated(office, "Said yes twice."),
    }  # fmt: skip
    missing = await (await hotline(office)).post("/requests/attested", asked)
    assert faults(missing) == [("body.answers.outcome_to", "missing")]
    asked["answers"] = {"posts": "go_on", "outcome_to": "chat"}
    ticket = await ticket_of(
        office, await (await hotline(office)).post("/requests/attested", asked)
    )
    assert ticket.state is TicketState.IN_REVIEW
    entry = await filed_for(office, ticket)
    assert (entry.by, entry.data["proof"]) == ("hotline", "attested")
    assert ticket.filed_through is FiledThrough.ATTESTED
    assert entry.why.startswith("Agent 12: Date of birth")
    # An approved closing still takes the user's own last word, in the chat.
    await office.world.services.staff.decisions.grant(ticket.number, "mei")
    again = await (await hotline(office)).post("/requests/attested", asked)
    assert (again.body["filed"], again.body["number"]) == (False, ticket.number)
    assert again.body["state"] == "awaiting_confirmation"


async def test_the_user_reads_a_name_that_says_something_to_them(office: Office) -> None:
    await (await app(office)).post("/requests", vouched(office, LIN))
    player = await enter(office, "lin")
    told = [event.text for event in player.events if event.key == "intake.filed"]
    assert [text.split("已")[0] for text in told] == ["MoChat"]
    made = await tokens_of(office).add(
        "settings", [Scope.REQUESTS_FILE], by="operator", display_name="设置页"
    )
    await Program(office, made).post("/requests", vouched(office, KAHO, language="zh-Hans"))
    events = (await enter(office, "chen")).events
    assert any(event.text.startswith("设置页已代您提交") for event in events)


async def test_a_restarted_program_repeats_its_request_with_a_new_token(office: Office) -> None:
    files, key, asked = await app(office), fresh_key(), vouched(office, LIN)
    first = await files.post("/requests", asked, key=key)
    office.clock.move(timedelta(hours=3))
    again = {**asked, "app_token": token_for(LIN, office.clock)}
    assert again["app_token"] != asked["app_token"]
    repeated = await files.post("/requests", again, key=key)
    assert (repeated.status, repeated.body) == (200, first.body)
    assert repeated.headers["Idempotency-Replayed"] == "true"
    someone = {**asked, "app_token": token_for(KAHO, office.clock)}
    assert (await files.post("/requests", someone, key=key)).code == "key_reused"


async def test_what_was_missing_is_added_under_the_same_key(office: Office) -> None:
    files, key = await app(office), fresh_key()
    without = vouched(office, LIN, confirmation=None)
    assert (await files.post("/requests", without, key=key)).status == 422
    broken = vouched(office, LIN, app_token="eyJ.broken.token")
    assert faults(await files.post("/requests", broken, key=key)) == [
        ("body.app_token", "not_valid")
    ]
    filed = await files.post("/requests", vouched(office, LIN), key=key)
    assert (filed.status, filed.body["filed"]) == (200, True)


async def test_a_preview_says_what_when_and_why_and_files_nothing(office: Office) -> None:
    asked = vouched(office, LIN)
    del asked["confirmation"]
    answer = await (await app(office)).ask("POST", "/requests/preview", json=asked)
    assert answer.status == 200, answer.body
    assert (answer.body["filed"], answer.body["would_file"]) == (False, True)
    assert answer.body["number"] is None
    assert answer.body["items"][0]["name"] == "posts"
    assert [day["count"] for day in answer.body["days"] if day["count"]][-1] == 7
    assert answer.body["days"][-1]["date"] == answer.body["due"]["date"]
    assert any("动态" in text for text in answer.body["to_confirm"])
    assert await tickets_about(office, LIN) == ()
    filed = await ticket_of(
        office, await (await app(office)).post("/requests", vouched(office, LIN))
    )
    assert filed.clock is not None
    assert filed.clock.due_date.isoformat() == answer.body["due"]["date"]
    again = await (await app(office)).ask("POST", "/requests/preview", json=asked)
    assert (again.body["filed"], again.body["would_file"]) == (False, False)
    assert again.body["number"] == filed.number


def answers_of_the_page() -> dict[str, dict[str, Any]]:
    """Return the answers that the page names for each kind, the first of each."""
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\{.*?\})`[ ,]", page, re.MULTILINE)
    return {kind: json.loads(answers) for kind, answers in rows}


async def test_each_kind_is_filed_with_the_answers_that_the_page_names(office: Office) -> None:
    files, states = await app(office), dict[str, str]()
    for kind, answers in answers_of_the_page().items():
        answer = await files.post("/requests", vouched(office, LIN, kind, answers=answers))
        assert answer.status == 200, (kind, answer.body)
        assert (answer.body["kind"], answer.body["filed"]) == (kind, True)
        states[kind] = answer.body["state"]
    assert set(states) == {kind.value for kind in RequestKind}
    waiting = {kind for kind, state in states.items() if state == "awaiting_verification"}
    assert waiting == {"guardian", "deceased"}
    names = await files.post(
        "/requests",
        vouched(
            office, LIN, "rectification", answers={"field": "real_name", "new_value": "Lin Xiaoyu"}
        ),
    )
    assert names.body["waits_for_proof"] is True, "a document shows it, in the chat"


# -- what waits for its user ----------------------------------------------------------------------


ALL: dict[str, Any] = {"kind": "access", "account": KAHO, "answers": {"more": "all"}}


async def proven(office: Office) -> Answer:
    """Prove Kaho's request for all data by the app."""
    return await (await app(office)).post(
        "/requests", vouched(office, KAHO, "access", answers={"more": "all"})
    )


async def deletes_photos(player: Player) -> None:
    """Let a user ask for something else in the chat, up to its end."""
    await steps(player, {"user": "刪除我的照片"}, {"code": "right"}, {"tap": "yes"})


async def test_a_request_that_the_app_proves_is_asked_about_no_more(office: Office) -> None:
    first = await (await app(office)).post("/requests", ALL)
    player = await enter(office, "chen")
    assert player.said()[-1] == "filed_for.wanted"
    again = await proven(office)
    assert again.body["number"] == first.body["number"]
    await deletes_photos(player)
    assert "filed_for.wanted" not in player.said()
    assert {one.kind.value for one in await tickets_about(office, KAHO)} == {"access", "deletion"}


async def test_a_form_for_a_request_that_the_app_proves_meanwhile_files_nothing(
    office: Office,
) -> None:
    await (await app(office)).post("/requests", ALL)
    player = await enter(office, "chen")
    await steps(player, {"tap": "yes"}, {"bot": "verify.code_sent"})
    await proven(office)
    await player.pull()
    assert player.said()[-2:] == ["intake.filed", "ticket"]
    (ticket,) = await tickets_about(office, KAHO)
    assert ticket.state is TicketState.IN_REVIEW
    await deletes_photos(player)
    assert len(await tickets_about(office, KAHO)) == 2


async def test_a_request_that_ended_meanwhile_is_asked_about_no_more(office: Office) -> None:
    files = await app(office)
    staff = office.world.services.staff
    for account, ends in ((KAHO, "refused"), (ALICE, "lapsed"), (LIN, "withdrawn")):
        answer = await files.post("/requests", {**ALL, "account": account})
        if ends == "refused":
            await staff.decisions.refuse(
                answer.body["number"], "mei", ground=Ground.LAW, reason="Asked elsewhere."
            )
        elif ends == "lapsed":
            office.clock.move(timedelta(days=40))
            await office.world.work()
        else:
            await enter(office, "lin", {"user": "撤回申请"}, {"tap": "yes"})
        ticket = await staff.tickets.by_number(answer.body["number"])
        assert ticket.state is TicketState.CLOSED, ends
        reader = office.world.services.store.reader
        state = await reader.conversation(ticket.conversation_id)
        assert state is not None
        assert "filed_for" not in {frame.flow for frame in state.stack}, ends


async def test_nothing_that_others_filed_is_verified_unless_its_user_wants_it(
    office: Office,
) -> None:
    player = await enter(office, "chen", {"user": "刪除我的照片"})
    await (await app(office)).post("/requests", ALL)
    await player.pull()
    await steps(player, {"code": "right"}, {"tap": "yes"}, {"bot": "filed_for.wanted"})
    assert "desk.wish_next" not in player.said()
    shown = next(one for one in reversed(player.events) if one.key == "filed_for.wanted")
    assert "MoChat代您提交了：查看個人資料" in shown.text
    waiting = next(one for one in await tickets_about(office, KAHO) if one.kind == "access")
    assert waiting.state is TicketState.AWAITING_VERIFICATION
    await steps(player, {"tap": "not_mine"}, {"bot": "filed_for.disowned"})
    ended = await office.world.services.staff.tickets.by_number(waiting.number)
    assert (ended.outcome, "disowned" in ended.flags) == (Outcome.WITHDRAWN, True)


async def test_what_is_not_wanted_now_waits_and_is_the_one_that_is_asked_for_later(
    office: Office,
) -> None:
    answer = await (await app(office)).post("/requests", ALL)
    player = await enter(office, "chen")
    await steps(player, {"choose": "filed_for.later"}, {"bot": "filed_for.not_yet"})
    await steps(
        player, {"choose": "desk:menu"}, {"choose": "access"}, {"code": "right"}, {"choose": "all"}
    )
    (ticket,) = await tickets_about(office, KAHO)
    assert (ticket.number, ticket.state) == (answer.body["number"], TicketState.IN_REVIEW)


async def test_of_two_that_wait_the_one_that_was_agreed_to_is_verified(office: Office) -> None:
    files = await app(office)
    photos = {**ALL, "answers": {"more": "part", "categories": ["photos"]}}
    asked = [await files.post("/requests", one) for one in (photos, ALL)]
    assert asked[0].body["number"] != asked[1].body["number"]
    # The app proves the second one, and the chat the first.
    assert (await proven(office)).body["number"] == asked[1].body["number"]
    player = await enter(office, "chen")
    assert player.said()[-1] == "filed_for.wanted"
    await steps(player, {"tap": "yes"}, {"code": "right"})
    assert len(await tickets_about(office, KAHO)) == 2


async def test_a_copy_for_another_service_leaves_the_one_for_oneself_waiting(
    office: Office,
) -> None:
    files = await app(office)
    mine = {"scope": "all", "to": "me"}
    first = await ticket_of(
        office,
        await files.post("/requests", {"kind": "portability", "account": LIN, "answers": mine}),
    )
    moved = {"scope": "all", "to": "other", "recipient": "Lane"}
    other = await ticket_of(
        office, await files.post("/requests", vouched(office, LIN, "portability", answers=moved))
    )
    assert (other.number != first.number, other.answers["recipient"]) == (True, "Lane")
    assert await now(office, first) == first
    again = await files.post("/requests", vouched(office, LIN, "portability", answers=mine))
    assert (again.body["number"], again.body["state"]) == (first.number, "in_review")


async def test_another_of_the_same_is_filed_where_it_is_asked_for(office: Office) -> None:
    files = await app(office)
    first = await files.post("/requests", ALL)
    same = await files.post("/requests", ALL)
    assert (same.body["filed"], same.body["number"]) == (False, first.body["number"])
    other = await files.post("/requests", {**ALL, "answers": {"more": "all", "same": "other"}})
    assert (other.body["filed"], other.body["number"] != first.body["number"]) == (True, True)


async def test_the_log_names_the_program_for_what_it_did_in_order(office: Office) -> None:
    await (await app(office)).post("/requests", ALL)
    ticket = await ticket_of(office, await proven(office))
    log = await office.world.services.store.reader.ticket_log(ticket.id)
    assert [(one.what, one.by) for one in log] == [
        ("filed", "lane-app"), ("filed_for", "lane-app"),
        ("verify", "lane-app"), ("filed_for", "lane-app"),
    ]  # fmt: skip
    assert [one.at for one in log] == sorted(one.at for one in log)


# -- the flow's rules -----------------------------------------------------------------------------


async def test_what_cannot_be_undone_takes_a_confirmation_after_the_proof(office: Office) -> None:
    files = await app(office)
    without = vouched(office, LIN, confirmation=None)
    assert faults(await files.post("/requests", without)) == [("body.confirmation", "missing")]
    early = vouched(office, LIN, confirmation=stated(office, ago=2))
    assert faults(await files.post("/requests", early)) == [
        ("body.confirmation.at", "before_proof")
    ]
    old = vouched(office, LIN, checked=stated(office, ago=31))
    assert faults(await files.post("/requests", old)) == [("body.checked.at", "too_old")]
    ahead = vouched(office, LIN, confirmation=stated(office, ago=-5))
    assert faults(await files.post("/requests", ahead)) == [
        ("body.confirmation.at", "in_the_future")
    ]
    assert await tickets_about(office, LIN) == ()


async def test_answers_that_the_chat_would_not_take_are_named(office: Office) -> None:
    files = await app(office)
    for answers, expected in (
        ({"categories": ["poems"]}, [("body.answers.categories", "not_taken")]),
        ({"categories": ["bindings"]}, [("body.answers.categories", "not_taken")]),
        ({}, [("body.answers.categories", "missing")]),
        ({"categories": "posts", "colour": "red"}, [("body.answers.colour", "unknown")]),
        ({"categories": "posts", "my dear": "red"}, [("body.answers", "unknown")]),
        ({"categories": "posts", "same": "desk:human"}, [("body.answers.same", "not_taken")]),
    ):
        answer = await files.post("/requests", vouched(office, LIN, answers=answers))
        assert faults(answer) == expected
    last = vouched(office, LIN, "unbinding", answers={"provider": "line"})
    assert faults(await files.post("/requests", last)) == [("body.answers.provider", "not_taken")]
    day = vouched(office, LIN, "rectification", answers={"field": "birthday", "new_value": "soon"})
    assert faults(await files.post("/requests", day)) == [("body.answers.new_value", "not_taken")]
    unasked: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("portability", {"scope": "all", "to": "me", "recipient": "Lane"}, "recipient"),
        ("portability", {"scope": "all", "categories": ["posts"], "to": "me"}, "categories"),
        ("access", {"more": "all", "to": "other"}, "to"),
    )
    for kind, given, name in unasked:
        asked = vouched(office, LIN, kind, answers=given)
        waits = {"kind": kind, "account": LIN, "answers": given}
        for one in (asked, waits):
            answer = await files.post("/requests", one)
            assert faults(answer) == [(f"body.answers.{name}", "not_asked")]
    assert await tickets_about(office, LIN) == ()


async def test_all_faults_of_the_answers_are_told_at_once_with_what_is_offered(
    office: Office,
) -> None:
    files = await app(office)
    answers: dict[str, Any] = {"relation": "aunt", "colour": "red", "wish": ["close", "delete"]}
    told = await files.post("/requests", vouched(office, KAHO, "guardian", answers=answers))
    assert faults(told) == [
        ("body.answers.relation", "not_taken"),
        ("body.answers.colour", "unknown"),
        ("body.answers.child_account", "missing"),
    ]
    assert told.body["faults"][0]["offered"] == ["mother", "father", "guardian"]
    # Whether a recipient is asked for depends on who gets it, so it is not known to be missing.
    copy = await files.post(
        "/requests", vouched(office, LIN, "portability", answers={"scope": "some"})
    )
    assert faults(copy) == [("body.answers.scope", "not_taken"), ("body.answers.to", "missing")]
    copy = await files.post("/requests", vouched(office, LIN, "portability"))
    assert faults(copy) == [("body.answers.scope", "missing"), ("body.answers.to", "missing")]
    words = {"field": "gender", "new_value": "blue"}
    gender = await files.post("/requests", vouched(office, LIN, "rectification", answers=words))
    assert gender.body["faults"][0]["offered"] == ["female", "male", "other", "undisclosed"]
    # What an account has is told to nobody who asks by a wrong value.
    bound = await files.post(
        "/requests", vouched(office, LIN, "unbinding", answers={"provider": "line"})
    )
    assert "offered" not in bound.body["faults"][0]
    assert await tickets_about(office, LIN) == await tickets_about(office, KAHO) == ()


async def test_a_session_alone_is_enough_for_what_it_is_enough_for_in_the_chat(
    office: Office,
) -> None:
    files = await app(office)
    asked = {
        "kind": "consent_withdrawal", "app_token": token_for(LIN, office.clock),
        "answers": {"purpose": ["marketing"]}, "confirmation": stated(office),
    }  # fmt: skip
    assert (await files.post("/requests", asked)).body["state"] == "in_review"
    unproven = {**asked, "account": LIN, "app_token": None}
    assert faults(await files.post("/requests", unproven)) == [("body.proof", "not_enough")]
    complaint = {"kind": "complaint", "account": KAHO, "answers": {"about": "leak", "story": "…"}}
    assert faults(await files.post("/requests", complaint)) == [("body.proof", "not_enough")]


async def test_what_was_shown_in_the_chat_proves_nothing_of_what_a_program_asks(
    office: Office,
) -> None:
    await enter(office, "lin", {"choose": "access"}, {"code": "right"})
    asked = {"kind": "deletion", "account": LIN, "answers": {"categories": ["posts"]}}
    answer = await (await app(office)).post("/requests", asked)
    assert answer.body["state"] == "awaiting_verification"
    # And what a program has checked lets nobody further in the chat.
    await (await app(office)).post("/requests", vouched(office, KAHO))
    player = await enter(office, "chen", {"choose": "access"})
    assert "verify.code_sent" in player.said()


async def test_the_same_again_is_the_same_unless_another_is_wanted(office: Office) -> None:
    files = await app(office)
    first = await files.post("/requests", vouched(office, LIN))
    again = await files.post("/requests", vouched(office, LIN))
    assert (again.body["filed"], again.body["number"]) == (False, first.body["number"])
    other = vouched(office, LIN, answers={"categories": ["posts"], "same": "other"})
    another = await files.post("/requests", other)
    assert (another.body["filed"], another.body["number"] != first.body["number"]) == (True, True)
    narrower = await files.post("/requests", vouched(office, LIN, answers={"categories": "photos"}))
    assert narrower.body["filed"] is True


async def test_a_form_that_is_open_in_the_chat_stays_open(office: Office) -> None:
    player = await enter(office, "lin", {"choose": "unbinding"}, {"code": "right"})
    await (await app(office)).post("/requests", vouched(office, LIN))
    player.mark = len(player.events)
    await player.pull()
    assert player.said()[-1] == "unbinding.which"
    assert "intake.filed" in player.said()
    await steps(player, {"choose": "google"}, {"tap": "yes"}, {"bot": "unbinding.filed"})


async def test_somebody_who_talks_to_a_person_is_told_and_asked_afterwards(office: Office) -> None:
    player = await enter(office, "chen", {"choose": "desk:human"}, {"agent": {"take": True}})
    asked = {"kind": "deletion", "account": KAHO, "answers": {"categories": ["posts"]}}
    await (await app(office)).post("/requests", asked)
    player.mark = len(player.events)
    await player.pull()
    assert player.said() == ["intake.waiting", "ticket"]
    await steps(player, {"agent": {"hand_back": True}})
    assert player.said() == ["owner.handed_back", "filed_for.wanted"]
    await steps(player, {"tap": "yes"}, {"bot": "verify.code_sent"})


async def test_a_user_files_no_more_than_in_the_chat(tmp_path: Path) -> None:
    profile = {**PROFILE, "filing": {"daily": 1}}
    async with open_office(tmp_path, world={"profile": profile}) as office:
        files = await app(office)
        assert (await files.post("/requests", vouched(office, LIN))).body["filed"] is True
        more = vouched(office, LIN, answers={"categories": ["photos"]})
        answer = await files.post("/requests", more)
        assert (answer.status, answer.reason) == (429, "intake_quota")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await files.post("/requests", vouched(office, KAHO))).body["filed"] is True


async def test_a_guardian_s_request_waits_for_papers_and_tells_nothing_of_the_child(
    office: Office,
) -> None:
    asked = vouched(
        office, KAHO, "guardian",
        answers={
            "relation": "father", "child_birth_date": "2014-05-01", "child_account": "lele",
            "wish": ["delete", "close"], "contact": "kaho@example.com",
        },
    )  # fmt: skip
    ticket = await ticket_of(office, await (await app(office)).post("/requests", asked))
    assert (ticket.state, ticket.account) == (TicketState.AWAITING_VERIFICATION, "")
    assert {"guardian", "minor"} <= ticket.flags


async def test_a_child_s_request_is_marked_and_its_parent_has_to_take_part(
    office: Office,
) -> None:
    ticket = await ticket_of(
        office, await (await app(office)).post("/requests", vouched(office, CHILD))
    )
    await office.world.work()
    marked = await office.world.services.staff.tickets.by_number(ticket.number)
    assert {"minor", "exactly_14"} <= marked.flags
    reader = office.world.services.store.reader
    said = await reader.events(ticket.conversation_id, after=0, limit=50)
    assert "ticket.child_exactly_14" in {event.key for event in said}


# -- attacks --------------------------------------------------------------------------------------


async def test_each_door_takes_a_scope_of_its_own(office: Office) -> None:
    others = await program(
        office, *(one for one in Scope if not one.value.startswith("requests:")), name="crm"
    )
    answer = await others.post("/requests", vouched(office, LIN))
    assert (answer.status, answer.body["scope"]) == (403, "requests:file")
    asked = {**vouched(office, LIN), "account": LIN, "checked_by": "Agent 12", "app_token": None}
    answer = await (await app(office)).post("/requests/attested", asked)
    assert (answer.status, answer.body["scope"]) == (403, "requests:attest")
    answer = await (await hotline(office)).post("/requests", vouched(office, LIN))
    assert (answer.status, answer.body["scope"]) == (403, "requests:file")
    assert await tickets_about(office, LIN) == ()


async def test_a_program_reads_what_it_has_filed_itself(office: Office) -> None:
    files, calls = await app(office), await hotline(office)
    first = (await files.post("/requests", ALL)).body
    path = f"/requests/{first['number']}"
    shown = await files.get(path)
    assert (shown.status, shown.body) == (200, first)
    attested = {
        **ALL, "checked": stated(office, "Answered the call back."), "checked_by": "Agent 12",
        "confirmation": stated(office),
    }  # fmt: skip
    assert (await calls.get(f"/requests/attested/{first['number']}")).status == 404
    proven = (await calls.post("/requests/attested", attested)).body
    assert proven["number"] == first["number"]
    assert (await calls.get(f"/requests/attested/{first['number']}")).body == proven
    assert (await files.get(path)).body["state"] == "in_review"
    await office.world.services.staff.decisions.grant(first["number"], "mei", carried_out=True)
    assert (await files.get(path.lower())).body["items"][0]["decision"] == "grant"
    # Neither is another identity's, nor what was filed through the other door.
    for other in (await program(office, name="crm"), await program(office, name="hotline")):
        assert (await other.get(path)).status == 404
    _, own = await copy_of_data(office)
    assert (await files.get(f"/requests/{own.number}")).status == 404
    assert (await files.get("/requests/preview")).status == 404


async def test_nobody_files_for_another_than_the_token_s_user(office: Office) -> None:
    files = await app(office)
    other = vouched(office, LIN, account=KAHO)
    assert faults(await files.post("/requests", other)) == [("body.account", "of_another_token")]
    forged = vouched(office, LIN, app_token=token_for(LIN, office.clock)[:-4] + "AAAA")
    assert faults(await files.post("/requests", forged)) == [("body.app_token", "not_valid")]
    alone = vouched(office, LIN, app_token=None, account=LIN)
    assert faults(await files.post("/requests", alone)) == [("body.app_token", "missing")]
    claimed = vouched(office, LIN, checked_by="Agent 12")
    assert (await files.post("/requests", claimed)).status == 400
    revoker = await program(office, Scope.APP_TOKENS_REVOKE, name="backend")
    token = token_for(LIN, office.clock)
    await revoker.post("/app-tokens/revoke-account", {"account": LIN})
    revoked = vouched(office, LIN, app_token=token)
    assert faults(await files.post("/requests", revoked)) == [("body.app_token", "expired")]
    assert await tickets_about(office, LIN) == await tickets_about(office, KAHO) == ()


async def test_a_program_does_not_decide_what_it_has_filed(office: Office) -> None:
    both = await program(office, Scope.REQUESTS_ATTEST, Scope.TICKETS_DECIDE, name="hotline")
    asked = {**vouched(office, LIN), "account": LIN, "checked_by": "Agent 12"}
    del asked["app_token"]
    number = (await both.post("/requests/attested", asked)).body["number"]
    answer = await both.post(f"/tickets/{number}/grant", {})
    assert (answer.status, answer.reason) == (403, "filed_it")
    other = await program(office, Scope.TICKETS_DECIDE, name="crm")
    assert (await other.post(f"/tickets/{number}/grant", {})).status == 200


async def test_accounts_that_are_closed_unknown_or_suspended(office: Office) -> None:
    files, centre = await app(office), await hotline(office)
    for account, what in ((CLOSED, "closed"), ("u-9999", "unknown")):
        asked = vouched(office, account)
        assert faults(await files.post("/requests", asked)) == [("body.account", what)]
    banned = {**vouched(office, LIN), "account": SUSPENDED, "checked_by": "Agent 12"}
    del banned["app_token"]
    answer = await centre.post("/requests/attested", banned)
    assert faults(answer) == [("body.checked", "account_suspended")]
    # They have the same rights: their request waits for the document that the chat asks for.
    asked = {"kind": "deletion", "account": SUSPENDED, "answers": {"categories": ["posts"]}}
    assert (await files.post("/requests", asked)).body["waits_for_proof"] is True


async def test_an_account_service_that_is_down_files_nothing_and_may_be_asked_again(
    office: Office,
) -> None:
    office.world.accounts.down = True
    key, asked = fresh_key(), vouched(office, LIN)
    answer = await (await app(office)).post("/requests", asked, key=key)
    assert (answer.status, answer.reason) == (503, "intake_no_answer")
    office.world.accounts.down = False
    answer = await (await app(office)).post("/requests", asked, key=key)
    assert answer.body["filed"] is True


async def test_repeats_at_the_same_time_file_one_request(office: Office) -> None:
    await file_at_once(office)


async def file_at_once(office: Office) -> None:
    files = await app(office)
    asked = vouched(office, LIN)
    one_key = await asyncio.gather(
        *(files.post("/requests", asked, key="delete-posts-of-lin") for _ in range(4))
    )
    other_keys = await asyncio.gather(*(files.post("/requests", asked) for _ in range(4)))
    assert {answer.status for answer in (*one_key, *other_keys)} == {200}
    assert len({answer.body["number"] for answer in (*one_key, *other_keys)}) == 1
    fresh = vouched(office, KAHO)
    together = await asyncio.gather(*(files.post("/requests", fresh) for _ in range(4)))
    assert sorted(answer.body["filed"] for answer in together) == [False, False, False, True]
    assert len(await tickets_about(office, KAHO)) == 1


async def test_an_answer_that_was_lost_is_given_again(office: Office) -> None:
    files, key, asked = await app(office), fresh_key(), vouched(office, LIN)
    first = await files.post("/requests", asked, key=key)
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    await store.api_token_store.sweep(office.clock.now() + timedelta(days=1))
    again = await files.post("/requests", asked, key=key)
    assert (again.body["number"], again.body["filed"]) == (first.body["number"], True)
    assert "Idempotency-Replayed" not in again.headers
    assert len(await tickets_about(office, LIN)) == 1
