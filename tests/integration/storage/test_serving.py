from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.storage.serving_lock import serving_lock

_SERVE = """
import sys
from privacydesk.storage.serving_lock import serving_lock
with serving_lock(sys.argv[1]):
    print("serving", flush=True)
    sys.stdin.read()
"""


def _serve(url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _SERVE, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "serving\n"
    return process


def test_a_second_serve_is_refused_naming_file_and_process(url: str, path: Path) -> None:
    with _serve(url) as first:
        with pytest.raises(DeskError) as caught, serving_lock(url):
            pass
        assert caught.value.code is ErrorCode.IN_USE
        assert str(path) in str(caught.value)
        assert str(first.pid) in str(caught.value)
        first.communicate("")
    with serving_lock(url):
        pass


def test_a_killed_serve_leaves_nothing_behind(url: str) -> None:
    with _serve(url) as first:
        first.kill()
        first.wait()
    with serving_lock(url):
        pass


def test_the_lock_is_for_its_owner_only(url: str, path: Path) -> None:
    with serving_lock(url):
        lock = path.with_name("desk.db.serve.lock")
        assert lock.stat().st_mode & 0o777 == 0o600
        assert lock.read_text() == f"{os.getpid()}\n"


def test_postgresql_is_served_by_any_number() -> None:
    with serving_lock("postgresql://localhost/x"), serving_lock("postgresql://localhost/x"):
        pass
