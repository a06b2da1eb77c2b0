from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

from privacydesk import logs
from privacydesk.cli import main as module
from privacydesk.cli.main import COMMANDS, main
from privacydesk.errors import SettingsError


def left(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left_with:
        main(arguments)
    assert isinstance(left_with.value.code, int)
    return left_with.value.code


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert left(option) == 0
    assert capsys.readouterr().out == f"privacydesk {version('privacydesk')}\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert left("--help") == 0
    shown = capsys.readouterr().out
    for name, entry in COMMANDS.items():
        assert f"\n  {name} " in shown
        assert entry.help[:30] in shown


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert left(name, "--help") == 0
    assert f"Usage: privacydesk {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ticket",), "'tickets'"),
        (("tickets", "claim", "PD-1"), "--as"),
        (("tickets", "list", "--state", "lost"), "--state"),
        (("deadline",), "--verified-at"),
        (("demo", "--now", "soon"), "--now"),
        (("serve", "--port", "x"), "--port"),
        (("tickets", "decide", "PD-1", "--as", "mei"), "--grant"),
        (("tickets", "decide", "PD-1", "--as", "mei", "--grant", "--refuse"), "--refuse"),
        (("tickets", "decide", "PD-1", "--as", "mei", "--refuse"), "--ground"),
        (("tickets", "decide", "PD-1", "--as", "mei", "--refuse", "--ground", "law"), "--reason"),
        (("tickets", "decide", "PD-1", "--as", "mei", "--grant", "--ground", "law"), "--ground"),
        (("tickets", "examine", "PD-1", "--as", "mei"), "--accept"),
        (("tickets", "examine", "PD-1", "--as", "mei", "--reject"), "--reason"),
        (("tickets", "evidence", "PD-1", "--open", "00"), "--to"),
        (("tickets", "evidence", "PD-1", "--open", "00", "--to", "x"), "--as"),
    ],
)
def test_misuse_is_one_line_that_names_the_option(
    arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert left(*arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert named in lines[0]


def test_an_own_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        raise SettingsError("PRIVACYDESK_PORT\nis wrong", key="port")

    monkeypatch.setattr(module, "get_command", lambda _: _Command(refuse))
    assert left("serve") == 1
    assert capsys.readouterr().err == "error: PRIVACYDESK_PORT is wrong\n"


def test_an_unknown_error_is_logged_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise ValueError("+86 199 0000 1001 is the number of 小雨")

    logs.set_up("error", stream=sys.stderr)
    monkeypatch.setattr(module, "get_command", lambda _: _Command(fail))
    assert left("serve") == 1
    shown = capsys.readouterr().err
    assert "1001" not in shown
    assert "小雨" not in shown
    assert "ValueError" in shown.splitlines()[-1]
    assert shown.splitlines()[-1].startswith("error: ")


class _Command:
    def __init__(self, act: object) -> None:
        self._act = act

    def main(self, *_: object, **__: object) -> None:
        assert callable(self._act)
        self._act(self)


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        (
            "privacydesk.cli.main",
            {"sqlalchemy", "aiohttp", "holidays", "pydantic", "structlog", "rich", "jinja2"},
        ),
        ("privacydesk.cli.deadline", {"sqlalchemy", "aiohttp", "pydantic", "structlog", "jinja2"}),
        ("privacydesk.cli.tickets", {"sqlalchemy", "aiohttp", "holidays", "pydantic", "jinja2"}),
        # Reading messages and policies is another process's.
        ("privacydesk.app.process, privacydesk.web.server", {"numpy", "rjieba", "onnxruntime"}),
        ("privacydesk.cli.serve", {"sqlalchemy", "aiohttp", "holidays", "pydantic", "jinja2"}),
    ],
)
def test_a_command_brings_along_only_what_it_needs(imported: str, absent: set[str]) -> None:
    code = f"import sys, {imported}; print(*sorted(set(sys.modules) & {absent!r}))"
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
