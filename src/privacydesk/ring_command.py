"""The ring keys from a program, such as the client of a key management service."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cache

from privacydesk.errors import SettingsError
from privacydesk.system_errors import describe_os_error

_KEY = "ring_command"
_VARIABLE = "PRIVACYDESK_RING_COMMAND"


@cache
def read_ring(command: tuple[str, ...], seconds: float) -> Mapping[str, str]:
    """Return the ring keys that a program prints, as PRIVACYDESK_RING_KEYS has them.

    It runs once a process, without the desk's own settings. What it prints is never repeated: not
    in errors either, since a program that fails may print a part of what it knows.

    Args:
        command: the program and its arguments; no shell reads them.
        seconds: how long it may take.

    Raises:
        SettingsError: it can't be started, fails, takes too long, or prints something else.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PRIVACYDESK_")
    }
    try:
        done = subprocess.run(  # noqa: S603 - the operator's program
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _fault(f"the program did not end within {seconds:g} s") from None
    except OSError as error:
        why = describe_os_error(error) or type(error).__name__
        raise _fault(f"the program can't be started: {why}") from None
    if done.returncode:
        raise _fault(f"the program failed with status {done.returncode}")
    try:
        ring = dict(json.loads(done.stdout, object_pairs_hook=_names_once))
    except (ValueError, TypeError):
        ring = {}
    if not ring or not all(isinstance(key, str) for key in ring.values()):
        raise _fault('the program does not print one object {"NAME": "KEY"} of JSON')
    return ring


def _names_once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is repeated")
    return dict(pairs)


def _fault(why: str) -> SettingsError:
    message = f"{_VARIABLE}: {why}; run it by hand as the desk's user"
    return SettingsError(message, key=_KEY)
