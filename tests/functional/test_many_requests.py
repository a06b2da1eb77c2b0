"""People with many requests: what they ask of all of them at once is done."""

from __future__ import annotations

from typing import Final

from tests.common.stories import World, enter, steps

MANY: Final = 15
"""More than a turn may be begun anew, so that rows fetched one by one would never be complete."""
FILING: Final = (
    {"user": "菜单"}, {"choose": "complaint"}, {"choose": "leak"},
    {"user": "我的住址被人发到了聊天室"},
)  # fmt: skip
NOTHING_TO_ADD: Final = {"choose": "collect_evidence.nothing_to_add"}


async def test_all_of_many_open_requests_are_taken_back_at_once(world: World) -> None:
    lin = await enter(world, "lin")
    await steps(lin, *FILING, NOTHING_TO_ADD)
    for _ in range(MANY - 1):
        await steps(lin, *FILING, {"choose": "other"}, NOTHING_TO_ADD)
    await steps(
        lin,
        {"user": "我要撤回申请"},
        {"choose": "all"},
        {"bot": "cancel_request.sure_all"},
        {"choose": "yes"},
        {"bot": "cancel_request.all_withdrawn"},
    )
    assert lin.session is not None
    view = await world.services.desk.view(lin.session)
    outcomes = [request["outcome"] for request in view.requests or ()]
    assert outcomes == ["withdrawn"] * MANY
