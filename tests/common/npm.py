"""Packages from npm, for tests of what other people's programs make of the desk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import pytest
from tests.common.descriptions import descriptions, write_descriptions

PINNED: Final = Path(__file__).parents[1] / "npm"
"""Exact versions, with the hashes of what is installed."""

CLIENT: Final = Path(__file__).parents[2] / "clients" / "typescript"
"""The sources of the package for integrators."""

_GENERATED: Final = ("frames.ts", "schema.ts")
_FILES: Final = ("package.json", "package-lock.json")
_SECONDS: Final = 60
_TRIES: Final = 4
"""It takes seconds; now and then npm waits for ever for something that it has."""


def packages(cache: Path, pinned: Path = PINNED) -> Path:
    """Return a folder that has the pinned packages; installs them unless that was done before.

    Skips, and says why, where there is no Node.js or no way to the packages; in CI that is a
    failure.

    Args:
        cache: where they are kept.
        pinned: the folder whose lock file names them.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            give_up(f"{program} is not installed (Debian: apt-get install nodejs npm)")
    contents = b"".join((pinned / name).read_bytes() for name in _FILES)
    folder = cache / hashlib.sha256(contents).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "installed"
    # Workers of one run share the folder.
    with locked(folder / "lock"):
        if not done.exists():
            for name in _FILES:
                shutil.copy(pinned / name, folder)
            _install(folder)
            done.touch()
    return folder


def with_client(cache: Path, folder: Path) -> Path:
    """Install the package for integrators into a folder, and return the compiler of TypeScript.

    It is built and packed as `scripts/clients` does it, unless that was done before.
    """
    libraries = packages(cache, CLIENT) / "node_modules"
    sources = [one for one in sorted(CLIENT.glob("**/*.*")) if "node_modules" not in one.parts]
    written = [one for one in sources if "dist" not in one.parts and one.name not in _GENERATED]
    contents = b"".join((*descriptions().values(), *(one.read_bytes() for one in written)))
    built = cache / f"client-{hashlib.sha256(contents).hexdigest()[:16]}"
    with locked(cache / "client-lock"):
        if not built.exists():
            _build(written, libraries, built)
    (archive,) = built.glob("*.tgz")
    modules = folder / "node_modules" / "@privacydesk"
    modules.mkdir(parents=True)
    with tarfile.open(archive) as packed:
        packed.extractall(modules, filter="data")
    (modules / "package").rename(modules / "client")
    return libraries / "typescript7" / "bin" / "tsc"


def _build(sources: list[Path], libraries: Path, built: Path) -> None:
    work = built.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)
    for source in sources:
        copied = work / source.relative_to(CLIENT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copied)
    (work / "node_modules").symlink_to(libraries)
    for command in (["npm", "run", "build", "--", *write_descriptions(work)], ["npm", "pack"]):
        ran = subprocess.run(  # noqa: S603 - fixed commands
            command, cwd=work, capture_output=True, timeout=_SECONDS, check=False
        )
        assert ran.returncode == 0, (ran.stdout + ran.stderr).decode()
    work.rename(built)


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
