"""Packages from npm, for tests of what other people's programs make of the desk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import pytest

PINNED: Final = Path(__file__).parents[1] / "npm"
"""Exact versions, with the hashes of what is installed."""

_FILES: Final = ("package.json", "package-lock.json")
_SECONDS: Final = 60
_TRIES: Final = 4
"""It takes seconds; now and then npm waits for ever for something that it has."""


def packages(cache: Path) -> Path:
    """Return a folder that has the pinned packages; installs them unless that was done before.

    Skips, and says why, where there is no Node.js or no way to the packages; in CI that is a
    failure.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            give_up(f"{program} is not installed (Debian: apt-get install nodejs npm)")
    contents = b"".join((PINNED / name).read_bytes() for name in _FILES)
    folder = cache / hashlib.sha256(contents).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "installed"
    # Workers of one run share the folder.
    with locked(folder / "lock"):
        if not done.exists():
            for name in _FILES:
                shutil.copy(PINNED / name, folder)
            _install(folder)
            done.touch()
    return folder


def _install(folder: Path) -> None:
    wanted = ["npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]
    reason = ""
    for _ in range(_TRIES):
        try:
            ran = subprocess.run(  # noqa: S603 - a fixed command
                wanted, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            reason = f"npm installed nothing within {_SECONDS} seconds"
            continue
        if ran.returncode == 0:
            return
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        reason = f"npm could not install: {' / '.join(said[:3])}"
    give_up(reason)


def give_up(reason: str) -> NoReturn:
    """Skip and say why; in CI fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes of a run out meanwhile."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
