from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.api_client import Answer, fresh_key, program
from tests.common.console_cases import copy_of_data, enter, guardian, log_of, now
from tests.common.console_client import Office, open_office
from tests.common.examining import open_files

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.grounds import Ground
from privacydesk.errors import UnavailableError
from privacydesk.receipts.cose import read_key_set
from privacydesk.receipts.receipt import verify
from privacydesk.storage.store import SqlStore


async def audited(office: Office, by: str = "zendesk") -> list[str]:
    store = office.world.services.store
    assert isinstance(store, SqlStore)
    return sorted(one.entry.what for one in await store.trail.entries(by=by))


# -- looking --------------------------------------------------------------------------------------


async def test_a_ticket_is_shown_with_its_due_date_and_no_word_of_a_person(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    reader = await program(office, Scope.TICKETS_READ)
    answer = await reader.get(f"/tickets/{ticket.number}")
    assert answer.status == 200
    assert answer.headers["ETag"] == f'"{ticket.version}"'
    assert answer.body["kind"] == "access"
    assert ticket.clock is not None
    assert answer.body["due"]["date"] == ticket.clock.due_date.isoformat()
    assert answer.body["late"] is False
    assert ticket.account
    assert ticket.account not in str(answer.body)
    assert await audited(office) == []


async def test_the_count_is_shown_day_by_day(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    reader = await program(office, Scope.TICKETS_READ)
    days = (await reader.get(f"/tickets/{ticket.number}/days")).body["days"]
    assert days[0]["count"] == 0
    assert days[-1]["count"] == 7
    assert ticket.clock is not None
    assert days[-1]["date"] == ticket.clock.due_date.isoformat()


async def test_tickets_are_listed_that_changed_since_a_time(office: Office) -> None:
    _, first = await copy_of_data(office)
    office.clock.move(timedelta(minutes=1))
    since = office.clock.now().isoformat().replace("+00:00", "Z")
    _, second = await guardian(office)
    reader = await program(office, Scope.TICKETS_READ)

    async def listed() -> set[str]:
        page = (await reader.get(f"/tickets?updated_since={since}")).body
        return {one["number"] for one in page["tickets"]}

    assert await listed() == {second.number}
    await office.world.services.staff.handling.add_note(first.number, "mei", "Looked at it.")
    assert await listed() == {first.number, second.number}
    later = await reader.get("/tickets?updated_since=2030-01-01T00:00:00Z")
    assert later.body["tickets"] == []


async def test_what_a_ticket_says_of_a_person_has_a_scope_and_leaves_a_trace(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    both = await program(office, Scope.TICKETS_READ, Scope.TICKETS_DETAILS)
    told = await both.get(f"/tickets/{ticket.number}/details")
    assert told.body["account"] == ticket.account
    assert await audited(office) == ["api_details_read"]
    await office.world.services.staff.handling.add_note(ticket.number, "mei", "Looks fine to me.")
    log = (await both.get(f"/tickets/{ticket.number}/log")).body["entries"]
    assert log[-1]["words"] == "Looks fine to me."
    assert await audited(office) == ["api_details_read", "api_log_read"]
    reader = await program(office, Scope.TICKETS_READ)
    log = (await reader.get(f"/tickets/{ticket.number}/log")).body["entries"]
    assert (log[-1]["what"], log[-1]["words"]) == ("note", None)
    assert (await reader.get(f"/tickets/{ticket.number}/details")).status == 403


async def test_the_receipt_of_a_closed_ticket_is_sent_as_its_requester_gets_it(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    services, path = office.world.services, f"/tickets/{ticket.number}/receipt"
    both = await program(office, Scope.TICKETS_READ, Scope.TICKETS_DETAILS)
    assert (await both.get(path)).status == 404
    await services.staff.decisions.refuse(
        ticket.number, "mei", ground=Ground.RIGHTS_OF_OTHERS, reason="It is not theirs."
    )
    answer = await both.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/cose"
    receipt = verify(answer.body, read_key_set(await services.receipts.keys()))
    assert receipt.statement.number == ticket.number
    assert await audited(office) == ["api_receipt_read"]
    reader = await program(office, Scope.TICKETS_READ)
    assert (await reader.get(path)).status == 403


async def test_a_list_is_paged_by_cursor_and_narrowed_by_state_kind_and_holder(
    office: Office,
) -> None:
    _, first = await copy_of_data(office)
    await guardian(office)
    reader = await program(office)
    numbers: list[str] = []
    cursor = ""
    while True:
        page = (await reader.get(f"/tickets?limit=1{cursor}")).body
        numbers += [one["number"] for one in page["tickets"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(numbers) == len(set(numbers)) == 2
    found = await reader.get("/tickets?kind=access&state=in_review&state=closed&holder=")
    assert [one["number"] for one in found.body["tickets"]] == [first.number]
    assert (await reader.get("/tickets?holder=mei")).body["tickets"] == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("limit=0", ("query.limit", "too_small")),
        ("limit=201", ("query.limit", "too_large")),
        ("limit=1_0", ("query.limit", "wrong_format")),
        ("limit=%2B1", ("query.limit", "wrong_format")),
        ("limit=1&limit=2", ("query.limit", "repeated")),
        ("state=open", ("query.state.0", "not_taken")),
        ("x=1", ("query.x", "unknown")),
        ("cursor=zz", ("query.cursor", "wrong_format")),
        ("holder=" + "x" * 65, ("query.holder", "too_long")),
        ("updated_since=2026-06-01", ("query.updated_since", "wrong_format")),
    ],
)
async def test_a_question_that_is_not_as_described_is_refused(
    office: Office, query: str, fault: tuple[str, str]
) -> None:
    answer = await (await program(office)).get(f"/tickets?{query}")
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert [(one["where"], one["what"]) for one in answer.body["faults"]] == [fault]
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_evidence_is_opened_by_whoever_holds_the_ticket_and_each_opening_is_logged(
    office: Office,
) -> None:
    _, ticket = await guardian(office)
    opener = await program(office)
    files = (await opener.get(f"/tickets/{ticket.number}/evidence")).body["files"]
    assert await audited(office) == ["api_files_listed"]
    path = f"/tickets/{ticket.number}/evidence/{files[0]['id']}"
    assert (await opener.get(path)).reason == "not_holder"
    assert (await opener.post(f"/tickets/{ticket.number}/claim")).status == 200
    assert (await opener.get(path)).reason == "files_closed"
    await office.world.services.staff.file_access.grant(ticket.number, "lao-zhou")
    opened = await opener.get(path)
    assert opened.status == 200
    assert opened.headers["Content-Type"].startswith("image/")
    assert len(opened.body) == files[0]["size"]
    assert (await log_of(office, ticket))[-1].what == "evidence_opened"
    assert (await log_of(office, ticket))[-1].by == "zendesk"


# -- acting ---------------------------------------------------------------------------------------


async def test_what_a_program_does_stands_in_the_log_under_its_name(office: Office) -> None:
    player, ticket = await copy_of_data(office)
    writer = await program(office)
    for path, body in (
        ("claim", {}),
        ("notes", {"text": "Synchronised."}),
        ("replies", {"text": "We are looking into it."}),
        ("questions", {"text": "Which account do you mean?"}),
        ("escalation", {"reason": "Nobody here knows."}),
    ):
        answer = await writer.post(f"/tickets/{ticket.number}/{path}", body)
        assert answer.status == 200, answer.body
    assert answer.body["state"] == "awaiting_requester"
    assert answer.body["holder"] == "zendesk"
    log = [one.what for one in await log_of(office, ticket) if one.by == "zendesk"]
    assert log == ["claim", "note", "reply", "ask_requester", "escalate"]
    await player.settle()
    assert "We are looking into it." in [event.text for event in player.events]


async def test_the_same_key_and_content_do_it_once_and_are_answered_the_same(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    writer, key, path = await program(office), fresh_key(), f"/tickets/{ticket.number}/replies"
    first = await writer.post(path, text='{"text": "One answer."}', key=key)
    again = await writer.post(path, text='{ "text" : "One answer." }', key=key)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    replies = [one for one in await log_of(office, ticket) if one.what == "reply"]
    assert len(replies) == 1
    other = await writer.post(path, {"text": "Another answer."}, key=key)
    assert (other.status, other.code) == (422, "key_reused")
    # The key is the identity's own: another one may use the same.
    neighbour = await program(office, name="crm")
    assert (await neighbour.post(path, {"text": "From us."}, key=key)).status == 200


async def test_requests_that_come_at_the_same_time_under_one_key_are_done_once(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    writer, key, path = await program(office), fresh_key(), f"/tickets/{ticket.number}/notes"
    answers = await asyncio.gather(
        *(writer.post(path, {"text": "Synchronised."}, key=key) for _ in range(8))
    )
    assert {answer.status for answer in answers} == {200}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 7
    assert len({str(answer.body) for answer in answers}) == 1
    assert len([one for one in await log_of(office, ticket) if one.what == "note"]) == 1


async def test_a_refusal_is_judged_anew_under_the_same_key(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    writer, key, path = await program(office), fresh_key(), f"/tickets/{ticket.number}/assignment"
    refused = await writer.post(path, {"to": "mei"}, key=key)
    assert (refused.status, refused.reason) == (409, "unheld")
    await writer.post(f"/tickets/{ticket.number}/claim")
    done = await writer.post(path, {"to": "mei"}, key=key)
    assert (done.status, done.body["holder"]) == (200, "mei")
    assert "Idempotency-Replayed" not in done.headers


async def test_a_refused_request_is_mended_under_the_same_key(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    writer, key, path = await program(office), fresh_key(), f"/tickets/{ticket.number}/notes"
    assert (await writer.post(path, {"text": "\u202e"}, key=key)).status == 422
    stale = await writer.post(f"/tickets/{ticket.number}/claim", key=key, tag='"99"')
    assert stale.status == 412
    done = await writer.post(path, {"text": "Synchronised."}, key=key)
    assert done.status == 200, done.body
    again = await writer.post(path, {"text": "Synchronised."}, key=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await writer.post(path, {"text": "Something else."}, key=key)
    assert (other.status, other.code) == (422, "key_reused")


async def test_after_an_outage_only_the_same_content_is_taken_under_the_key(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ticket = await copy_of_data(office)
    writer, key, path = await program(office), fresh_key(), f"/tickets/{ticket.number}/notes"

    async def fail(*_args: object, **_kwargs: object) -> None:
        raise UnavailableError("the storage is unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(type(office.world.services.staff.handling), "add_note", fail)
        assert (await writer.post(path, {"text": "Once."}, key=key)).status == 503
    other = await writer.post(path, {"text": "Other words."}, key=key)
    assert (other.status, other.code) == (422, "key_reused")
    assert (await writer.post(path, {"text": "Once."}, key=key)).status == 200


async def test_an_act_whose_answer_was_lost_is_not_done_again(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    writer, key, path = await program(office), fresh_key(), f"/tickets/{ticket.number}/claim"
    first = await writer.post(path, key=key, tag=f'"{ticket.version}"')
    await forget_answer(office, key, f"claim_ticket /api/v1{path} {{}}")
    again = await writer.post(path, key=key, tag=f'"{ticket.version}"')
    assert (again.status, again.body) == (200, first.body)
    assert len([one for one in await log_of(office, ticket) if one.what == "claim"]) == 1


async def test_giving_away_what_is_held_no_more_is_answered_again_where_it_was_one_s_own_doing(
    office: Office,
) -> None:
    _, ticket = await copy_of_data(office)
    writer, key = await program(office), fresh_key()
    path = f"/tickets/{ticket.number}/assignment"
    await writer.post(f"/tickets/{ticket.number}/claim")
    first = await writer.post(path, {"to": "mei"}, key=key)
    assert first.body["holder"] == "mei"
    await forget_answer(office, key, f'assign_ticket /api/v1{path} {{"to":"mei"}}')
    again = await writer.post(path, {"to": "mei"}, key=key)
    assert (again.status, again.body) == (200, first.body)
    assert (await writer.post(path, {"to": "lao-zhou"})).reason == "lack_supervisor"


@pytest.mark.parametrize(
    ("language", "unknown", "unclaimed"),
    [
        ("en", "No agent of this name works on requests.", "Nobody holds this request:"),
        ("zh-Hans", "没有处理申请的同事叫这个名字。", "这个申请还没有人认领："),
        ("zh-Hant", "沒有處理申請的同事叫這個名稱。", "這個申請還沒有人認領："),
    ],
)
async def test_what_keeps_a_ticket_from_being_assigned_is_named(
    office: Office, language: str, unknown: str, unclaimed: str
) -> None:
    _, ticket = await copy_of_data(office)
    writer, path = await program(office), f"/tickets/{ticket.number}/assignment"

    async def assign(to: str) -> Answer:
        headers = {"Idempotency-Key": fresh_key(), "Accept-Language": language}
        return await writer.ask("POST", path, headers=headers, json={"to": to})

    nobody = await assign("nobody")
    assert (nobody.status, nobody.reason, nobody.body["title"]) == (422, "unknown_agent", unknown)
    assert nobody.body["faults"] == [{"where": "body.to", "what": "unknown"}]
    early = await assign("mei")
    assert (early.status, early.code, early.reason) == (409, "not_allowed_now", "unheld")
    assert early.body["title"].startswith(unclaimed)


async def test_a_closed_ticket_keeps_who_held_it(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    writer, path = await program(office), f"/tickets/{ticket.number}"
    await writer.post(f"{path}/claim")
    refusal = {"ground": "rights_of_others", "reason": "It would show others."}
    assert (await writer.post(f"{path}/refusal", refusal)).body["state"] == "closed"
    answer = await writer.post(f"{path}/assignment", {"to": "mei"})
    assert (answer.status, answer.reason) == (409, "closed")
    assert (await now(office, ticket)).holder == "zendesk"


async def test_abuse_is_refused_with_the_requests_that_show_it(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    writer, path = await program(office), f"/tickets/{ticket.number}"
    refusal = {"ground": "malice_or_abuse", "reason": "You asked twelve times today."}
    answer = await writer.post(f"{path}/refusal", refusal)
    assert (answer.status, answer.reason) == (422, "lack_abuse_evidence")
    abuse = {"requests": [ticket.number], "facts": "Twelve times the same."}
    closed = await writer.post(f"{path}/refusal", {**refusal, "abuse": abuse})
    assert closed.body["state"] == "closed"
    work = (await now(office, ticket)).work
    assert work.abuse is not None
    assert [one.number for one in work.abuse.requests] == [ticket.number]


async def forget_answer(office: Office, key: str, asked: str) -> None:
    """Leave it as after a crash between an act and the keeping of its answer."""
    services = office.world.services.integrations
    assert services is not None
    begun = await services.idempotency.begin("zendesk", key, asked.encode())
    assert begun.answered
    await services.idempotency.save_response(begun, 0, b"", "")


async def test_what_a_program_writes_is_cleaned_like_what_staff_paste(office: Office) -> None:
    player, ticket = await copy_of_data(office)
    writer = await program(office)
    words = "It is done.\u202e\x1b[2J\u2028Anything else?\ufeff"
    assert (await writer.post(f"/tickets/{ticket.number}/replies", {"text": words})).status == 200
    await player.settle()
    assert player.events[-1].text == "It is done.[2J\nAnything else?"
    nothing = await writer.post(f"/tickets/{ticket.number}/replies", {"text": "\u202e\ufeff"})
    assert (nothing.status, nothing.reason) == (422, "no_words")


async def test_what_was_decided_on_an_older_version_is_refused(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    writer, path = await program(office), f"/tickets/{ticket.number}"
    tag = (await writer.get(path)).headers["ETag"]
    await office.world.services.staff.handling.claim(ticket.number, "mei")
    stale = await writer.post(f"{path}/grant", {}, tag=tag)
    assert (stale.status, stale.code) == (412, "precondition_failed")
    assert (await now(office, ticket)).state.value == "in_review"
    fresh = (await writer.get(path)).headers["ETag"]
    done = await writer.post(f"{path}/grant", {}, tag=fresh)
    assert done.status == 200, done.body
    assert done.body["state"] == "fulfilling"


async def test_the_gate_is_the_same_as_in_the_console(office: Office) -> None:
    _, ticket = await guardian(office)
    writer, path = await program(office), f"/tickets/{ticket.number}"
    refused = await writer.post(f"{path}/grant", {"text": "Yes."})
    assert (refused.status, refused.reason) == (409, "lack_examination")
    nowhere = {"item": 49, "ground": "law", "reason": "It has to be kept."}
    lost = await writer.post(f"{path}/grant", {"refused": [nowhere]})
    assert (lost.status, lost.reason) == (422, "no_such_item")
    unsaid = await writer.post(f"{path}/examination", {"accepted": False})
    assert (unsaid.status, unsaid.code, unsaid.reason) == (422, "unprocessable", "no_reason")
    await open_files(office.world.services.staff, ticket.number, "mei")
    unseen = await writer.post(f"{path}/examination", {"accepted": True})
    assert (unseen.status, unseen.code, unseen.reason) == (409, "not_allowed_now", "not_opened")


async def test_a_second_pair_of_eyes_is_a_person_s(office: Office) -> None:
    player = await enter(
        office, "lin", {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    deciding = office.world.services.staff.decisions
    writer = await program(office)
    told = await writer.post(f"/tickets/{ticket.number}/grant")
    assert told.body["proposed"] is deciding.needs_second_agent(ticket)
    assert told.body["state"] == ("in_review" if told.body["proposed"] else "awaiting_confirmation")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"text": ""}', 400),
        ('{"text": "   "}', 400),
        ('{"text": 1}', 400),
        ('{"text": "x", "more": 1}', 400),
        ('{"text": "\\u0000"}', 400),
        ('{"text": "\\ud800"}', 400),
        ("[]", 400),
        ("{", 400),
        (f'{{"text": "{"x" * 10_001}"}}', 400),
        (f'{{"text": "{"x" * 70_000}"}}', 400),
        (f'{{"text": "{"x" * 530_000}"}}', 413),
    ],
)
async def test_what_is_sent_is_read_strictly_and_never_repeated(
    office: Office, body: str, status: int
) -> None:
    _, ticket = await copy_of_data(office)
    answer = await (await program(office)).post(f"/tickets/{ticket.number}/notes", text=body)
    assert answer.status == status
    assert "xx" not in str(answer.body)
    assert [one.what for one in await log_of(office, ticket) if one.by == "zendesk"] == []


@pytest.mark.parametrize(("name", "named"), [("more", "more"), ("my name is Lin", "…")])
async def test_an_unknown_field_is_named_if_it_may_be_one(
    office: Office, name: str, named: str
) -> None:
    answer = await (await program(office)).post("/tickets/PD-none/notes", text=f'{{"{name}": 1}}')
    assert {"where": f"body.{named}", "what": "unknown"} in answer.body["faults"]
    assert answer.body["title"].startswith("The ")


async def test_a_form_a_missing_key_and_a_strange_tag_are_refused(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    writer, path = await program(office), f"/tickets/{ticket.number}/claim"
    form = await writer.ask("POST", path, data={"a": "b"}, headers={"Idempotency-Key": "k" * 8})
    assert (form.status, form.code) == (415, "unsupported_media")
    keyless = await writer.ask("POST", path, json={})
    assert (keyless.status, keyless.reason) == (400, "api_key")
    for key, what in (
        (None, "no_key"), ("", "no_key"), ("k" * 7, "too_short"), ("k" * 201, "too_long"),
        ("two words", "wrong_format"),
    ):  # fmt: skip
        headers = {} if key is None else {"Idempotency-Key": key}
        unlike = await writer.ask("POST", path, json={}, headers=headers)
        assert unlike.body["faults"] == [{"where": "header.Idempotency-Key", "what": what}]
    strange = await writer.post(path, tag='W/"3"')
    assert strange.body["faults"] == [{"where": "header.If-Match", "what": "no_tag"}]
    assert (await writer.post(path, tag="*")).status == 200


async def test_who_asks_too_much_is_told_when_to_go_on(office: Office) -> None:
    eager, other = await program(office), await program(office, name="crm")
    answer = await eager.get("/tickets/none")
    assert answer.status == 404
    assert answer.headers["RateLimit-Policy"] == '"token";q=120;w=12'
    assert answer.headers["RateLimit"].startswith('"token";r=119;')
    while answer.status == 404:
        answer = await eager.get("/tickets/none")
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["RateLimit"].startswith('"token";r=0;')
    assert (await other.get("/tickets")).status == 200


async def test_a_body_that_does_not_come_in_time_is_given_up_and_nothing_is_done(
    tmp_path: Path,
) -> None:
    async with open_office(tmp_path, api_request_seconds=0.3) as office:
        _, ticket = await copy_of_data(office)
        slow, never = await program(office), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b'{"text": '
            await never.wait()

        answer = await slow.ask(
            "POST",
            f"/tickets/{ticket.number}/notes",
            data=body(),
            headers={"Idempotency-Key": fresh_key(), "Content-Type": "application/json"},
        )
        assert (answer.status, answer.code) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert [one.what for one in await log_of(office, ticket) if one.by == "zendesk"] == []
