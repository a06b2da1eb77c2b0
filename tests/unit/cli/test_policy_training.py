"""`policy evaluate` on a policy and its questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from privacydesk.cli.policy import policy_app

POLICY = """小巷声明
生效日期：2025年3月1日

第一条【声音】房间里的声音只做转发，不做录音。举报时会截取六十秒，三十天后删除。

第二条【注销账号】您可以在设置里注销账号，七天之内能找回来。
"""

ANSWER = "第二条【注销账号】您可以在设置里注销账号，七天之内能找回来。"


def evaluate(folder: Path) -> Result:
    return CliRunner().invoke(policy_app, ["evaluate", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lane.md").write_text(POLICY, "utf-8")
    lines = [
        {"question": "怎么注销账号", "language": "zh-Hans", "answers": [ANSWER]},
        {"question": "彩票中奖号码是多少", "language": "zh-Hans", "answers": []},
    ]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in lines)
    (tmp_path / "lane.jsonl").write_text(text, "utf-8")
    return tmp_path


def test_what_is_found_and_what_is_declined_is_told(folder: Path) -> None:
    result = evaluate(folder)
    assert result.exit_code == 0, result.stderr
    title, everything, language = result.stdout.splitlines()
    assert title.split() == ["n", "first", "sentence", "three", "wrongly", "rightly", "declined"]
    assert everything.split()[0] == "all"
    assert language.split()[:2] == ["zh-Hans", "2"]
    assert all(0 <= float(figure) <= 1 for figure in everything.split()[2:])


def test_a_damaged_question_is_named(folder: Path) -> None:
    (folder / "lane.jsonl").write_text('{"question": "a"}\n', "utf-8")
    result = evaluate(folder)
    assert result.exit_code == 1
    assert "lane.jsonl, line 1" in result.stderr
