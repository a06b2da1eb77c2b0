"""What a request's card says and does: over the socket, over HTTP, and for whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from tests.common.stories import PEOPLE, Player, World, open_world, token_for
from tests.common.web_client import ChatClient, ChatSocket

from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings

FILED = ("complaint", "leak")


@asynccontextmanager
async def served(world: World) -> AsyncIterator[ChatClient]:
    services = world.services
    app = make_app(
        services.desk, services.catalogs, WebSettings(log_poll_interval=0.02), services.clock
    )
    async with TestClient(TestServer(app)) as http:
        yield ChatClient(http, app)


async def filed(world: World, person: str = "lin") -> Player:
    """Return a person who has filed a complaint."""
    player = Player(world, world.people[PEOPLE[person]], "zh_Hans")
    await player.start()
    for choice in FILED:
        await player.step({"choose": choice})
    await player.step({"user": "我的住址被人发到了聊天室"})
    await player.step({"choose": "collect_evidence.nothing_to_add"})
    return player


async def view_of(player: Player) -> Any:
    assert player.session is not None
    return await player.world.services.desk.view(player.session)


async def card_of(player: Player) -> dict[str, Any]:
    """Return the person's newest request as the view has it."""
    requests = (await view_of(player)).requests
    return dict(requests[0])


def choice(card: dict[str, Any], action: str) -> str:
    choices = (str(one["choice"]) for one in card["actions"])
    return next(one for one in choices if f":{action}:" in one)


async def state_after(socket: ChatSocket, state: str) -> dict[str, Any]:
    """Return the first request once a view tells that it is in a state."""
    while True:
        frame = await socket.next()
        found = (frame.get("view") or {}).get("requests") or [{}]
        if found[0].get("state") == state:
            return dict(found[0])


async def test_a_second_window_is_told_what_a_button_did(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world, served(world) as chat:
        await filed(world)
        token = token_for(world.people[PEOPLE["lin"]].account or "", world.clock)
        first, welcome = await chat.hello(token=token)
        second, other = await chat.hello(token=token)
        card = welcome["view"]["requests"][0]
        assert other["view"]["requests"] == welcome["view"]["requests"]

        await first.send("choose", id="w1", choice=choice(card, "withdraw"), offset=0)
        asked = 0
        while not asked:
            frame = await first.until("events")
            sure = [e["offset"] for e in frame["events"] if e.get("key") == "cancel_request.sure"]
            asked = sure[-1] if sure else 0
        await first.send("choose", id="w2", choice="yes", offset=asked)

        for socket in (first, second):
            now = await state_after(socket, "closed")
            assert now["outcome"] == "withdrawn"
            assert now["number"] == card["number"]


async def test_the_same_is_done_over_http_and_a_resent_frame_does_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world, served(world) as chat:
        player = await filed(world)
        token = token_for(world.people[PEOPLE["lin"]].account or "", world.clock)
        bearer = {"Authorization": f"Bearer {token}"}
        welcome = await (await chat.http.post("/chat/v1/session", json={"token": token})).json()
        card = welcome["view"]["requests"][0]

        async def post(**frame: Any) -> dict[str, Any]:
            answer = await chat.http.post("/chat/v1/messages", json=frame, headers=bearer)
            assert answer.status == 200
            return dict(await answer.json())

        add = {"type": "choose", "id": "w1", "choice": choice(card, "add"), "offset": 0}
        assert not (await post(**add))["duplicate"]
        assert (await post(**add))["duplicate"]
        await post(type="send", id="w2", text="发的人叫阿杰")
        await player.settle()
        log = await world.services.store.reader.ticket_log((await player.tickets())[0].id)
        assert [entry.why for entry in log if entry.what == "material_added"] == ["发的人叫阿杰"]
        got = await (await chat.http.get("/chat/v1/events?after=0", headers=bearer)).json()
        assert got["view"]["requests"][0]["number"] == card["number"]
        assert [e["text"] for e in got["events"] if e.get("key") == "ticket.action_chosen"] == [
            f"补充材料（{card['number']}）"
        ]


async def test_a_change_by_staff_shows_at_once(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world, served(world) as chat:
        player = await filed(world)
        token = token_for(world.people[PEOPLE["lin"]].account or "", world.clock)
        socket, _ = await chat.hello(token=token)

        await player.step({"agent": {"ask": "是哪一天？"}})
        asked = await state_after(socket, "awaiting_requester")
        assert [step["id"] for step in asked["steps"] if step["state"] == "now"] == ["review"]
        await player.step({"agent": {"resolve": "已经删除。"}})
        done = await state_after(socket, "closed")
        assert [a["choice"].split(":")[2] for a in done["actions"]] == ["object", "ask"]


@pytest.mark.parametrize("action", ["add", "ask", "object", "withdraw"])
async def test_another_persons_number_is_answered_like_one_that_does_not_exist(
    action: str, tmp_path: Path
) -> None:
    async with open_world(tmp_path) as world:
        number = (await card_of(await filed(world)))["number"]
        stranger = Player(world, world.people[PEOPLE["alice"]], "en")
        await stranger.start()
        said = []
        for named in (number, "PD-XXXX-XXXX-XXX"):
            await stranger.do("choose", choice=f"desk:request:{action}:{named}", offset=0)
            said.append(stranger.said())
            assert all(event.key != "ticket.action_chosen" for event in stranger.events)
        assert said[0] == said[1]
        assert (await view_of(stranger)).requests == ()


async def test_the_view_has_the_requests_that_a_status_answer_shows(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        player = await filed(world)
        await player.step({"user": "进度"})
        cards = [e.data["ticket"]["number"] for e in player.events if e.kind.value == "ticket"]
        assert {one["number"] for one in (await view_of(player)).requests} == set(cards)

        nobody = Player(world, None, "zh_Hans")
        await nobody.start()
        assert (await view_of(nobody)).requests == ()


async def test_an_unverified_request_says_until_when_it_waits_and_how_to_go_on(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        player = Player(world, world.people[PEOPLE["lin"]], "en")
        await player.start()
        for one in ("deletion", "posts", "_done", "verify.rather_not"):
            await player.step({"choose": one})
        card = await card_of(player)
        assert card["waits_text"].endswith("otherwise the request ends")
        assert card["actions"][0]["label"] == "Verify now"
        assert card["actions"][0]["style"] == "primary"


async def test_a_request_whose_document_is_examined_asks_nothing_of_its_requester(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        player = Player(world, world.people[PEOPLE["alice"]], "en")
        await player.start()
        for step in (
            {"choose": "deletion"},
            {"choose": "posts"},
            {"choose": "_done"},
            {"upload": "passport.jpg"},
            {"choose": "desk.ask_done"},
            {"choose": "yes"},
        ):
            await player.step(step)
        card = await card_of(player)
        assert card["state_label"] == "Checking your document"
        assert "waits_text" not in card
        assert not [one for one in card["actions"] if ":verify:" in one["choice"]]


async def test_a_question_of_staff_is_answered_from_the_card(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        player = await filed(world)
        await player.step({"agent": {"ask": "哪个聊天室？"}})
        card = await card_of(player)
        (answer,) = [one for one in card["actions"] if ":add:" in one["choice"]]
        assert (answer["label"], answer["style"]) == ("回复", "primary")


async def test_a_purged_request_still_says_when_it_was_closed(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        player = await filed(world)
        await player.step({"agent": {"resolve": "已经删除。"}})
        await player.step({"wait": {"days": 40}})
        await world.services.maintenance.retention.run(by="operator")
        card = await card_of(player)
        assert card["purged"]
        assert card["actions"] == []
        assert "往来内容已按期删除" in card["closed_text"]
