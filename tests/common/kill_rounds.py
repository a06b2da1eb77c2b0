"""Rounds of talking, killing, checking and starting again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from tests.common.kill_audit import Logs, audit, audit_texts, end_leases, open_rows
from tests.common.kill_client import Client
from tests.common.kill_server import KillableServer, Outside, environment, open_outside

from privacydesk.clock import MovableClock

ACCOUNTS = ("u-1001", "u-1005", "u-1007", "u-1008")
"""Sample people with a bound phone, who unbind; the other clients complain as strangers."""
_DRAIN_PATIENCE = 120.0
_EARLY = 0.25
"""The share of rounds that may end before anybody was answered: the server is only just up."""
_ANSWER_PATIENCE = 30.0
_MOST = 5
"""How many times the rounds asked for a slow machine gets, until they were worth something."""


@dataclass(frozen=True, slots=True)
class Report:
    """What all rounds came to."""

    rounds: int
    acknowledged: int
    events: int
    reconnects: int
    resent: int
    contacts: int
    wrong_codes: int
    right_codes: int
    tickets: int
    compared: int


async def run_rounds(
    folder: Path,
    *,
    rounds: int,
    clients: int,
    seed: int,
    up_for: tuple[float, float] = (0.05, 1.2),
    worth: Callable[[Report], bool] = lambda _: True,
) -> Report:
    """Kill the server while clients chat, and check the disk after each time.

    Args:
        folder: where the server keeps everything.
        rounds: how often it is killed.
        clients: how many people chat.
        seed: repeats a run, as far as the machine does.
        up_for: the shortest and the longest time it runs, in seconds; in most rounds from the first
            answer on, however long a slow machine takes until then.
        worth: tells whether enough has happened; on a slow machine that takes further rounds.

    Raises:
        AssertionError: something acknowledged was lost, doubled or forgotten.
    """
    done = 0
    dice = random.Random(seed)  # noqa: S311 - a seed repeats a run
    path = folder / "privacydesk.db"
    clock = MovableClock(datetime.now(UTC), frozen=False)
    async with open_outside() as outside:
        server = KillableServer(environment(folder, outside))
        people = [
            Client(
                number,
                ACCOUNTS[number] if number < len(ACCOUNTS) else "",
                server,
                outside,
                random.Random(dice.random()),  # noqa: S311
                clock,
            )
            for number in range(clients)
        ]
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
            asyncio.TaskGroup() as group,
        ):
            for person in people:
                group.create_task(person.live(session))
            try:
                while done < rounds or (
                    done < _MOST * rounds and not worth(_report(done, people, {}, 0))
                ):
                    done += 1
                    await server.start()
                    if dice.random() >= _EARLY:
                        await _somebody_is_answered(people)
                    await asyncio.sleep(dice.uniform(*up_for))
                    await server.kill()
                    audit(path, people, outside)
            finally:
                await server.kill()
            for person in people:
                person.stopped = True
            # Whoever waits for the server may go now.
            server.up.set()
        logs = await _drain(server, path, people, outside)
        compared = await audit_texts(path, people, logs)
    return _report(done, people, logs, compared)


async def _somebody_is_answered(people: list[Client]) -> None:
    before = _acknowledged(people)
    async with asyncio.timeout(_ANSWER_PATIENCE):
        while _acknowledged(people) == before:  # noqa: ASYNC110 - another process answers
            await asyncio.sleep(0.01)


def _acknowledged(people: list[Client]) -> int:
    return sum(bool(one.offset) for person in people for one in person.sent.values())


async def _drain(
    server: KillableServer, path: Path, people: list[Client], outside: Outside
) -> Logs:
    """Let what is left in the outbox be worked on; nothing may stay behind."""
    end_leases(path)
    await server.start()
    try:
        async with asyncio.timeout(_DRAIN_PATIENCE):
            while open_rows(path):  # noqa: ASYNC110 - another process works on them
                await asyncio.sleep(0.1)
    finally:
        await server.kill()
    return audit(path, people, outside)


def _report(rounds: int, people: list[Client], logs: Logs, compared: int) -> Report:
    sent = [one for person in people for one in person.sent.values() if one.offset]
    return Report(
        rounds=rounds,
        acknowledged=_acknowledged(people),
        events=sum(len(log) for log in logs.values()),
        reconnects=sum(person.reconnects for person in people),
        resent=sum(person.resent for person in people),
        contacts=sum(len(person.contacts) for person in people),
        wrong_codes=sum(one.wrong is True for one in sent),
        right_codes=sum(one.wrong is False for one in sent),
        tickets=len(
            {
                event["data"]["ticket"]["number"]
                for person in people
                for event in person.events.values()
                if event["kind"] == "ticket"
            }
        ),
        compared=compared,
    )
