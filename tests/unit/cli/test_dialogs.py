from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.unit.dialog.flows import GOOD, broken
from typer.testing import CliRunner, Result

from privacydesk.cli.dialogs import dialogs_app

pytestmark = pytest.mark.by_turns(2)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(dialogs_app, [str(one) for one in arguments])


def write(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / Path(name).name).write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_flows_and_sentences_have_no_faults() -> None:
    result = run("check")

    assert result.output.count("\n") == 1, result.output
    assert re.fullmatch(r"\d+ flows, \d+ steps, \d+ keys in 3 locales: no faults\n", result.output)
    assert result.exit_code == 0


@pytest.mark.parametrize("change", [("card: warning", "card: loud"), ("no: stopped", "no: file")])
def test_each_fault_is_one_line_with_file_step_and_remedy(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    folder = write(tmp_path / "flows", broken("unbinding", change))

    result = run("check", "--dialogs", folder)

    assert result.exit_code == 1
    lines = result.output.splitlines()
    told = [line for line in lines if line.startswith(f"{folder.as_posix()}/unbinding.yaml:")]
    assert told
    assert all(re.search(r":\d+: step \w+: .+\. Remedy: .+\.$", line) for line in told)


def test_steps_that_went_away_are_told_against_an_earlier_version(tmp_path: Path) -> None:
    old = write(tmp_path / "old", GOOD)
    new = write(
        tmp_path / "new", {name: text.replace("stopped", "gone") for name, text in GOOD.items()}
    )

    result = run("check", "--dialogs", new, "--against", old)

    assert result.exit_code == 1
    assert "step stopped: the step is gone" in result.output
    assert "moved: {stopped: NEW_STEP}" in result.output


def test_a_folder_that_is_not_there_is_told() -> None:
    result = run("check", "--dialogs", "nowhere")

    assert result.exit_code == 1
    assert "nowhere is no folder" in result.output


def test_a_flow_is_drawn() -> None:
    result = run("graph", "unbinding")

    assert result.exit_code == 0
    assert result.output.startswith("flowchart TD\n")


def test_a_flow_that_is_not_there_is_told_with_those_that_are() -> None:
    result = run("graph", "unbindings")

    assert result.exit_code == 1
    assert "unbinding" in result.output


def test_extracting_writes_the_template(tmp_path: Path) -> None:
    folder = tmp_path / "locales"
    (folder / "en").mkdir(parents=True)

    assert run("extract", "--locales", folder).exit_code == 0

    assert 'msgid "unbinding.intro"' in (folder / "messages.pot").read_text(encoding="utf-8")


def test_the_wording_of_a_confirmation_has_one_version_a_locale() -> None:
    result = run("wording", "deregistration.before", "deregistration.sure")

    versions = re.findall(r"^(\w+)  ([0-9a-f]{12})$", result.output, re.MULTILINE)
    assert [locale for locale, _ in versions] == ["zh_Hans", "zh_Hant", "en"]
    assert len({version for _, version in versions}) == 3
    other = run("wording", "deregistration.sure")
    assert not {version for _, version in versions} & set(re.findall("[0-9a-f]{12}", other.output))
    assert run("wording", "deregistration.missing").exit_code == 1
