"""What is counted by the day: who gave up proving who they are, what was not understood."""

from __future__ import annotations

from tests.common.stories import Player, World, steps

from privacydesk.storage.store import SqlStore


async def enter(world: World, person: str = "lin-xiaoyu") -> Player:
    player = Player(world, world.people[person], "zh_Hans")
    await player.start()
    return player


async def counts(world: World) -> dict[str, int]:
    store = world.services.store
    assert isinstance(store, SqlStore)
    today = world.services.deadlines.today(world.clock.now())
    sums = await store.counters.sums(today, today)
    return {f"{one.what} {one.detail}": one.number for one in sums}


async def test_whoever_types_the_right_code_went_on_from_it(world: World) -> None:
    player = await enter(world)
    await steps(player, {"choose": "access"}, {"code": "wrong"}, {"code": "right"})
    assert await counts(world) == {
        "reached send_code": 1,
        "passed send_code": 1,
        "reached code": 1,
        "passed code": 1,
    }


async def test_whoever_would_rather_not_type_it_gave_up_there(world: World) -> None:
    player = await enter(world)
    await steps(player, {"choose": "access"}, {"choose": "verify.rather_not"})
    seen = await counts(world)
    assert (seen["reached code"], seen.get("passed code", 0)) == (1, 0)


async def test_whoever_never_comes_back_gave_up_where_they_stood(world: World) -> None:
    player = await enter(world)
    await player.step({"choose": "access"})
    seen = await counts(world)
    assert (seen["reached code"], seen.get("passed code", 0)) == (1, 0)


async def test_a_question_between_is_no_step(world: World) -> None:
    player = await enter(world)
    await steps(player, {"choose": "access"}, {"user": "你们会保存聊天记录多久？"})
    await player.step({"code": "right"})
    seen = await counts(world)
    assert (seen["reached code"], seen["passed code"]) == (1, 1)


async def test_files_for_an_agent_to_examine_are_a_way_through(world: World) -> None:
    player = await enter(world)
    await steps(player, {"choose": "access"}, {"choose": "verify.no_code"})
    await steps(player, {"choose": "document"}, {"upload": "card.jpg"}, {"choose": "_done"})
    seen = await counts(world)
    assert (seen["reached evidence"], seen["passed evidence"]) == (1, 1)
    assert (seen["reached next"], seen["passed next"]) == (1, 1)


async def test_a_complaint_filed_without_proof_is_none(world: World) -> None:
    player = Player(world, None, "zh_Hans")
    await player.start()
    await steps(player, {"choose": "complaint"}, {"choose": "leak"}, {"user": "有人卖我的资料"})
    await player.step({"choose": "_skip"})
    seen = await counts(world)
    assert (seen["reached contact"], seen.get("passed contact", 0)) == (1, 0)


async def test_sentences_that_nothing_could_be_made_of_are_counted_by_language(
    world: World,
) -> None:
    player = await enter(world)
    await steps(player, {"user": "嗯哼哼呃"}, {"user": "我要看你们存了我哪些资料"})
    seen = await counts(world)
    assert (seen["heard zh_Hans"], seen["unsure zh_Hans"]) == (2, 1)
