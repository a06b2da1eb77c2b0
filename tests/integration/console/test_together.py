"""What staff do with each other on the case page: handing up, closing duplicates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.common.console_cases import NASTY, enter, field, log_of, now
from tests.common.console_client import Browser, Office
from tests.common.stories import steps

from privacydesk.domain.ticket import Outcome, Ticket


@pytest.fixture
async def mei(office: Office) -> Browser:
    return await office.signed_in("mei")


async def two_deletions(office: Office) -> tuple[Ticket, Ticket]:
    player = await enter(
        office, "lin", {"choose": "deletion"}, {"choose": "posts"}, {"choose": "photos"},
        {"choose": "_done"}, {"code": "right"}, {"choose": "yes"},
    )  # fmt: skip
    office.clock.move(timedelta(minutes=5))
    await steps(
        player, {"choose": "desk:menu"}, {"choose": "deletion"}, {"choose": "photos"},
        {"choose": "_done"}, {"choose": "yes"}, {"bot": "deletion.filed"},
    )  # fmt: skip
    later, first = await player.tickets()
    return first, later


async def test_a_duplicate_is_closed_from_its_page_and_both_pages_link_each_other(
    office: Office, mei: Browser
) -> None:
    first, later = await two_deletions(office)
    page = await mei.get(f"/console/tickets/{first.number}")
    assert "/merge" not in page.text
    address = f"/console/tickets/{later.number}"
    page = await mei.get(address)
    form = {"into": first.number, "text": NASTY, "job": field(page, "/merge", "job")}
    page = await mei.post(f"{address}/merge", form)
    assert page.to == f"{address}?done=merge"
    page = await mei.get(page.to)
    assert page.said.startswith("Closed as a duplicate.")
    assert "goes on in place of this one" in page.text
    assert NASTY not in page.text
    page = await mei.get(f"/console/tickets/{first.number}")
    assert "duplicate of this one" in page.text
    assert (await now(office, later)).outcome is Outcome.DUPLICATE


async def test_what_cannot_be_merged_any_more_is_refused_and_the_words_stay(
    office: Office, mei: Browser
) -> None:
    first, later = await two_deletions(office)
    address = f"/console/tickets/{later.number}"
    page = await mei.get(address)
    old = {"into": first.number, "text": "the same photos", "job": field(page, "/merge", "job")}
    await office.world.services.staff.decisions.grant(first.number, "lao-zhou")
    page = await mei.post(f"{address}/merge", old)
    assert page.status == 409
    assert "both have to be verified and not decided yet" in page.said
    assert "the same photos</textarea>" in page.text
    assert (await now(office, later)).is_open


async def test_a_request_is_handed_up_and_answered(office: Office, mei: Browser) -> None:
    first, _ = await two_deletions(office)
    address = f"/console/tickets/{first.number}"
    page = await mei.get(address)
    form = {"text": "Is it hers?", "job": field(page, "/escalate", "job")}
    page = await mei.post(f"{address}/escalate", form)
    page = await mei.get(page.to)
    assert "Is it hers?" in page.text
    assert "/escalation" not in page.text

    boss = await office.signed_in("lao-zhou")
    listed = await boss.get("/console/inbox?view=escalated")
    assert first.number in listed.text
    page = await boss.get(address)
    page = await boss.post(
        f"{address}/escalation", {"text": "It is.", "job": field(page, "/escalation", "job")}
    )
    assert (await boss.get(page.to)).said.startswith("Answered.")
    assert [(e.what, e.why) for e in await log_of(office, first)][-2:] == [
        ("escalate", "Is it hers?"),
        ("escalation_answered", "It is."),
    ]
