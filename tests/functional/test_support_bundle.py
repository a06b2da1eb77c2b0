"""What ``privacydesk support-bundle`` writes, and that nothing of people or secrets is in it."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.common.databases import address_in
from tests.common.stories import PROFILE, Player, open_world
from tests.functional.test_commands import (
    OUTSIDE,
    RING_KEY,
    SECRETS,
    _own_process,  # noqa: F401 - the fixture works by being here
    run_here,
    write_settings,
)

from privacydesk.domain.agents import Role

MARK = "marked"
SETTINGS = OUTSIDE | {
    "smtp_host": "mail.marked.example",
    "smtp_username": "marked-user",
    "smtp_password": "marked-password",
    "smtp_from": "Marked Person <marked@marked.example>",
    "frame_ancestors": "https://marked.example",
    "ticketing_system": "request_tracker",
    "ticketing_url": "https://rt.marked.example",
    "ticketing_username": "marked-agent",
    "ticketing_secret": "marked-ticketing-secret",
}
LOG = [
    {
        "event": "request_failed",
        "level": "error",
        "timestamp": "2026-11-30T02:00:00.123456Z",
        "error": "KeyError",
        "route": "/chat/v1/files/{file}",
        "request_id": "0123456789abcdef",
        "exception": "privacydesk.errors.DeskError: marked words\n"
        "  /home/marked/src/privacydesk/web/errors.py:54 in map_errors\n"
        "  /home/marked/elsewhere.py:3 in marked",
    },
    {
        "event": "ticket_overdue",
        "number": "PD-MARK-MARK",
        "holder": "marked",
        "level": "warning",
    },
    {"event": "outage_began", "what": "database", "cause": "OperationalError", "since": "marked"},
    {"event": "outside_not_ready", "service": "marked@marked.example", "reason": "credentials"},
    {"event": "wrong marked words"},
    {"event": "counted", "count": 13912345678, "status": 503},
]


def marked_settings(folder: Path) -> None:
    write_settings(folder, **SETTINGS)
    profile = dict(PROFILE) | {
        "app": "Marked",
        "mailboxes": {"policy": "marked@marked.example"},
        "policy": "marked",
        "ticketing": {"users": {"marked-mei": "marked-mei"}},
    }
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile), "utf-8")


def log_file(folder: Path) -> Path:
    file = folder / "marked.log"
    lines = ["Listening on http://marked.example/", "error: marked", *map(json.dumps, LOG)]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def bundle(folder: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    file = folder / "support.json"
    done = run_here("support-bundle", str(file), *arguments, "--data-dir", str(folder))
    assert done.code in (None, 0), done.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text("utf-8")
    return json.loads(text), text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / MARK
    folder.mkdir()
    marked_settings(folder)
    return folder


async def test_nothing_marked_gets_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = yaml.safe_load((folder / "profile.yaml").read_text("utf-8"))
    async with open_world(folder, profile) as world:
        player = Player(world, world.people["lin-xiaoyu"], "en")
        await player.start()
        for step in ({"choose": "access"}, {"code": "right"}, {"choose": "all"}):
            await player.step(step)
        await player.do("say", text="marked words of a person, 13912345678")
        (ticket,) = await player.tickets()
        await world.services.staff.roster.add("marked-mei", "Marked Mei", Role.AGENT)
    monkeypatch.setenv("PRIVACYDESK_MARKED", "marked")
    told, text = await asyncio.to_thread(bundle, folder, "--log", str(log_file(folder)))
    secrets = [RING_KEY, *SECRETS.values(), *OUTSIDE.values(), "13912345678", ticket.number]
    for mark in ("marked", "Marked", "MARK", "u-1001", "accounts.example", str(folder), *secrets):
        if len(mark) > 3:
            assert mark not in text, mark
    assert told["database"]["rows"]["ticket"] == 1


def test_what_helps_is_in_it(folder: Path) -> None:
    assert run_here("db", "upgrade", "--data-dir", str(folder)).code == 0
    told, _ = bundle(folder, "--log", str(log_file(folder)))
    assert told["versions"]["privacydesk"]
    assert told["versions"]["libraries"]["sqlalchemy"]
    assert told["settings"]["port"] == 8080
    assert told["settings"]["smtp_security"] == "starttls"
    assert told["settings"]["smtp_password"] == "set"
    assert told["settings"]["imap_host"] == "default"
    assert told["settings"]["database"] == address_in(folder).partition(":")[0]
    assert told["profile"]["retention_days"] == 30
    assert told["database"]["schema"] == told["versions"]["schema"]
    assert told["database"]["rows"]["conversation"] == 0
    findings = {(one["check"], one["level"]) for one in told["findings"]}
    assert ("account service", "fault") in findings
    assert {"check": "profile", "level": "warning", "event": "no_helplines"} in told["findings"]
    log = told["log"]
    assert log["other_lines"] == 3
    failed, overdue, outage, unready, counted = log["events"]
    assert failed["exception"] == [
        "privacydesk.errors.DeskError",
        "src/privacydesk/web/errors.py:54 in map_errors",
    ]
    assert (failed["error"], failed["route"]) == ("KeyError", "/chat/v1/files/{file}")
    assert overdue == {"event": "ticket_overdue", "level": "warning"}
    assert outage == {"event": "outage_began", "what": "database", "cause": "OperationalError"}
    assert unready == {"event": "outside_not_ready", "reason": "credentials"}
    assert counted == {"event": "counted", "status": 503}


def test_it_is_written_where_nothing_else_works(folder: Path) -> None:
    (folder / "privacydesk.toml").write_text("port = 99999", "utf-8")
    told, _ = bundle(folder)
    assert told["findings"] == [{"check": "settings", "level": "fault"}]
    assert told["settings"] == told["database"] == {}


def test_no_file_is_written_over(folder: Path) -> None:
    (folder / "support.json").write_text("mine", "utf-8")
    done = run_here("support-bundle", str(folder / "support.json"), "--data-dir", str(folder))
    assert done.code == 1
    assert "exists already" in done.err
    assert (folder / "support.json").read_text("utf-8") == "mine"
