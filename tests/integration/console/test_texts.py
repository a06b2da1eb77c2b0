"""Text modules in the console: supervisors write them, and the reply box has them filled."""

from __future__ import annotations

from tests.common.console_cases import NASTY, copy_of_data, field, talk_of
from tests.common.console_client import Office

TEXTS = {
    "text-zh_Hans": "您好，{number}",
    "text-zh_Hant": "您好，{number} 。",
    "text-en": f"Hello {NASTY} {{number}}",
}


async def test_a_supervisor_s_text_stands_filled_beside_the_reply(office: Office) -> None:
    boss = await office.signed_in("lao-zhou")
    await boss.get("/console/texts")
    page = await boss.post("/console/texts", {"name": "hello", "seen": "0", **TEXTS})
    assert page.to == "/console/texts?done=saved&about=hello"
    page = await boss.get(page.to)
    assert page.said == "hello is saved."

    _, ticket = await copy_of_data(office)
    mei = await office.signed_in("mei")
    page = await mei.get(f"/console/tickets/{ticket.number}")
    # Whoever may take the case may refuse or answer with a text; whoever only reads may not.
    assert 'id="modules-list"' in page.text
    assert NASTY not in page.text
    auditor = await office.signed_in("he-an")
    read = await auditor.get(f"/console/tickets/{ticket.number}")
    assert read.status == 200
    assert "modules-list" not in read.text
    assert "data-text=" not in read.text
    await mei.post(
        f"{talk_of(ticket)}/take",
        {"owner_seen": field(page, "/take", "owner_seen"), "job": "t1", "number": ticket.number},
    )
    page = await mei.get(f"/console/tickets/{ticket.number}")
    assert f"{ticket.number}</span>" in page.text
    assert "data-text=" in page.text
    assert NASTY not in page.text
    listed = await mei.get("/console/texts")
    assert "hello" in listed.text
    assert "/remove" not in listed.text


async def test_a_text_that_somebody_else_changed_is_refused_and_kept(office: Office) -> None:
    boss = await office.signed_in("lao-zhou")
    await boss.get("/console/texts")
    await boss.post("/console/texts", {"name": "hello", "seen": "0", **TEXTS})
    form = {"name": "hello", "seen": "1", **TEXTS, "text-en": "A long text {number}"}
    other = {**form, "text-en": "Hi {number}"}
    assert (await boss.post("/console/texts", other)).status == 303
    page = await boss.post("/console/texts", form)
    assert page.status == 409
    assert "somebody else changed or removed this text" in page.said
    assert "A long text {number}</textarea>" in page.text
    # The page that answers has shown what there is now, so sending again is sent over that.
    assert 'name="seen" value="2"' in page.text
    page = await boss.post("/console/texts", {**form, "seen": "2"})
    assert page.status == 303
    page = await boss.post("/console/texts/hello/remove", {"seen": "1"})
    assert page.status == 409
    page = await boss.post("/console/texts/hello/remove", {"seen": "3"})
    assert page.to == "/console/texts?done=removed&about=hello"


async def test_what_cannot_be_kept_is_refused_with_its_words(office: Office) -> None:
    boss = await office.signed_in("lao-zhou")
    await boss.get("/console/texts")
    page = await boss.post(
        "/console/texts", {"name": "hello", "seen": "0", **TEXTS, "text-en": "Hi {phone}"}
    )
    assert page.status == 400
    assert page.said.startswith("Not saved:")
    assert "Hi {phone}</textarea>" in page.text
