"""``dialogs play`` talks in the terminal, on a database that is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def _played(tmp_path: Path, *lines: str) -> str:
    program = [sys.executable, "-m", "privacydesk", "dialogs", "play", "--locale", "en"]
    done = subprocess.run(  # noqa: S603 - our own program
        program,
        input="\n".join((*lines, "/quit", "")),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_request_is_filed_decided_and_forgotten(tmp_path: Path) -> None:
    told = _played(
        tmp_path,
        "please unlink my Google login",
        "/code",
        "1",
        "/tickets",
        "/wait 1h",
        "/help",
    )
    assert "unbinding  in_review, due " in told
    assert "UTC now" in told
    assert "/agent take" in told
    assert not list(tmp_path.iterdir())


def test_outside_services_are_held_back(tmp_path: Path) -> None:
    told = _played(tmp_path, "/result hold", "delete my photos", "/code", "/result ok", "/code")
    assert "(no code was sent yet)" in told
    assert "2. Yes, delete it" in told
