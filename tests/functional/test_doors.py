"""Each act of staff by command lets in whom the console lets in, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from tests.common.stories import World, open_world
from tests.functional.test_commands import run_here, write_settings

from privacydesk.cli.common import By
from privacydesk.cli.conversations import conversations_app
from privacydesk.cli.tickets import tickets_app
from privacydesk.domain.agents import SUPERVISING, Role
from privacydesk.web.console import case_actions, duty
from privacydesk.web.console.access import allowed_roles

NUMBER = "PD-AAAA-AAAA"
WHY = ("--reason", "Because.")
STAFF = {
    "mei": Role.AGENT,
    "lao-zhou": Role.SUPERVISOR,
    "xiao-chen": Role.ADMINISTRATOR,
    "he-an": Role.AUDITOR,
    "crm": Role.INTEGRATION,
}
BY_COMMAND_ALONE = frozenset(SUPERVISING)
ACTS: dict[tuple[str, ...], Any] = {
    ("tickets", "claim", NUMBER): case_actions.claim,
    ("tickets", "assign", NUMBER): case_actions.assign,
    ("tickets", "hand-over", "--from", "nobody"): duty.hand_over,
    ("tickets", "reply", NUMBER, "Words."): case_actions.reply,
    ("tickets", "reply", NUMBER, "Words.", "--ask"): case_actions.ask,
    ("tickets", "examine", NUMBER, "--accept"): case_actions.examine,
    ("tickets", "decide", NUMBER, "--grant"): case_actions.decide,
    ("tickets", "confirm", NUMBER, "--seen", "1"): case_actions.confirm,
    ("tickets", "send-back", NUMBER, *WHY, "--seen", "1"): case_actions.send_back,
    ("tickets", "extend", NUMBER, "--working-days", "1", *WHY): case_actions.extend,
    ("tickets", "escalate", NUMBER, *WHY): case_actions.escalate,
    ("tickets", "restore", NUMBER, *WHY): case_actions.restore,
    ("tickets", "answer-escalation", NUMBER, "Words."): case_actions.answer_escalation,
    ("tickets", "merge", NUMBER, "--into", NUMBER, *WHY): case_actions.merge,
    ("tickets", "evidence", NUMBER, "--open", "00", "--to", "TO"): case_actions.open_evidence,
    ("tickets", "evidence", NUMBER, "--allow"): case_actions.allow_files,
    ("tickets", "ask-access", NUMBER, *WHY): case_actions.ask_files,
    ("tickets", "refuse-access", NUMBER, "--for", "mei", *WHY): case_actions.refuse_files,
    ("tickets", "hold", NUMBER, *WHY): BY_COMMAND_ALONE,
    ("tickets", "release-hold", NUMBER, *WHY): BY_COMMAND_ALONE,
    ("conversations", "take", NUMBER): case_actions.take,
    ("conversations", "reply", NUMBER, "Words."): case_actions.reply,
    ("conversations", "hand-back", NUMBER): case_actions.hand_back,
    ("conversations", "hand-over", NUMBER): case_actions.hand_over,
}
ROLE_REFUSED = (
    "an auditor only looks",
    "this takes a supervisor",
    "this role does not work on requests",
    "a program acts with its tokens",
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    write_settings(tmp_path)
    async with open_world(tmp_path) as opened:
        roster = opened.services.staff.roster
        for name in ("xiao-chen", "he-an", "crm"):
            await roster.add(name, "", STAFF[name])
        yield opened


def test_the_table_has_every_command_that_acts() -> None:
    acting = {
        (room, str(command.name))
        for room, app in (("tickets", tickets_app), ("conversations", conversations_app))
        for command in app.registered_commands
        if command.callback is not None
        and By in get_type_hints(command.callback, include_extras=True).values()
    }
    assert acting == {act[:2] for act in ACTS} - {("tickets", "evidence")}


@pytest.mark.parametrize("name", STAFF)
async def test_both_doors_let_in_the_same_roles(world: World, tmp_path: Path, name: str) -> None:
    wrong = []
    for act, door in ACTS.items():
        arguments = [str(tmp_path / "file") if one == "TO" else one for one in act]
        done = await asyncio.to_thread(
            run_here, *arguments, "--as", name, "--data-dir", str(tmp_path)
        )
        assert done.code == 1, (act, done.out)
        let_in = not any(words in done.err for words in ROLE_REFUSED)
        roles = door if isinstance(door, frozenset) else allowed_roles(door)
        assert roles
        if let_in != (STAFF[name] in roles):
            wrong.append((act, done.err))
    assert not wrong


async def test_an_act_on_access_by_command_in_somebodys_name_takes_an_administrator(
    world: World, tmp_path: Path
) -> None:
    def run(*arguments: str) -> Any:
        return run_here(*arguments, "--data-dir", str(tmp_path))

    acts = (("add", "wing"), ("reset", "mei"), ("disable", "he-an"))
    for name in ("mei", "lao-zhou", "he-an"):
        for act in acts:
            done = await asyncio.to_thread(run, "agents", *act, "--as", name)
            assert "this takes an administrator" in done.err
    for act in acts:
        assert (await asyncio.to_thread(run, "agents", *act, "--as", "xiao-chen")).code == 0
    entries = await world.services.signin.access_log.newest()
    assert [(one.agent, one.by) for one in entries] == [
        ("he-an", "xiao-chen"), ("mei", "xiao-chen"), ("wing", "xiao-chen"),
    ]  # fmt: skip
