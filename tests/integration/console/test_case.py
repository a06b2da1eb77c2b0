"""The case page over HTTP: taking over, examining, deciding; all of it without scripts."""

from __future__ import annotations

import re
from datetime import timedelta
from html import escape, unescape

import pytest
from tests.common.console_cases import (
    NASTY,
    copy_of_data,
    enter,
    field,
    guardian,
    log_of,
    now,
    talk_of,
)
from tests.common.console_client import Browser, Office
from tests.common.examining import open_files
from tests.common.stories import Player, steps

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.services.rendering import wording_version


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


# -- who speaks -----------------------------------------------------------------------------------


async def test_an_agent_takes_over_writes_and_hands_back_and_the_form_goes_on(
    office: Office, mei: Browser
) -> None:
    player = await enter(office, "lin", {"choose": "deletion"}, {"choose": "posts"})
    assert player.session is not None
    talk = f"/console/conversations/{player.session.conversation.hex()}"
    page = await mei.get(talk)
    seen = field(page, "/take", "owner_seen")
    page = await mei.post(f"{talk}/take", {"owner_seen": seen, "job": "t1"})
    assert page.to == f"{talk}?done=take"
    page = await mei.get(page.to)
    assert page.said == "You have the conversation."
    await player.pull()
    await player.step({"bot": "owner.agent_joined"})

    reply = {
        "owner_seen": field(page, "/reply", "owner_seen"),
        "job": "r1",
        "text": "Hello, this is Mei.",
    }
    await mei.post(f"{talk}/reply", reply)
    await mei.post(f"{talk}/reply", reply)
    await player.pull()
    assert [e.text for e in player.events if e.author].count("Hello, this is Mei.") == 1

    page = await mei.get(talk)
    await mei.post(
        f"{talk}/hand-back", {"owner_seen": field(page, "/hand-back", "owner_seen"), "job": "h1"}
    )
    player.mark = len(player.events)
    await player.pull()
    await player.step({"bot": "owner.handed_back"})
    await player.step({"choose": "_done"})
    await player.step({"bot": "verify.code_sent"})


async def reply_form(mei: Browser, ticket: Ticket) -> dict[str, str]:
    """Take a conversation over and return what its page would send with a reply."""
    page = await mei.get(f"/console/tickets/{ticket.number}")
    await mei.post(
        f"{talk_of(ticket)}/take",
        {"owner_seen": field(page, "/take", "owner_seen"), "job": "t1", "number": ticket.number},
    )
    page = await mei.get(f"/console/tickets/{ticket.number}")
    return {"owner_seen": field(page, "/reply", "owner_seen"), "job": "r1", "number": ticket.number}


async def test_a_stale_page_s_reply_is_refused_and_its_words_are_kept(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    talk, old = talk_of(ticket), await reply_form(mei, ticket)

    takeover = office.world.services.takeover
    await takeover.hand_back(ticket.conversation_id.hex(), "mei")
    await takeover.take(ticket.conversation_id.hex(), "lao-zhou")
    page = await mei.post(f"{talk}/reply", {**old, "text": "A long answer <b>& more"})
    assert page.status == 409
    assert "who speaks with the user has changed" in page.said
    assert "A long answer &lt;b&gt;&amp; more</textarea>" in page.text
    assert "老周 is answering" in page.text
    state = await office.world.services.store.reader.conversation(ticket.conversation_id)
    assert state is not None
    assert (state.owner.kind, state.owner.agent) == (OwnerKind.AGENT, "lao-zhou")

    told = await mei.post(
        f"{talk}/reply", {**old, "text": "again"}, headers={"Accept": "application/json"}
    )
    assert told.status == 409
    assert "Your text is kept" in told.text


async def test_a_form_that_was_sent_takes_no_other_words_and_keeps_them(
    office: Office, mei: Browser
) -> None:
    player, ticket = await copy_of_data(office)
    talk, form = talk_of(ticket), await reply_form(mei, ticket)
    for _ in range(2):  # the same words twice are one reply
        assert (await mei.post(f"{talk}/reply", {**form, "text": "first words"})).status == 303
    page = await mei.post(f"{talk}/reply", {**form, "text": "second words"})
    assert page.status == 409
    assert "sent before, with other words" in page.said
    assert "second words</textarea>" in page.text
    assert field(page, "/reply", "job") != "r1"
    await player.pull()
    assert [one.text for one in player.events if one.text.endswith("words")] == ["first words"]


async def test_what_is_said_meanwhile_is_sent_to_the_open_page(
    office: Office, mei: Browser
) -> None:
    player, ticket = await copy_of_data(office)
    page = await mei.get(f"/console/tickets/{ticket.number}")
    found = re.search(r'data-version="(\d+)"', page.text)
    assert found is not None
    await player.step({"user": NASTY})
    part = await mei.get(f"{talk_of(ticket)}/talk?after={found[1]}")
    assert part.status == 200
    assert "&lt;img src=x" in part.text
    assert "<img" not in part.text
    assert "<script" not in part.text


# -- what is asked for ----------------------------------------------------------------------------


async def test_the_words_a_request_began_with_are_read_first(office: Office, mei: Browser) -> None:
    words = "I would like to delete all of my posts <i>please</i>"
    player = await enter(office, "lin", {"user": words}, {"code": "right"}, {"choose": "yes"})
    (ticket,) = await player.tickets()
    page = await mei.get(f"/console/tickets/{ticket.number}")
    facts = page.text.partition('<dl class="facts">')[2].lstrip()
    assert facts.startswith("<dt>First message</dt>")
    assert f">{escape(words)}</dd>" in facts.partition("</dl>")[0]
    assert page.text.count(escape(words)) == 2, "in the conversation and in the request, once each"


# -- evidence -------------------------------------------------------------------------------------


async def test_a_child_s_files_wait_for_a_supervisor_and_each_opening_is_logged(
    office: Office, mei: Browser
) -> None:
    _, ticket = await guardian(office)
    case = f"/console/tickets/{ticket.number}"
    (file,) = await office.world.services.store.reader.evidence_of(ticket.id)
    await mei.get(case)
    await mei.post(f"{case}/claim", {"job": "c1"})
    page = await mei.get(case)
    assert "A supervisor has to allow" in page.text
    assert f"{case}/files/" not in page.text
    page = await mei.get(f"{case}/files/{file.id.hex()}")
    assert page.status == 403
    assert "a supervisor has to allow" in page.said
    assert (await mei.post(f"{case}/files", {"job": "f0"})).status == 403

    boss = await office.signed_in("lao-zhou")
    await boss.get(case)
    page = await boss.post(f"{case}/files", {"job": "f1"})
    assert page.to == f"{case}?done=allow_files"
    page = await boss.get(f"{case}/files/{file.id.hex()}")
    assert page.status == 403, "who allows it does not hold it"

    mei = await office.signed_in("mei")
    answer = await mei.client.get(f"{case}/files/{file.id.hex()}")
    assert answer.status == 200
    assert answer.content_type.startswith("image/")
    assert answer.headers["Cache-Control"] == "no-store"
    log = await log_of(office, ticket)
    assert [(e.by, e.what) for e in log[-2:]] == [
        ("lao-zhou", "files_allowed"),
        ("mei", "evidence_opened"),
    ]


async def test_evidence_is_settled_once_and_removed(office: Office, mei: Browser) -> None:
    mother, ticket = await guardian(office)
    case = f"/console/tickets/{ticket.number}"
    page = await mei.get(case)
    page = await mei.post(f"{case}/examine", {"shown": "no", "text": " ", "job": "e0"})
    assert page.status == 400
    assert page.said == "Give a reason."
    page = await mei.post(f"{case}/examine", {"shown": "yes", "job": "e1"})
    assert page.status == 409
    assert page.said == "Open each file yourself before you say that they are enough."
    await open_files(office.world.services.staff, ticket.number, "lao-zhou")
    page = await mei.post(f"{case}/examine", {"shown": "yes", "job": "e1"})
    assert page.status == 409, "what a colleague saw is no judgement of hers"
    assert "Opened by you" not in page.text
    await open_files(office.world.services.staff, ticket.number, "mei")
    assert "Opened by you" in (await mei.get(case)).text
    page = await mei.post(f"{case}/examine", {"shown": "yes", "job": "e1"})
    assert page.to == f"{case}?done=examine"
    page = await mei.post(f"{case}/examine", {"shown": "yes", "job": "e2"})
    assert page.status == 409
    assert "the request has changed since this page was opened" in page.said
    page = await mei.post(f"{case}/examine", {"shown": "yes", "job": "e3"})
    assert page.status == 409
    assert "No evidence is waiting" in page.said
    await mother.pull()
    await mother.step({"bot": "ticket.examined_ok"})
    page = await mei.get(case)
    assert "Removed" in page.text


# -- deciding -------------------------------------------------------------------------------------


async def test_a_decision_is_looked_at_first_and_made_once(office: Office, mei: Browser) -> None:
    player, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.get(case)
    page = await mei.post(f"{case}/preview", {"verdict": "grant", "job": "p1"})
    assert page.status == 200
    assert "This decides" in page.text
    assert ticket.number in page.text
    assert "u-1001" in page.text
    assert 'class="log preview"' in page.text
    assert (await now(office, ticket)).state is TicketState.IN_REVIEW

    job = field(page, "/decide", "job")
    for _ in range(2):
        page = await mei.post(f"{case}/decide", {"verdict": "grant", "job": job})
        assert page.to == f"{case}?done=decide"
    await player.settle()
    closed = await now(office, ticket)
    assert closed.outcome is Outcome.FULFILLED
    assert [e.what for e in await log_of(office, ticket)].count("grant") == 1


async def test_a_form_in_which_nothing_is_chosen_is_neither_previewed_nor_decided(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.get(case)
    for step in ("preview", "decide"):
        page = await mei.post(f"{case}/{step}", {"answer": "Here it is.", "job": f"n-{step}"})
        assert page.status == 400
        assert "Nothing is chosen yet." in page.text
        assert 'id="draft"' not in page.text
        assert f'action="{case}/decide"' not in page.text
    assert (await now(office, ticket)).state is TicketState.IN_REVIEW


async def test_evidence_is_settled_after_a_question_that_names_ticket_and_person(
    office: Office, mei: Browser
) -> None:
    _, ticket = await guardian(office)
    case = f"/console/tickets/{ticket.number}"
    await open_files(office.world.services.staff, ticket.number, "mei")
    await mei.get(case)
    for form, said in (({}, "Nothing is chosen yet."), ({"shown": "no"}, "Give a reason.")):
        page = await mei.post(f"{case}/finding", {**form, "account": "u-1004", "job": "f0"})
        assert page.status == 400
        assert page.said.startswith(said)
    page = await mei.post(f"{case}/finding", {"shown": "yes", "account": "u-1004", "job": "f1"})
    assert f"accepts the evidence of {ticket.number} for u-1004" in page.text
    assert 'class="log preview"' in page.text
    assert (await now(office, ticket)).has_unexamined_evidence, "asking settles nothing"
    form = {one: field(page, "/examine", one) for one in ("job", "shown", "account")}
    page = await mei.post(f"{case}/examine", form)
    assert page.to == f"{case}?done=examine"
    assert (await now(office, ticket)).state is TicketState.IN_REVIEW


async def test_the_gate_stays_shut_and_lists_what_is_missing(office: Office, mei: Browser) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.get(case)
    page = await mei.post(
        f"{case}/preview", {"verdict": "refuse", "ground": "", "reason": "", "job": "p1"}
    )
    assert page.status == 400
    assert 'id="fault-ground">Choose the ground of each refusal.' in page.text
    assert 'id="fault-reason">Give the reason of each refusal' in unescape(page.text)
    assert 'aria-invalid="true" aria-describedby="fault-reason"' in page.text
    assert f'action="{case}/decide"' not in page.text
    page = await mei.post(f"{case}/decide", {"verdict": "refuse", "ground": "law", "job": "d1"})
    assert page.status == 400
    assert (await now(office, ticket)).state is TicketState.IN_REVIEW


async def test_staff_are_told_what_proves_no_closing(office: Office, mei: Browser) -> None:
    alice = await enter(
        office, "alice", {"choose": "deregistration"}, {"choose": "go_on"},
        {"upload": "passport.png"}, {"choose": "desk.ask_done"}, {"choose": "chat"},
        {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await alice.tickets()
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert 'id="faces"' in page.text
    assert "takes no newly taken picture of a face" in page.text
    _, other = await guardian(office)
    assert 'id="faces"' not in (await mei.get(f"/console/tickets/{other.number}")).text


async def test_abuse_is_chosen_with_the_requests_that_show_it(office: Office, mei: Browser) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    page = await mei.get(case)
    assert f'name="abuse_request-{ticket.number}"' in page.text
    refusal = {"verdict": "refuse", "ground": "malice_or_abuse", "reason": "Enough."}
    page = await mei.post(f"{case}/preview", {**refusal, "job": "p1"})
    assert "This ground needs evidence" in page.text
    assert f'action="{case}/decide"' not in page.text
    shown = {f"abuse_request-{ticket.number}": "yes", "abuse_facts": "Twelve times today."}
    page = await mei.post(f"{case}/preview", {**refusal, **shown, "job": "p2"})
    assert "Twelve times today." not in page.text.split('class="log preview"')[1].split("</ol>")[0]
    page = await mei.post(f"{case}/decide", {**refusal, **shown, "job": "d1"})
    assert page.to == f"{case}?done=decide"
    page = await mei.get(case)
    assert "Evidence of abuse" in page.text
    assert "Twelve times today." in page.text


async def test_a_ground_that_may_reveal_an_investigation_is_warned_of(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    refusal = {"verdict": "refuse", "ground": "criminal_proceedings", "reason": "Not now."}
    await mei.get(case)
    page = await mei.post(f"{case}/preview", {**refusal, "job": "p1"})
    assert 'id="reveals"' in page.text
    assert 'id="withhold-do"' not in page.text, "a supervisor decides that"
    boss = await office.signed_in("lao-zhou")
    await boss.get(case)
    page = await boss.post(f"{case}/preview", {**refusal, "job": "p2"})
    assert 'id="withhold-do"' in page.text
    page = await boss.post(f"{case}/preview", {**refusal, "withhold": "yes", "job": "p3"})
    assert 'id="reveals"' not in page.text
    assert 'id="withheld"' in page.text
    for ground in ("rights_of_others", "law"):
        page = await boss.post(f"{case}/preview", {**refusal, "ground": ground, "job": ground})
        assert 'id="reveals"' not in page.text


async def test_a_ready_reason_that_tells_goes_with_the_ground(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    boss = await office.signed_in("lao-zhou")
    page = unescape((await boss.get(case)).text)
    ready = re.search(r'value="criminal_proceedings" data-text="([^"]+)"', page)
    assert ready is not None
    refusal = {"verdict": "refuse", "ground": "criminal_proceedings"}
    for reason, kept in ((ready[1], "By law and the privacy policy"), ("Not now.", "Not now.")):
        page = (await boss.post(f"{case}/preview", {**refusal, "reason": reason, "job": kept})).text
        offer = unescape(page).split('id="reveals"')[1].split("</form>")[0]
        assert f'name="reason" value="{kept}' in offer


async def test_nobody_decides_what_is_not_verified(office: Office, mei: Browser) -> None:
    _, ticket = await guardian(office)
    case = f"/console/tickets/{ticket.number}"
    page = await mei.get(case)
    assert 'value="refuse"' in page.text
    assert 'name="verdict" value="grant"' not in page.text, "only a refusal needs no proof"
    form = {"verdict": "grant", "account": "u-1004", "job": "p1"}
    page = await mei.post(f"{case}/preview", form)
    assert "The evidence has not been examined." in page.text


async def test_what_could_not_be_carried_out_is_told_and_mended_with_the_account(
    office: Office, mei: Browser
) -> None:
    _, ticket = await guardian(office)
    case = f"/console/tickets/{ticket.number}"
    page = await mei.get(case)
    assert "Refuse without this step" in page.text
    await open_files(office.world.services.staff, ticket.number, "mei")
    page = await mei.post(f"{case}/examine", {"shown": "yes", "account": "u-1040", "job": "e1"})
    await mei.get(page.to)
    await mei.post(f"{case}/decide", {"verdict": "grant", "account": "u-1040", "job": "d1"})
    await office.world.work()
    page = await mei.get(case)
    assert "could not be carried out: not found" in page.text
    assert 'name="account" value="u-1040"' in page.text

    page = await mei.post(f"{case}/preview", {"verdict": "grant", "account": "u-1004", "job": "p2"})
    assert f"This decides {ticket.number} for u-1004." in page.text
    await mei.post(f"{case}/decide", {"verdict": "grant", "account": "u-1004", "job": "d2"})
    await office.world.work()
    assert (await now(office, ticket)).outcome is Outcome.FULFILLED
    assert "could not be carried out" not in (await mei.get(case)).text


# -- handling -------------------------------------------------------------------------------------


async def test_a_birthday_to_be_put_right_reads_as_a_date(office: Office, mei: Browser) -> None:
    player = Player(office.world, office.world.people["lin-xiaoyu"], "en")
    await player.start()
    await steps(player, {"user": "change my birthday to 1999-03-02"}, {"code": "right"})
    await steps(player, {"choose": "yes"}, {"bot": "rectification.filed"})
    (ticket,) = await player.tickets()
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert re.search(r"Birthday · [^<]* → 2 March 1999", page.text)


async def test_notes_are_for_staff_and_scripts_in_them_are_words(
    office: Office, mei: Browser
) -> None:
    player, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.get(case)
    said = len(player.events)
    await mei.post(f"{case}/note", {"text": NASTY, "job": "n1"})
    await mei.post(f"{case}/note", {"text": NASTY, "job": "n1"})
    await player.pull()
    assert len(player.events) == said
    page = await mei.get(case)
    assert page.text.count("&lt;img src=x") == 1
    assert "<img src=x" not in page.text
    assert "<script>" not in page.text


async def test_what_staff_paste_is_cleaned_as_what_people_type_is(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.get(case)
    await mei.post(f"{case}/note", {"text": "Seen\u202e by\x00 us.\r\nTwice. ", "job": "n1"})
    assert (await log_of(office, ticket))[-1].why == "Seen by us.\nTwice."


async def test_other_requests_are_dated_in_the_operator_s_zone(office: Office) -> None:
    # Half past seven in the morning in Shanghai is the evening before in UTC.
    office.clock.move(timedelta(hours=21, minutes=30))
    player, ticket = await copy_of_data(office)
    await player.step({"choose": "desk:menu"})
    for step in ("deletion", "posts", "_done", "yes"):
        await player.step({"choose": step})
    page = await (await office.signed_in("mei")).get(f"/console/tickets/{ticket.number}")
    others = page.text.partition('id="earlier-title"')[2].partition("</details>")[0]
    assert "2 Jun" in others
    assert "1 June" not in others


async def test_the_history_says_which_wording_the_requester_agreed_to(office: Office) -> None:
    player = await enter(office, "lin", {"choose": "deletion"}, {"choose": "posts"})
    await steps(player, {"choose": "_done"}, {"code": "right"}, {"choose": "yes"})
    (ticket,) = await player.tickets()
    (filed,) = [one for one in await log_of(office, ticket) if one.what == "filed"]
    agreed = filed.data["agreed"]
    assert "deletion.sure" in agreed["keys"]
    catalog = office.world.services.catalogs
    assert agreed["version"] == wording_version(catalog, ticket.locale, agreed["keys"])
    page = await (await office.signed_in("mei")).get(f"/console/tickets/{ticket.number}")
    assert f"version {agreed['version']}" in page.text


async def test_who_decides_is_told_of_a_hold_on_another_request_of_the_person(
    office: Office,
) -> None:
    player, ticket = await copy_of_data(office)
    await player.step({"choose": "desk:menu"})
    for step in ("deletion", "posts", "_done", "yes"):
        await player.step({"choose": step})
    deletion = next(one for one in await player.tickets() if one.id != ticket.id)
    mei = await office.signed_in("mei")
    case = f"/console/tickets/{deletion.number}"
    told = f"{ticket.number} (Access"
    assert told not in (await mei.get(case)).text
    await office.world.services.staff.holds.set_hold(ticket.number, "lao-zhou", "A court asks.")
    assert told in (await mei.get(case)).text


async def test_names_that_people_chose_are_words_wherever_they_stand(
    office: Office, mei: Browser
) -> None:
    _, ticket = await guardian(office)
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert "&lt;img src=x" in page.text
    assert "<img src=x" not in page.text
    assert "<script>" not in page.text


async def test_asking_assigning_and_more_time(office: Office, mei: Browser) -> None:
    player, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.get(case)
    page = await mei.post(f"{case}/ask", {"text": "Which year?", "job": "a1"})
    assert page.to == f"{case}?done=ask"
    await player.pull()
    await player.step({"bot": "ticket.asked"})
    page = await mei.post(f"{case}/assign", {"to": "lao-zhou", "job": "a2"})
    assert page.status == 409, "nobody holds it yet"
    page = await mei.post(f"{case}/claim", {"job": "c1"})
    await mei.get(page.to)
    page = await mei.post(f"{case}/assign", {"to": "lao-zhou", "job": "a3"})
    assert page.to == f"{case}?done=assign"
    assert (await now(office, ticket)).holder == "lao-zhou"
    assert (await mei.post(f"{case}/extend", {"days": "3", "text": "x"})).status == 403

    boss = await office.signed_in("lao-zhou")
    await boss.get(case)
    page = await boss.post(f"{case}/extend", {"days": "0", "text": "Many files.", "job": "x0"})
    assert page.status == 400
    page = await boss.post(f"{case}/extend", {"days": "3", "text": "Many files.", "job": "x1"})
    assert page.to == f"{case}?done=extend"
    page = await boss.get(case)
    assert "First promised for" in page.text


async def test_an_auditor_reads_and_does_nothing(office: Office) -> None:
    _, ticket = await copy_of_data(office)
    auditor = await office.signed_in("he-an")
    case = f"/console/tickets/{ticket.number}"
    page = await auditor.get(case)
    assert page.status == 200
    assert f'action="{case}/' not in page.text
    for deed in ("claim", "note", "ask", "examine", "preview", "decide", "files", "extend"):
        assert (await auditor.post(f"{case}/{deed}", {"job": deed})).status == 403
    assert (await auditor.post(f"{talk_of(ticket)}/take", {"owner_seen": "0"})).status == 403


async def test_earlier_requests_of_the_person_lie_beside_the_case(
    office: Office, mei: Browser
) -> None:
    _, first = await copy_of_data(office)
    await office.world.services.staff.decisions.grant(first.number, "mei")
    await office.world.work()
    player = await enter(office, "lin", {"choose": "desk:menu"}, {"choose": "deletion"})
    for step in ({"choose": "posts"}, {"choose": "_done"}, {"choose": "yes"}):
        await player.step(step)
    second = next(t for t in await player.tickets() if t.id != first.id)
    page = await mei.get(f"/console/tickets/{second.number}")
    assert f'href="/console/tickets/{first.number}"' in page.text.partition('id="earlier-title"')[2]


@pytest.mark.parametrize("path", ["tickets/PD-0000", "conversations/zz", "conversations/00"])
async def test_what_does_not_exist_is_not_found(mei: Browser, path: str) -> None:
    assert (await mei.get(f"/console/{path}")).status == 404


async def test_an_address_that_takes_forms_alone_leads_to_its_page(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    for deed in ("preview", "decide", "files"):
        page = await mei.get(f"{case}/{deed}")
        assert (page.status, page.to) == (303, case)
    assert (await mei.get(f"{talk_of(ticket)}/reply")).to == talk_of(ticket)
    assert (await mei.get("/console/people/role")).to == "/console/people"
    assert (await mei.get("/console/sign-out")).to == "/console/"


async def test_whoever_signs_in_again_from_a_draft_comes_back_to_its_case(
    office: Office, mei: Browser
) -> None:
    _, ticket = await copy_of_data(office)
    case = f"/console/tickets/{ticket.number}"
    await mei.get(case)
    draft = await mei.post(f"{case}/preview", {"verdict": "grant", "job": "p1"})
    assert f'data-at="{case}"' in draft.text
    stranger = await office.browser()
    stranger.last = draft
    page = await stranger.post(f"{case}/decide", {"verdict": "grant", "job": "d1"})
    assert page.to.startswith("/console/sign-in?next=")
    page = await stranger.sign_in("mei", onward=f"{case}/preview")
    assert page.to == f"{case}/preview"
    assert (await stranger.get(page.to)).to == case


async def test_what_the_account_service_did_stands_on_the_case(
    office: Office, mei: Browser
) -> None:
    player = await enter(office, "lin", {"choose": "deletion"})
    for step in (
        {"choose": "posts"},
        {"choose": "recharge"},
        {"choose": "_done"},
        {"code": "right"},
        {"choose": "yes"},
    ):
        await player.step(step)
    (ticket,) = await player.tickets()
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert 'id="calls"' not in page.text, "nothing was asked yet"
    office.world.accounts.busy = True
    await office.world.services.staff.decisions.grant(ticket.number, "mei")
    await office.world.work()
    page = await mei.get(f"/console/tickets/{ticket.number}")
    calls = page.text.partition('id="calls"')[2].partition("</section>")[0]
    assert "in progress" in calls
    assert "accepted, still at work" in calls
    office.world.accounts.busy = False
    await player.step({"wait": {"minutes": 2}})
    page = await mei.get(f"/console/tickets/{ticket.number}")
    calls = unescape(page.text.partition('id="calls"')[2].partition("</section>")[0])
    assert "Posts: done · records: 3" in calls
    assert "kept until" in calls
    key = office.world.accounts.calls[-1].key
    assert key in calls


async def test_who_took_part_in_the_first_decision_is_told_to_hand_the_conversation_over(
    office: Office, mei: Browser
) -> None:
    services = office.world.services
    player = await enter(
        office, "lin", {"choose": "deletion"}, {"choose": "posts"}, {"choose": "_done"},
        {"code": "right"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    await services.staff.decisions.refuse(
        ticket.number, "mei", ground=Ground.LAW, reason="A law keeps them."
    )
    await player.pull()
    await steps(
        player, {"choose": "desk:request:object:"}, {"user": "There is none."}, {"choose": "yes"}
    )
    page = await mei.get(talk_of(ticket))
    assert "objects to a decision you took part in" in unescape(page.text)
    assert "/take" not in page.text
    assert "/reply" not in page.text
    chen = await office.signed_in("lao-zhou")
    page = await chen.get(talk_of(ticket))
    assert "objects to a decision" not in page.text
    assert "/take" in page.text
