from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.unit.policy.samples import TWO_DOCUMENTS
from typer.testing import CliRunner, Result

from privacydesk.cli.policy import policy_app


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    file = tmp_path / "policy.txt"
    file.write_text(TWO_DOCUMENTS, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def bird(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Return a data folder that the policy was imported into, and what the command said.

    Embedding its passages takes seconds: tests that only look share it.
    """
    folder = tmp_path_factory.mktemp("imported")
    file = folder / "policy.txt"
    file.write_text(TWO_DOCUMENTS, encoding="utf-8")
    return folder, run("import", file, "--name", "bird", "--data-dir", folder)


def run(*arguments: object, data_dir: Path | None = None) -> Result:
    environment = {"PRIVACYDESK_DATA_DIR": str(data_dir) if data_dir else None}
    return CliRunner().invoke(policy_app, [str(a) for a in arguments], env=environment)


def test_an_import_prints_the_tree_and_what_was_noticed(bird: tuple[Path, Result]) -> None:
    _, result = bird
    assert result.exit_code == 0
    assert "bird: 2 documents, read as UTF-8" in result.stdout
    assert "    第二条 您的选择  [privacy:art2]" in result.stdout
    assert "[privacy:art1] (4 list items, 2 paragraphs)" in result.stdout
    assert "Not placed: 1" in result.stdout
    assert "[duplicate_number]" in result.stdout
    assert "Kept as the newest version." in result.stdout


def test_importing_the_same_text_again_says_so(
    policy_file: Path, bird: tuple[Path, Result]
) -> None:
    result = run("import", policy_file, "--name", "bird", data_dir=bird[0])
    assert result.exit_code == 0
    assert "Unchanged" in result.stdout


def test_json_holds_the_tree_for_programs(
    policy_file: Path, tmp_path: Path, bird: tuple[Path, Result]
) -> None:
    # What the text shares with the version before needs no embedding.
    shutil.copytree(bird[0] / "policy", tmp_path / "policy")
    policy_file.write_text(f"{TWO_DOCUMENTS}\n再见。\n", encoding="utf-8")
    result = run("import", policy_file, "--name", "bird", "--json", data_dir=tmp_path)
    record = json.loads(result.stdout)
    assert record["saved"] is True
    assert [document["key"] for document in record["documents"]] == ["privacy", "children"]
    assert {note["code"] for note in record["notes"]} >= {"unplaced_line", "style_slip"}


def test_without_a_place_it_is_kept_where_serve_looks(
    policy_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy_file.write_text("第一条 联系\n请给我们写信。\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = run("import", policy_file, "--name", "bird", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["saved"] is True
    assert (tmp_path / "data" / "policy" / "bird").is_dir()


def test_a_dry_run_keeps_nothing(policy_file: Path, tmp_path: Path) -> None:
    result = run("import", policy_file, "--name", "bird", "--dry-run", data_dir=tmp_path)
    assert "Nothing was kept, as asked." in result.stdout
    assert not (tmp_path / "policy").exists()


def test_a_translation_is_kept_beside_the_policy_and_its_gaps_are_named(
    tmp_path: Path, bird: tuple[Path, Result]
) -> None:
    shutil.copytree(bird[0] / "policy", tmp_path / "policy")
    file = tmp_path / "policy.en.txt"
    file.write_text("# Bird Privacy Policy\n\n## Article 1: What we keep\n", encoding="utf-8")
    words = ("import", file, "--name", "bird", "--language", "en")
    assert "Not translated: privacy:" in run(*words, "--dry-run", data_dir=tmp_path).stdout
    gaps = json.loads(run(*words, "--json", data_dir=tmp_path).stdout)["untranslated"]
    assert "privacy:art1" not in gaps
    assert "privacy:art2" in gaps
    assert "Bird Privacy Policy" in run("show", "--name", "bird@en", data_dir=tmp_path).stdout
    assert "Bird Privacy Policy" not in run("show", "--name", "bird", data_dir=tmp_path).stdout


def test_nothing_is_translated_before_it_is_imported(policy_file: Path, tmp_path: Path) -> None:
    words = ("import", policy_file, "--name", "bird", "--language", "zh-Hant")
    result = run(*words, data_dir=tmp_path)
    assert result.exit_code == 1
    assert "no policy was imported under the name bird" in result.stderr


@pytest.mark.parametrize(("content", "word"), [(b"", "empty"), (b"\x00\x01", "text")])
def test_an_unreadable_file_ends_with_one_line(tmp_path: Path, content: bytes, word: str) -> None:
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    result = run("import", file, "--name", "bird", data_dir=tmp_path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert word in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_file_ends_with_one_line(tmp_path: Path) -> None:
    result = run("import", tmp_path / "none.txt", "--name", "bird", data_dir=tmp_path)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_a_passage_is_shown_unchanged(bird: tuple[Path, Result]) -> None:
    folder, _ = bird
    result = run("show", "privacy:art2.sec3.item2", "--name", "bird", data_dir=folder)
    assert result.stdout == "2.第二种情形。\n"
    result = run("show", "privacy:art3", "--name", "bird", "--json", data_dir=folder)
    assert json.loads(result.stdout)["title"] == "联系"


def test_all_anchors_are_listed(bird: tuple[Path, Result]) -> None:
    folder, _ = bird
    result = run("show", "--name", "bird", data_dir=folder)
    assert "privacy:art2.sec1.item2.b  b.点击撤回" in result.stdout
    result = run("show", "--name", "bird", "--json", data_dir=folder)
    assert {"anchor", "kind", "label", "title", "line"} == set(json.loads(result.stdout)[0])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("show", "privacy:art9", "--name", "bird"), "privacy:art"),
        (("show", "privacy:art1", "--name", "other"), "no policy"),
        (("show", "privacy:art1", "--name", "../up"), "name"),
    ],
)
def test_what_can_not_be_shown_ends_with_one_line(
    bird: tuple[Path, Result], arguments: tuple[str, ...], word: str
) -> None:
    result = run(*arguments, data_dir=bird[0])
    assert result.exit_code == 1
    assert word in result.stderr
    assert result.stderr.count("\n") == 1
