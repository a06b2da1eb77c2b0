"""A request that was proven by a document, while somebody else is logged in to the account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.common.examining import open_files
from tests.common.stories import PROFILE, World, enter, open_world, steps

from privacydesk.domain.ticket import TicketState


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


async def test_only_who_filed_it_and_staff_see_it(world: World) -> None:
    claimant = await enter(world, "", "zh_Hans")
    await steps(
        claimant, {"choose": "deregistration"}, {"choose": "go_on"},
        {"choose": "verify.cannot_log_in"}, {"user": "u-1001"}, {"user": "somebody@example.com"},
        {"code": "right"}, {"upload": "id.png"}, {"choose": "_done"}, {"choose": "yes"},
    )  # fmt: skip
    (claim,) = await claimant.tickets()
    staff = world.services.staff
    await open_files(staff, claim.number, "mei")
    await staff.examinations.examine(claim.number, "mei", accepted=True, account="u-1001")

    session = await enter(world, "lin", "zh_Hans")
    await steps(session, {"user": "进度"}, {"bot": "request_status.none_yet"})
    await steps(session, {"user": claim.number}, {"not_bot": "request_status.mine"})

    # Staff see both from each of the two.
    await steps(session, {"choose": "desk:menu"}, {"choose": "complaint"}, {"choose": "leak"})
    await steps(session, {"user": "有人拿着我的手机登录了我的账号"}, {"choose": "_skip"})
    (own,) = await session.tickets()
    for one, other in ((own, claim), (claim, own)):
        related = await staff.tickets.related(await staff.tickets.by_number(one.number))
        assert other.number in [ticket.number for ticket in related.earlier]

    await steps(claimant, {"user": "进度"}, {"bot": "request_status.mine"})
    (still,) = await claimant.tickets()
    assert still.state is TicketState.IN_REVIEW
