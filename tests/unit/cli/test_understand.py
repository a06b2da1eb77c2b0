"""`understand`: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from privacydesk.cli.understand import understand_app


def run(given: bytes, **environment: str) -> Result:
    return CliRunner().invoke(understand_app, [], given, env=environment)


def test_each_line_is_answered_in_its_place() -> None:
    lines = [
        json.dumps({"text": "把微信解绑了"}),
        "",
        "no json",
        json.dumps({"text": 7}),
        '{"text": "\\ud800"}',
        json.dumps({"text": ""}),
        json.dumps({"text": "Please close my account for good."}),
    ]
    result = run("\n".join(lines).encode())
    assert result.exit_code == 0, result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one.get("intent") for one in found] == [
        "unbinding", None, None, "other", "other", "deregistration",
    ]  # fmt: skip
    assert set(found[0]) == {"intent", "confidence", "language", "alternatives"}
    assert found[0]["language"] == "zh_Hans"
    assert found[0]["confidence"] > 0.9
    assert all("error" in one for one in found[1:3])


def test_ids_are_kept() -> None:
    result = run(b'\xef\xbb\xbf{"text": "hello", "id": "a"}\n{"id": 7}\n')
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", 7]


def test_nothing_is_answered_with_nothing() -> None:
    result = run(b"")
    assert (result.exit_code, result.stdout) == (0, "")


def test_the_model_is_the_one_that_is_set(tmp_path: Path) -> None:
    wrong = tmp_path / "model.npz"
    wrong.write_text("no model", "utf-8")
    result = run(b'{"text": "x"}', PRIVACYDESK_INTENT_MODEL=str(wrong))
    assert result.exit_code != 0
    assert result.stdout == ""
