"""The client for Python as an integrator has it: built as a wheel, and installed in a folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Final

from tests.common.descriptions import descriptions, write_descriptions
from tests.common.npm import locked

_ROOT: Final = Path(__file__).parents[2]
_SOURCES: Final = _ROOT / "clients" / "python"
_GENERATED: Final = ("client.py", "frames.py", "operations.py", "schema.py")


@cache
def python_client() -> Path:
    """Return a folder for `PYTHONPATH` with the package; builds it unless that was done before."""
    sources = [
        one for one in sorted(_SOURCES.rglob("*.*")) if one.suffix in {".py", ".toml", ".md"}
    ]
    written = [one for one in sources if one.name not in _GENERATED]
    contents = b"".join((*descriptions().values(), *(one.read_bytes() for one in written)))
    built = _ROOT / "build" / "clients" / hashlib.sha256(contents).hexdigest()[:16]
    built.parent.mkdir(parents=True, exist_ok=True)
    with locked(built.parent / "lock"):
        if not built.exists():
            _build(written, built)
    return built


def _build(sources: list[Path], built: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for source in sources:
            copied = work / source.relative_to(_SOURCES)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copied)
        generate = ["generate.py", *write_descriptions(work)]
        for command in (generate, ["-m", "hatchling", "build", "-t", "wheel"]):
            ran = subprocess.run(  # noqa: S603 - fixed commands
                [sys.executable, *command],
                cwd=work,
                capture_output=True,
                check=False,
                timeout=120,
            )
            assert ran.returncode == 0, (ran.stdout + ran.stderr).decode()
        (wheel,) = (work / "dist").glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(work / "installed")
        shutil.move(work / "installed", built)
