"""The wheel has the same bytes wherever and whenever it is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final
from zipfile import ZipFile

ROOT: Final = Path(__file__).parents[2]
_SOURCES: Final = ("src", "dialogs", "locales")
_FILES: Final = ("pyproject.toml", "README.md", "LICENSE", "NOTICE")
_WEIGHTS: Final = 1_000_000
"""Files of more bytes are left out: what the networks weigh takes longest to compress."""
_DAY_S: Final = 86_400


def _left_out(folder: str, names: list[str]) -> set[str]:
    large = {name for name in names if (Path(folder) / name).stat().st_size > _WEIGHTS}
    return {"__pycache__", *large}


def _build(clone: Path, ago: int, mask: int) -> Path:
    """Copy the sources, as of some time ago and with rights of their own, and build the wheel."""
    for name in _SOURCES:
        shutil.copytree(ROOT / name, clone / name, ignore=_left_out)
    for name in _FILES:
        shutil.copy(ROOT / name, clone)
    for path in clone.rglob("*"):
        changed = path.stat().st_mtime - ago
        os.utime(path, (changed, changed))
        path.chmod(path.stat().st_mode & ~mask)
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "out"],
        cwd=clone,
        env=environment,
        check=True,
        capture_output=True,
        timeout=300,
    )
    return next((clone / "out").glob("*.whl"))


def test_two_clones_give_the_same_bytes(tmp_path: Path) -> None:
    first = _build(tmp_path / "here", 0, 0o000)
    second = _build(tmp_path / "elsewhere" / "deeper", 400 * _DAY_S, 0o077)
    assert first.name == second.name
    with ZipFile(first) as one:
        assert "privacydesk/data/dialogs/human_agent.yaml" in one.namelist()
    assert first.read_bytes() == second.read_bytes()
