"""`policy ask` and `policy changes`, on the demo's policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.common.policies import SAMPLE, bring_sample_policy, sample_policy
from typer.testing import CliRunner, Result

from privacydesk.cli.policy import policy_app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bring_sample_policy(tmp_path)
    return tmp_path


def run(*arguments: object, data_dir: Path, given: str | bytes = "") -> Result:
    environment = {"PRIVACYDESK_DATA_DIR": str(data_dir)}
    return CliRunner().invoke(policy_app, [str(a) for a in arguments], given, env=environment)


def answers(folder: Path, *lines: str) -> list[dict[str, object]]:
    result = run("ask", "--jsonl", data_dir=folder, given="\n".join(lines) + "\n")
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_is_answered_in_its_place(folder: Path) -> None:
    found = answers(
        folder,
        json.dumps({"q": "怎么注销账号", "id": "a"}),
        json.dumps({"q": "Does the app sell insurance?", "id": 7}),
        json.dumps({"q": "How do I close my account?"}),
    )
    assert [one["answerable"] for one in found] == [True, False, True]
    assert [one.get("id") for one in found] == ["a", 7, None]
    assert found[1]["passages"] == []
    passages = found[0]["passages"]
    assert isinstance(passages, list)
    assert 1 <= len(passages) <= 3
    assert set(passages[0]) == {"document", "article", "section", "text", "score"}
    assert passages[0]["article"].startswith("第七条")
    assert all(passage["text"] in sample_policy().source for passage in passages)


@pytest.mark.parametrize(
    "bad",
    ["not json", "[]", "5", '{"q": 5}', '{"x": "y"}', "null", "[" * 100_000, '{"id": 1}'],
    ids=["words", "list", "number", "no text", "no q", "null", "deep", "only id"],
)
def test_a_bad_line_has_an_error_and_stops_nothing(folder: Path, bad: str) -> None:
    found = answers(folder, bad, json.dumps({"q": "怎么注销账号"}))
    assert isinstance(found[0]["error"], str)
    assert found[1]["answerable"] is True


@pytest.mark.parametrize(
    "line",
    [
        r'{"q": "\ud83d", "id": "\udc00"}',
        json.dumps({"q": "", "id": 10**30}),
        json.dumps({"q": "😀"}),
        json.dumps({"q": "法" * 100_000}),
        json.dumps({"q": "a\x00b", "id": None}),
    ],
    ids=["half characters", "huge number", "emoji", "100 KB", "nul"],
)
def test_odd_questions_are_declined(folder: Path, line: str) -> None:
    (found,) = answers(folder, line)
    assert found["answerable"] is False


def test_bytes_that_are_no_text_get_an_error_or_an_answer(folder: Path) -> None:
    result = run("ask", "--jsonl", data_dir=folder, given=b'\xff\xfe\n{"q": "\xff"}\n')
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 2


def test_blank_lines_and_a_mark_at_the_beginning_are_passed_over(folder: Path) -> None:
    found = answers(folder, "\ufeff" + json.dumps({"q": "怎么注销账号"}), "", "  ", '{"q": "天气"}')
    assert [one["answerable"] for one in found] == [True, False]


def test_one_question_is_answered_for_people(folder: Path) -> None:
    result = run("ask", "怎么注销账号", "--name", SAMPLE, data_dir=folder)
    assert result.stdout.startswith("小巷隐私政策 · 第七条 你能做什么 · （三）注销帐号\n")
    result = run("ask", "今天天气怎么样", data_dir=folder)
    assert result.stdout == "The policy does not say.\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("ask", "--jsonl"), "no policy was imported"),
        (("ask", "hello"), "policy import"),
        (("ask", "hello", "--name", "other"), "other"),
        (("ask", "hello", "--jsonl"), "either"),
        (("ask",), "either"),
        (("changes", "other"), "other"),
        (("changes", "../up"), "name"),
    ],
)
def test_what_can_not_be_done_ends_with_one_line(
    tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    result = run(*arguments, data_dir=tmp_path)
    assert result.exit_code == 1
    assert word in result.stderr
    assert result.stderr.count("\n") == 1


OLD = "# 隐私政策\n\n第一条【收集】\n\n收集手机号。\n\n记录型号。\n"
NEW = OLD.replace("收集手机号。", "收集手机号和邮箱。") + "\n第二条【联系】\n\n写信来。\n"


@pytest.fixture
def two_versions(tmp_path: Path) -> Path:
    for text in (OLD, NEW):
        file = tmp_path / "policy.md"
        file.write_text(text, encoding="utf-8")
        assert run("import", file, "--name", "bird", data_dir=tmp_path).exit_code == 0
    return tmp_path


def test_changes_are_listed_by_article(two_versions: Path) -> None:
    told = run("changes", "bird", data_dir=two_versions).stdout
    assert told.startswith("bird: from version 1 to 2: 2 added, 0 removed, 1 changed\n")
    assert "隐私政策 · 第一条 收集\n  ~ [privacy:art1.p1]\n    was: 收集手机号。\n" in told
    assert "    now: 收集手机号和邮箱。\n" in told
    assert "隐私政策 · 第二条 联系\n  + [privacy:art2]" in told


def test_changes_for_programs(two_versions: Path) -> None:
    result = run("changes", "bird", "--from", 2, "--to", 1, "--json", data_dir=two_versions)
    record = json.loads(result.stdout)
    assert (record["from"], record["to"]) == (2, 1)
    assert [change["kind"] for change in record["changes"]] == ["changed", "removed", "removed"]


def test_a_version_that_is_not_there_is_named(two_versions: Path) -> None:
    result = run("changes", "bird", "--to", 9, data_dir=two_versions)
    assert result.exit_code == 1
    assert "versions 1 to 2 and no 9" in result.stderr
    assert run("changes", "bird", "--to", 1, data_dir=two_versions).exit_code == 1
    same = run("changes", "bird", "--from", 2, "--to", 2, data_dir=two_versions)
    assert "say the same" in same.stdout
