from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from privacydesk.cli.main import COMMANDS
from privacydesk.invocation import as_invoked, shell_command


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a clone whose environment runs, with nothing of it on the search path."""
    folder = tmp_path / "clone" / ".venv" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "privacydesk"):
        (folder / name).write_text("")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


@pytest.mark.usefixtures("clone")
def test_from_the_clones_folder_the_command_is_called_by_its_place_there() -> None:
    assert shell_command() == ".venv/bin/privacydesk"


def test_from_elsewhere_it_is_called_by_its_whole_path(
    clone: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path_factory.mktemp("elsewhere"), clone.parent, Path("/")):
        monkeypatch.chdir(folder)
        assert shell_command() == str(clone / ".venv/bin/privacydesk")


def test_on_the_search_path_its_name_is_enough(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{clone}/.venv/bin{os.pathsep}/usr/bin")
    assert shell_command() == "privacydesk"


def test_another_one_on_the_search_path_is_not_taken_for_it(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "privacydesk"
    other.write_text("")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shell_command() == ".venv/bin/privacydesk"
    assert clone.is_dir()


@pytest.mark.usefixtures("clone")
def test_commands_named_in_a_text_read_as_they_are_typed_here() -> None:
    text = "make one with `privacydesk keys generate`; privacydesk is the desk"
    expected = "make one with `.venv/bin/privacydesk keys generate`; privacydesk is the desk"
    assert as_invoked(text) == expected


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("clone")
def test_every_command_is_told_from_a_word(name: str) -> None:
    assert as_invoked(f"privacydesk {name} …") == f".venv/bin/privacydesk {name} …"


@pytest.mark.usefixtures("clone")
def test_a_folder_that_was_named_is_named_again() -> None:
    text = as_invoked("Add one: privacydesk webhooks add URL", Path("my data"))
    assert text == "Add one: .venv/bin/privacydesk webhooks add URL --data-dir 'my data'"
