"""Commands on a real database, beside a desk that is open on it in the same process."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from tests.common.databases import ADDRESS
from tests.common.stories import (
    HASHING_SECRET,
    PROFILE,
    RING_SECRET,
    START,
    Player,
    World,
    open_world,
    picture,
)

from privacydesk.cli.main import main
from privacydesk.clock import SystemClock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.signin import Stage
from privacydesk.services.signin.sign_in import ClientInfo
from privacydesk.storage import schema
from privacydesk.storage.serving_lock import serving_lock

ABOUT_THE_FILE = pytest.mark.sqlite("its file has rights, a lock and a version")

SECRETS = {
    "ring_key": "one",
    "hashing_secret": base64.b64encode(HASHING_SECRET).decode(),
}
RING_KEY = base64.b64encode(RING_SECRET).decode()
OUTSIDE = {
    "account_service_url": "https://accounts.example",
    "account_service_secret": "kP3vX9qLw7RtB2mZ8sYdF4",
    "code_gateway_url": "https://codes.example/send",
    "code_gateway_secret": "hN6jC1gT5uWeQ0aVx7LbM2",
}


@pytest.fixture(autouse=True)
def _own_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Find no settings of whoever runs the tests, and leave logging as it was."""
    for name in [one for one in os.environ if one.startswith("PRIVACYDESK_") and one != ADDRESS]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def write_settings(folder: Path, **more: str) -> None:
    """Leave the settings in the data folder, as the demo does."""
    (folder / "profile.yaml").write_text(yaml.safe_dump(dict(PROFILE)), "utf-8")
    lines = [f'profile = "{folder / "profile.yaml"}"']
    lines += [f'{name} = "{value}"' for name, value in (SECRETS | more).items()]
    lines.append(f'ring_keys = {{ one = "{RING_KEY}" }}')
    (folder / "privacydesk.toml").write_text("\n".join(lines), "utf-8")


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    code: object
    out: str
    err: str


def run_here(*arguments: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as left:
            code = left.code
    return Done(code, out.getvalue(), err.getvalue())


@dataclass
class Office:
    """A desk that is open, and commands beside it."""

    world: World
    folder: Path

    async def run(self, *arguments: str) -> Done:
        """Run a command as another process would: on an event loop of its own."""
        return await asyncio.to_thread(run_here, *arguments, "--data-dir", str(self.folder))

    async def fine(self, *arguments: str) -> str:
        done = await self.run(*arguments)
        assert done.code == 0, done.err
        assert done.err == ""
        return done.out

    async def json(self, *arguments: str) -> Any:
        return json.loads(await self.fine(*arguments, "--json"))

    async def refused(self, *arguments: str) -> str:
        done = await self.run(*arguments)
        assert done.code == 1
        (line,) = done.err.splitlines()
        assert line.startswith("error: ")
        return line

    async def player(self, name: str, *steps: dict[str, Any]) -> Player:
        player = Player(self.world, self.world.people[name], "en")
        await player.start()
        for step in steps:
            await player.step(step)
        return player

    async def filed(self) -> tuple[Player, str]:
        """Return somebody with a verified request for a copy of their data, and its number."""
        player = await self.player(
            "lin-xiaoyu", {"choose": "access"}, {"code": "right"}, {"choose": "all"}
        )
        (ticket,) = await player.tickets()
        return player, ticket.number


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    write_settings(tmp_path)
    ahead = (START - SystemClock().now()).total_seconds()
    (tmp_path / "demo-clock.json").write_text(json.dumps({"ahead_seconds": ahead}), "utf-8")
    async with open_world(tmp_path) as world:
        yield Office(world, tmp_path)


# -- requests ----------------------------------------------------------------------------------


async def test_a_request_is_listed_with_its_date_and_how_far_the_count_is(office: Office) -> None:
    _, number = await office.filed()
    (listed,) = await office.json("tickets", "list")
    assert listed["number"] == number
    assert listed["kind"] == "access"
    assert listed["state"] == "in_review"
    assert (listed["due_date"], listed["day"], listed["amount"]) == ("2026-06-10", 0, 7)
    assert listed["late"] is False
    line = await office.fine("tickets", "list")
    assert "due Wed 10 June 2026, working day 0 of 7" in line


async def test_closed_requests_are_listed_where_they_are_asked_for_and_not_claimed(
    office: Office,
) -> None:
    player, number = await office.filed()
    await player.step({"agent": {"refuse": {"reason": "Not yours."}}})
    assert await office.json("tickets", "list") == []
    for wanted in ("--all", "--closed"):
        (listed,) = await office.json("tickets", "list", wanted)
        assert listed["number"] == number
    await office.player("chen-jiahao", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    assert len(await office.json("tickets", "list", "--all")) == 2
    assert len(await office.json("tickets", "list", "--closed")) == 1
    assert "is closed" in await office.refused("tickets", "claim", number, "--as", "lao-zhou")


async def test_words_of_several_lines_stand_below_where_they_begin(office: Office) -> None:
    player, number = await office.filed()
    await player.step({"agent": {"refuse": {"reason": "First.\nSecond."}}})
    shown = await office.fine("tickets", "show", number)
    assert "First.\n      Second." in shown


async def test_a_request_is_shown_with_its_count_day_by_day(office: Office) -> None:
    _, number = await office.filed()
    shown = await office.fine("tickets", "show", number.lower())
    assert "2026-06-10  Wed    7  working" in shown
    assert "requester  filed" in shown
    record = await office.json("tickets", "show", number)
    assert record["account"] == "u-1001"
    assert [day["count"] for day in record["days"]][-1] == 7


async def test_tasks_are_created_listed_and_answered(office: Office) -> None:
    _, number = await office.filed()
    await office.fine("tickets", "claim", number, "--as", "mei")
    created = ("tasks", "create", number, "--item", "1", "--text", "Look.", "--as", "mei")
    (task,) = await office.json(*created)
    assert (task["team"], task["items"], task["state"]) == (None, [1], "waiting")
    assert number in await office.fine("tasks", "list")
    assert "Tasks:" in await office.fine("tickets", "show", number)
    assert "after the date" in await office.refused(*created, "--due", "2026-08-03")
    late = await office.fine(*created, "--due", "2026-08-03", "--late")
    assert "until Mon 3 August 2026" in late
    await office.fine("tasks", "take", number, "1", "--as", "mei")
    back = ("tasks", "hand-back", number, "1", "--text", "Not mine.", "--as", "mei")
    await office.fine(*back)
    await office.fine("tasks", "chase", number, "1", "--as", "mei")
    answer = ("tasks", "answer", number, "1", "--result", "not_possible", "--as", "mei")
    assert "takes a text" in await office.refused(*answer)
    await office.fine(*answer, "--text", "The law keeps it.")
    await office.fine("tasks", "withdraw", number, "2", "--as", "mei")
    assert await office.json("tasks", "list") == []
    shown = await office.json("tickets", "show", number)
    assert [one["state"] for one in shown["tasks"]] == ["answered", "withdrawn"]
    assert "no such team" in await office.refused("agents", "teams", "mei", "--team", "payments")
    assert "no team" in await office.fine("agents", "teams", "mei")


async def test_an_agent_claims_decides_and_the_open_desk_does_it(office: Office) -> None:
    player, number = await office.filed()
    claimed = await office.json("tickets", "claim", number, "--as", "mei")
    assert claimed["holder"] == "mei"
    decided = await office.json("tickets", "decide", number, "--grant", "--as", "mei")
    assert decided["state"] == "fulfilling"
    # The command's clock runs while the world's stands still.
    await player.step({"wait": {"minutes": 1}})
    (ticket,) = await player.tickets()
    assert ticket.outcome == "fulfilled"
    assert "ticket.released" in [event.key for event in player.events]
    assert "ticket.done.access" in [event.key for event in player.events]


async def test_a_refusal_names_its_ground_and_is_told(office: Office) -> None:
    player, number = await office.filed()
    await office.fine(
        "tickets", "decide", number, "--refuse", "--ground", "rights_of_others",
        "--reason", "It would show somebody else's messages.", "--as", "mei",
    )  # fmt: skip
    await player.settle()
    (ticket,) = await player.tickets()
    assert (ticket.outcome, ticket.items[0].ground) == ("refused", "rights_of_others")
    assert any("somebody else's messages" in event.text for event in player.events)
    assert await office.fine("tickets", "list") == "No such requests.\n"
    closed = await office.json("tickets", "list", "--state", "closed")
    assert [one["number"] for one in closed] == [number]


async def test_abuse_is_refused_with_the_requests_that_show_it(office: Office) -> None:
    player, number = await office.filed()
    words = ("--refuse", "--ground", "malice_or_abuse", "--reason", "No.", "--as", "mei")
    assert "needs evidence" in await office.refused("tickets", "decide", number, *words)
    shown = ("--abuse-request", number, "--abuse-facts", "Twelve times today.")
    await office.fine("tickets", "decide", number, *words, *shown)
    (ticket,) = await player.tickets()
    assert ticket.work.abuse is not None
    assert ticket.work.abuse.facts == "Twelve times today."


async def test_withholding_a_ground_takes_a_supervisor(office: Office) -> None:
    _, number = await office.filed()
    words = ("--refuse", "--ground", "national_security", "--reason", "No.", "--withhold")
    assert "supervisor" in await office.refused("tickets", "decide", number, *words, "--as", "mei")
    await office.fine("tickets", "decide", number, *words, "--as", "lao-zhou")


async def test_a_reply_reaches_the_user_and_leaves_the_question_open(office: Office) -> None:
    player, number = await office.filed()
    await office.fine("tickets", "reply", number, "We are looking into it.", "--as", "mei")
    await player.settle()
    said = [event for event in player.events if event.text == "We are looking into it."]
    assert [event.author for event in said] == ["小美"]
    view = await office.world.services.desk.view(player.session)  # type: ignore[arg-type]
    assert view.owner == "assistant"
    open_question = player.events[view.prompt - 1]
    assert [choice.id for choice in open_question.choices] == ["desk:menu", "desk:human"]
    log = (await office.json("tickets", "show", number))["log"]
    assert (log[-1]["by"], log[-1]["what"]) == ("mei", "reply")


async def test_a_reply_is_refused_while_another_agent_talks(office: Office) -> None:
    player, number = await office.filed()
    await office.fine("conversations", "take", number, "--as", "lao-zhou")
    assert "another agent" in await office.refused("tickets", "reply", number, "Hi", "--as", "mei")
    await player.settle()
    assert not any(event.text == "Hi" for event in player.events)
    await office.fine("tickets", "reply", number, "Hello", "--as", "lao-zhou")


async def test_a_question_makes_the_request_wait_for_the_requester(office: Office) -> None:
    _, number = await office.filed()
    asked = await office.json("tickets", "reply", number, "Which year?", "--ask", "--as", "mei")
    assert asked["state"] == "awaiting_requester"
    assert asked["due_date"] == "2026-06-10"


async def test_an_extension_takes_a_supervisor_and_keeps_the_first_date(office: Office) -> None:
    _, number = await office.filed()
    words = ("--working-days", "3", "--reason", "Many files.")
    assert "supervisor" in await office.refused("tickets", "extend", number, *words, "--as", "mei")
    later = await office.json("tickets", "extend", number, *words, "--as", "lao-zhou")
    assert later["due_date"] == "2026-06-15"
    assert "First due:    2026-06-10" in await office.fine("tickets", "show", number)


async def test_evidence_is_opened_by_the_holder_alone_and_gone_once_examined(
    office: Office, tmp_path: Path
) -> None:
    player = await office.player(
        "alice-morgan", {"choose": "access"}, {"upload": "passport.jpg"}, {"choose": "_done"},
        {"choose": "all"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    (file,) = await office.json("tickets", "evidence", ticket.number)
    target = tmp_path / "passport.jpg"
    opened = ("tickets", "evidence", ticket.number, "--open", file["id"], "--to", str(target))
    assert "claim it first" in await office.refused(*opened, "--as", "mei")
    assert not target.exists()
    await office.fine("tickets", "claim", ticket.number, "--as", "mei")
    accept = ("tickets", "examine", ticket.number, "--accept", "--as", "mei")
    assert "open each file of the evidence" in await office.refused(*accept)
    await office.fine(*opened, "--as", "mei")
    assert target.read_bytes().startswith(b"\xff\xd8")
    assert target.stat().st_mode & 0o077 == 0
    assert "--to" in await office.refused(*opened, "--as", "mei")
    log = (await office.json("tickets", "show", ticket.number))["log"]
    assert [entry["what"] for entry in log].count("evidence_opened") == 1
    settled = await office.json(*accept)
    assert (settled["state"], settled["due_date"]) == ("in_review", "2026-06-10")
    (file,) = await office.json("tickets", "evidence", ticket.number)
    assert file["removed_at"] is not None


async def test_a_child_s_files_are_opened_once_a_supervisor_allowed_it(
    office: Office, tmp_path: Path
) -> None:
    player = await office.player(
        "wang-fang", {"choose": "guardian"}, {"choose": "mother"}, {"user": "2014年5月1日"},
        {"user": "乐乐的小屋"}, {"choose": "close"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    (file,) = await office.json("tickets", "evidence", ticket.number)
    await office.fine("tickets", "claim", ticket.number, "--as", "mei")
    target = tmp_path / "paper.jpg"
    opened = ("tickets", "evidence", ticket.number, "--open", file["id"], "--to", str(target))
    assert "supervisor allows" in await office.refused(*opened, "--as", "mei")
    allowed = ("tickets", "evidence", ticket.number, "--allow", "--as")
    assert "supervisor" in await office.refused(*allowed, "mei")
    await office.fine(*allowed, "lao-zhou")
    await office.fine(*opened, "--as", "mei")
    assert target.read_bytes().startswith(b"\xff\xd8")


async def test_closing_an_account_takes_a_second_agent_where_the_profile_says_so(
    office: Office,
) -> None:
    careful = {**PROFILE, "second_eyes": ["deregistration"]}
    (office.folder / "profile.yaml").write_text(yaml.safe_dump(careful), "utf-8")
    imported = await office.run("profile", "import", str(office.folder / "profile.yaml"))
    assert imported.code == 0, imported.err
    player = await office.player(
        "lin-xiaoyu", {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"},
        {"choose": "chat"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    decided = await office.json("tickets", "decide", ticket.number, "--grant", "--as", "mei")
    assert decided["state"] == "in_review"
    shown = await office.fine("tickets", "show", ticket.number)
    assert "Proposed by:  mei" in shown
    assert "Proposed:\n  grant\n" in shown
    assert f"Version:      {decided['version']}\n" in shown
    seen = ("--seen", str(decided["version"]))
    confirm = ("tickets", "confirm", ticket.number, "--as")
    assert "somebody else" in await office.refused(*confirm, "mei", *seen)
    back = ("tickets", "send-back", ticket.number, "--reason", "Look again.", "--as", "lao-zhou")
    await office.fine(*back, *seen)
    again = await office.json("tickets", "decide", ticket.number, "--grant", "--as", "mei")
    assert "has changed meanwhile" in await office.refused(*confirm, "lao-zhou", *seen)
    confirmed = await office.json(*confirm, "lao-zhou", "--seen", str(again["version"]))
    assert confirmed["state"] == "awaiting_confirmation"


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        return True


async def test_what_is_confirmed_is_shown_first_and_asked_about(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful = {**PROFILE, "second_eyes": ["deletion"]}
    (office.folder / "profile.yaml").write_text(yaml.safe_dump(careful), "utf-8")
    imported = await office.run("profile", "import", str(office.folder / "profile.yaml"))
    assert imported.code == 0, imported.err
    player = await office.player(
        "lin-xiaoyu", {"choose": "deletion"}, {"choose": "posts"}, {"choose": "photos"},
        {"choose": "_done"}, {"code": "right"}, {"choose": "yes"},
    )  # fmt: skip
    (ticket,) = await player.tickets()
    with monkeypatch.context() as there:
        there.setattr(sys, "stdin", Terminal(""))
        early = ("tickets", "confirm", ticket.number, "--as", "lao-zhou")
        assert "nothing waits" in await office.refused(*early), "there is nothing to ask about"
    refuse = ("--refuse", "--ground", "law", "--reason", "The law has them kept.", "--as", "mei")
    await office.fine("tickets", "decide", ticket.number, *refuse)
    confirm = ("tickets", "confirm", ticket.number, "--as", "lao-zhou", "--json")
    back = ("tickets", "send-back", ticket.number, "--reason", "No.", "--as", "lao-zhou")
    for asked in (confirm, back):
        done = await office.run(*asked)
        assert done.code == 2, "nobody is there to look"
        assert done.err.startswith("error: --seen: ")

    for asked in (confirm, back):
        monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
        done = await office.run(*asked)
        assert done.code == 1
        assert "Proposed:\n  refuse on ground " in done.err
        assert "The law has them kept." in done.err
        assert done.out.strip() == ""
    assert (await player.tickets())[0].is_open

    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    done = await office.run(*confirm)
    assert done.err.rstrip().endswith("Confirm this decision? [y/N]:")
    assert json.loads(done.out)["outcome"] == "refused"


async def test_unknown_numbers_and_agents_are_one_line(office: Office) -> None:
    _, number = await office.filed()
    assert "number" in await office.refused("tickets", "show", "PD-0000")
    assert "nobody" in await office.refused("tickets", "claim", number, "--as", "nobody")


# -- conversations -----------------------------------------------------------------------------


async def test_an_agent_takes_a_waiting_conversation_talks_and_hands_it_back(
    office: Office,
) -> None:
    player = await office.player("lin-xiaoyu", {"user": "转人工"})
    assert player.session is not None
    name = player.session.conversation.hex()
    (waiting,) = await office.json("conversations", "list")
    assert (waiting["id"], waiting["owner"]) == (name, "queue")
    await office.fine("conversations", "take", name, "--as", "mei")
    assert await office.fine("conversations", "list") == "Nobody waits.\n"
    (mine,) = await office.json("conversations", "list", "--as", "mei")
    assert mine["agent"] == "mei"
    assert "another agent" in await office.refused(
        "conversations", "take", name, "--as", "lao-zhou"
    )
    await office.fine("conversations", "reply", name, "您好，我是小美。", "--as", "mei")
    await office.fine("conversations", "hand-back", name, "--as", "mei")
    await player.settle()
    assert "您好，我是小美。" in [event.text for event in player.events]
    assert "owner.handed_back" in [event.key for event in player.events]
    shown = await office.fine("conversations", "show", name)
    assert "小美: 您好，我是小美。" in shown
    assert "user: 转人工" in shown


async def test_a_picture_is_sent_along_and_what_is_none_is_refused(office: Office) -> None:
    player = await office.player("lin-xiaoyu", {"user": "转人工"})
    assert player.session is not None
    name = player.session.conversation.hex()
    await office.fine("conversations", "take", name, "--as", "mei")
    shown = office.folder / "how.png"
    shown.write_bytes(picture())
    sending = ("conversations", "reply", name, "这样做。", "--as", "mei", "--picture")
    await office.fine(*sending, str(shown))
    assert "not a picture" in await office.refused(*sending, str(office.folder / "profile.yaml"))
    assert "can't be read" in await office.refused(*sending, str(office.folder / "gone.png"))
    await player.settle()
    sent = [event.data for event in player.events if event.text == "这样做。"]
    assert [[file["name"] for file in data["files"]] for data in sent] == [["how.png"]]


async def test_texts_are_kept_by_supervisors(office: Office) -> None:
    texts = ("--zh-hans", "您好，{agent}", "--zh-hant", "您好，{agent}", "--en", "Hello, {agent}")
    assert await office.fine("texts", "list") == "No saved replies yet.\n"
    await office.fine("texts", "set", "hello", *texts, "--as", "lao-zhou")
    assert "supervisor" in await office.refused("texts", "set", "hello", *texts, "--as", "mei")
    (one,) = await office.json("texts", "list")
    assert (one["name"], one["texts"]["en"]) == ("hello", "Hello, {agent}")
    odd = (*texts[:-1], "Hello, {phone}")
    assert "places are" in await office.refused("texts", "set", "hello", *odd, "--as", "lao-zhou")
    await office.fine("texts", "remove", "hello", "--as", "lao-zhou")
    assert await office.json("texts", "list") == []


async def test_a_request_is_handed_up_and_answered(office: Office) -> None:
    _, number = await office.filed()
    await office.fine("tickets", "escalate", number, "--reason", "Hers?", "--as", "mei")
    answer = ("tickets", "answer-escalation", number, "It is.", "--as")
    assert "supervisor" in await office.refused(*answer, "mei")
    await office.fine(*answer, "lao-zhou")
    merged = ("tickets", "merge", number, "--into", number, "--reason", "same", "--as", "mei")
    assert "duplicate" in await office.refused(*merged)
    log = (await office.json("tickets", "show", number))["log"]
    assert [entry["what"] for entry in log[-2:]] == ["escalate", "escalation_answered"]


async def test_a_command_decided_on_an_old_sight_is_refused(office: Office) -> None:
    player = await office.player("lin-xiaoyu", {"user": "转人工"})
    assert player.session is not None
    name = player.session.conversation.hex()
    (seen,) = await office.json("conversations", "list")
    old = str(seen["owner_offset"])
    await office.fine("conversations", "take", name, "--seen", old, "--as", "mei")
    line = await office.refused("conversations", "hand-back", name, "--seen", old, "--as", "mei")
    assert "changed" in line


# -- people ------------------------------------------------------------------------------------


async def test_agents_are_added_and_listed(office: Office) -> None:
    added = await office.json("agents", "add", "wing", "--display-name", "詠欣")
    assert (added["name"], added["role"]) == ("wing", "agent")
    await office.fine("agents", "add", "ada", "--role", "supervisor")
    assert "exists" in await office.refused("agents", "add", "wing")
    assert "small letters" in await office.refused("agents", "add", "two words")
    assert "desk itself" in await office.refused("agents", "add", "assistant")
    names = {agent["name"]: agent["role"] for agent in await office.json("agents", "list")}
    assert names == {"ada": "supervisor", "lao-zhou": "supervisor", "mei": "agent", "wing": "agent"}
    assert "詠欣" in await office.fine("agents", "list")


async def test_an_agent_of_an_older_name_is_disabled_by_command(office: Office) -> None:
    services = office.world.services
    await services.store.agent_store.add(Agent("..", "Dots", Role.AGENT, services.clock.now()))
    assert not (await office.json("agents", "disable", ".."))["active"]


async def test_a_temporary_password_is_printed_once_and_lets_somebody_in(office: Office) -> None:
    added = await office.json("agents", "add", "wing")
    signin = office.world.services.signin
    assert signin is not None
    entered = await signin.sign_in.enter_password("wing", added["temporary_password"], ClientInfo())
    assert entered.stage is Stage.PASSWORD
    told = await office.fine("agents", "reset", "wing")
    assert added["temporary_password"] not in told
    assert "Temporary password: " in told
    assert await signin.sign_in.find_session(entered.token) is None


async def test_somebody_is_shut_out_and_let_in_again_by_command(office: Office) -> None:
    await office.fine("agents", "add", "ada", "--role", "administrator")
    await office.fine("agents", "add", "wing")
    assert "no longer" in await office.fine("agents", "disable", "wing")
    assert "inactive" in await office.fine("agents", "list")
    assert "no agent named" in await office.refused("tickets", "claim", "RQ-1", "--as", "wing")
    assert "last administrator" in await office.refused("agents", "disable", "ada")
    again = await office.json("agents", "reset", "wing")
    assert again["active"]
    assert "no agent of this name" in await office.refused("agents", "reset", "nobody")


# -- settings and databases --------------------------------------------------------------------


@ABOUT_THE_FILE
def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = ("--data-dir", str(tmp_path))
    assert "PRIVACYDESK_PROFILE" in run_here("tickets", "list", *folder).err
    write_settings(tmp_path)
    settings = (tmp_path / "privacydesk.toml").read_text("utf-8")
    assert "db upgrade" in run_here("tickets", "list", *folder).err
    for missing in ("ring_keys", "ring_key", "hashing_secret"):
        lines = [one for one in settings.splitlines() if not one.startswith(f"{missing} ")]
        (tmp_path / "privacydesk.toml").write_text("\n".join(lines), "utf-8")
        done = run_here("serve", *folder)
        assert done.code == 1
        assert done.err.startswith(f"error: PRIVACYDESK_{missing.upper()} is missing")
    assert not (tmp_path / "privacydesk.db").exists()


@pytest.mark.parametrize("missing", sorted(OUTSIDE))
def test_serve_names_what_it_lacks_of_the_outside(tmp_path: Path, missing: str) -> None:
    write_settings(tmp_path, **{k: v for k, v in OUTSIDE.items() if k != missing})
    done = run_here("serve", "--data-dir", str(tmp_path))
    assert done.code == 1
    assert f"error: PRIVACYDESK_{missing.upper()} is missing" in done.err
    assert not (tmp_path / "privacydesk.db").exists()


@pytest.mark.parametrize(
    ("name", "secret", "told"),
    [
        (
            "account_service_secret",
            "please-change-me-1234",
            "PRIVACYDESK_ACCOUNT_SERVICE_SECRET looks like a placeholder: use at least 16 random",
        ),
        ("smtp_password", "your-password-here", "PRIVACYDESK_SMTP_PASSWORD looks like"),
    ],
)
def test_serve_refuses_placeholders(tmp_path: Path, name: str, secret: str, told: str) -> None:
    write_settings(tmp_path, **OUTSIDE | {name: secret})
    done = run_here("serve", "--data-dir", str(tmp_path))
    assert done.code == 1
    assert told in done.err
    assert secret not in done.err


def test_a_file_that_is_named_wins_over_the_one_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path)
    other = tmp_path / "other.toml"
    other.write_text('nonsense = "x"', "utf-8")
    monkeypatch.setenv("PRIVACYDESK_CONFIG", str(other))
    done = run_here("db", "upgrade", "--data-dir", str(tmp_path))
    assert done.code == 1
    assert "nonsense" in done.err


@ABOUT_THE_FILE
def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        done = run_here("db", "upgrade", "--data-dir", str(tmp_path))
        assert (done.code, done.err) == (0, "")
    assert (tmp_path / "privacydesk.db").stat().st_mode & 0o077 == 0


def test_generated_keys_start_a_desk(tmp_path: Path) -> None:
    write_settings(tmp_path)
    made = run_here("keys", "generate", "--form", "toml").out
    profile = f'profile = "{tmp_path / "profile.yaml"}"\n'
    (tmp_path / "privacydesk.toml").write_text(profile + made, "utf-8")
    run_here("db", "upgrade", "--data-dir", str(tmp_path))
    assert run_here("tickets", "list", "--data-dir", str(tmp_path)).out == "No such requests.\n"
    record = json.loads(run_here("keys", "generate", "--json").out)
    assert record["ring_keys"].keys() == {record["ring_key"]}
    assert record["hashing_secret"] not in made


# -- serving -----------------------------------------------------------------------------------


def served(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "privacydesk", "serve", "--port", "0"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and package
        [*command, "--data-dir", str(folder), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.kill
@pytest.mark.parametrize("loop", ["standard", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_makes_a_fresh_database_says_where_it_listens_and_stops_when_told(
    tmp_path: Path, loop: str, number: signal.Signals
) -> None:
    write_settings(tmp_path, **OUTSIDE)
    process = served(tmp_path, "--loop", loop)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Listening on http://127.0.0.1:")
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    # Not on a terminal every line of the log is one for programs.
    told = [json.loads(line)["event"] for line in err.splitlines()]
    assert {"no_policy", "no_app_token_keys", "stopping"} <= set(told)


@pytest.mark.kill
def test_serve_says_what_the_profile_lacks(tmp_path: Path) -> None:
    write_settings(tmp_path, **OUTSIDE)
    (tmp_path / "profile.yaml").write_text(
        "paths: {closing: Settings}\nlawsuit: {en: You may sue.}\narbitration: null", "utf-8"
    )
    process = served(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, err = process.communicate(timeout=20)
    told = next(line for line in err.splitlines() if "no_paths" in line)
    gap = json.loads(told)
    assert "unbinding" in gap["paths"]
    assert "closing" not in gap["paths"]
    for key, locales in {
        "no_lawsuit": ["zh_Hans", "zh_Hant"],
        "no_complaint": ["en", "zh_Hans", "zh_Hant"],
        "no_helplines": ["en", "zh_Hans", "zh_Hant"],
    }.items():
        told = next(line for line in err.splitlines() if key in line)
        assert json.loads(told)["locales"] == locales
    told = next(line for line in err.splitlines() if "no_clauses" in line)
    assert {"minors", "refusal_grounds"} <= set(json.loads(told)["clauses"])
    assert "backups" not in told, "no dialog cites it"
    assert "no_arbitration" not in err, "null means that none is agreed"


@ABOUT_THE_FILE
@pytest.mark.kill
def test_a_second_serve_on_the_same_file_is_refused(tmp_path: Path) -> None:
    write_settings(tmp_path, **OUTSIDE)
    with serving_lock(f"sqlite:///{tmp_path / 'privacydesk.db'}"):
        process = served(tmp_path)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"already served by process {os.getpid()}" in err.splitlines()[-1]


@ABOUT_THE_FILE
def test_serve_leaves_an_older_database_to_db_upgrade(tmp_path: Path) -> None:
    write_settings(tmp_path, **OUTSIDE)
    url = f"sqlite:///{tmp_path / 'privacydesk.db'}"
    schema.upgrade(url)
    with contextlib.closing(sqlite3.connect(tmp_path / "privacydesk.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    done = run_here("serve", "--port", "0", "--data-dir", str(tmp_path))
    assert done.code == 1
    assert "privacydesk db upgrade" in done.err.splitlines()[-1]


# -- playing -----------------------------------------------------------------------------------


def play(lines: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Done:
    typed = iter(lines.splitlines())

    def typing(_prompt: str) -> str:
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typing)
    return run_here("dialogs", "play", *arguments)


def test_a_flow_is_played_to_its_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    done = play(
        "/code\nGoogle\n1\n/tickets\n/wait 2m\n/tickets\n", monkeypatch, "unbinding", "--locale",
        "en",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "Reading the sample policy …\n")
    assert "[code, hidden]" in done.out
    before, after = (line for line in done.out.splitlines() if line.startswith("  PD-"))
    assert "unbinding  in_review, due " in before
    assert "unbinding  closed" in after


def test_an_outside_that_is_held_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done = play("/result hold\n6\n/code\n/result ok\n/code\n", monkeypatch, "--locale", "en")
    assert done.code == 0
    assert done.out.index("(no code was sent yet)") < done.out.index("[code, hidden]")


def test_an_agent_joins_the_game(monkeypatch: pytest.MonkeyPatch) -> None:
    done = play("/agent take\n/agent reply 您好\n/agent back\n", monkeypatch)
    assert "Mei: 您好" in done.out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("nothing",), "FLOW"), (("verify",), "FLOW"), (("--as", "x"), "--as"),
     (("--locale", "fr"), "--locale")],
)  # fmt: skip
def test_what_can_t_be_played_is_named(
    arguments: tuple[str, ...], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = play("", monkeypatch, *arguments)
    assert done.code == 2
    assert done.err.startswith(f"error: {named}: ")


def test_the_store_of_the_game_is_empty_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "(no requests yet)" in play("/tickets\n", monkeypatch).out


async def test_requests_are_given_to_others_one_or_all_of_an_absent_agent_s(
    office: Office,
) -> None:
    tickets = office.world.services.staff.tickets
    _, first = await office.filed()
    await office.fine("tickets", "claim", first, "--as", "mei")
    await office.fine("tickets", "assign", first, "--to", "lao-zhou", "--as", "mei")
    assert (await tickets.by_number(first)).holder == "lao-zhou"
    listed = {agent["name"]: agent for agent in await office.json("agents", "list")}
    assert listed["lao-zhou"]["open_requests"] == 1
    assert listed["mei"]["availability"] == "off"

    told = await office.refused("tickets", "hand-over", "--from", "lao-zhou", "--as", "mei")
    assert "supervisor" in told
    hand = ("tickets", "hand-over", "--from", "lao-zhou", "--to", "mei", "--as", "lao-zhou")
    assert await office.json(*hand) == {"moved": 1, "kept": []}
    assert (await tickets.by_number(first)).holder == "mei"
    assert await office.fine(*hand) == "Handed over: 0.\n"
