"""`understand`: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
from pathlib import Path

from tests.common.described import check_document
from typer.testing import CliRunner, Result

from privacydesk.cli.understand import understand_app


def run(given: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(understand_app, list(arguments), given)


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
    assert set(found[0]) == {"intent", "confidence", "language", "alternatives", "reading"}
    assert found[0]["language"] == "zh_Hans"
    assert found[0]["confidence"] > 0.9
    assert all("error" in one for one in found[1:3])


def test_a_reading_tells_what_goes_and_what_stays() -> None:
    line = json.dumps({"text": "delete all my photos except this year's"})
    result = run(line.encode(), "--now", "2026-11-29T12:00+08:00")
    assert result.exit_code == 0, result.stderr
    check_document("reading", json.loads(result.stdout))
    reading = json.loads(result.stdout)["reading"]
    (request,) = reading["requests"]
    assert (request["intent"], request["modality"], request["holder"]) == (
        "deletion", "wished", "self",
    )  # fmt: skip
    assert request["include"] == [{"kind": "category", "value": "photos"}]
    assert request["exclude"] == [{"kind": "category", "value": "photos", "from": "2026-01-01"}]
    assert isinstance(request["sure"], bool)
    assert (reading["questions"], reading["safety"]) == ([], [])


def test_times_count_from_the_operators_day() -> None:
    line = json.dumps({"text": "昨天的评论删掉"}).encode()
    late = run(line, "--now", "2026-11-29T17:00+00:00")
    (request,) = json.loads(late.stdout)["reading"]["requests"]
    assert request["include"] == [
        {"kind": "category", "value": "comments", "from": "2026-11-29", "to": "2026-11-29"}
    ]


def test_a_time_that_is_none_is_refused() -> None:
    result = run(b"", "--now", "yesterday")
    assert result.exit_code != 0
    assert result.stdout == ""


def test_halves_of_characters_can_be_written() -> None:
    lines = [
        r'{"text": "\ud800你们会把\ud800数据给警察吗"}',
        r'{"text": "delete my photos with \udc00 Mei"}',
    ]
    result = run("\n".join(lines).encode())
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) == len(lines)


def test_ids_are_kept() -> None:
    result = run(b'\xef\xbb\xbf{"text": "hello", "id": "a"}\n{"id": 7}\n')
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", 7]


def test_nothing_is_answered_with_nothing() -> None:
    result = run(b"")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_folder_of_messages_is_measured(tmp_path: Path) -> None:
    folder = tmp_path / "zh-Hans"
    folder.mkdir()
    line = {
        "text": "把动态删了",
        "intent": "deletion",
        "slice": "plain",
        "gold": {
            "requests": [
                {
                    "intent": "deletion", "modality": "wished", "holder": "self",
                    "words": "把动态删了",
                    "include": [{"kind": "category", "value": "posts", "words": "动态"}],
                    "exclude": [],
                }
            ],
            "questions": [],
            "safety": [],
        },
    }  # fmt: skip
    (folder / "anna.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    result = run(b"", "evaluate", str(tmp_path), "--report", str(tmp_path / "report"))
    assert result.exit_code == 0, result.stderr
    assert "| all | 1 | 1.000 |" in result.stdout
    assert (tmp_path / "report" / "confusions.svg").read_text("utf-8").startswith("<svg")


def test_what_is_no_corpus_is_named(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "anna.jsonl").write_text('{"text": 1}\n', "utf-8")
    result = run(b"", "evaluate", str(tmp_path))
    assert result.exit_code != 0
    assert "corpus/en/anna.jsonl, line 1" in str(result.exception)
