"""Ring keys that a program of the operator prints."""

from __future__ import annotations

import sys

import pytest

from privacydesk.errors import SettingsError
from privacydesk.settings import load_settings, new_secret

KEY, LEAK = new_secret(), "what nobody may read"


def _running(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_they_are_used_like_those_of_the_settings_and_are_not_shown() -> None:
    program = f"""print('{{"one": "{KEY}"}}')"""
    settings = load_settings(ring_command=_running(program), ring_key="one")
    assert settings.keys() == load_settings(ring_keys={"one": KEY}, ring_key="one").keys()
    assert KEY not in repr(settings)


def test_the_program_gets_none_of_the_desks_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACYDESK_HASHING_SECRET", KEY)
    program = (
        "import json, os;"
        "leaks = [name for name in os.environ if name.startswith('PRIVACYDESK_')];"
        f"print(json.dumps({{'leaks' if leaks else 'one': '{KEY}'}}))"
    )
    assert load_settings(ring_command=_running(program), ring_key="one").keys()[1].keys() == {"one"}


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (f"import sys; print('{LEAK}'); sys.exit('{LEAK}')", "failed with status 1"),
        (f"print('{LEAK}')", "does not print one object"),
        (f"""print('["{LEAK}"]')""", "does not print one object"),
        (f"""print('{{"one": ["{LEAK}"]}}')""", "does not print one object"),
        (f"""print('{{"one": "{LEAK}", "one": "{LEAK}"}}')""", "does not print one object"),
        ("print('{}')", "does not print one object"),
        (f"""print('{{"one": "{LEAK}"}}')""", "must be 32 random bytes"),
        ("import time; time.sleep(600)", "did not end within 0.5 s"),
    ],
)
def test_what_it_prints_besides_is_a_fault_and_never_repeated(program: str, told: str) -> None:
    settings = load_settings(
        ring_command=_running(program), ring_key="one", ring_command_seconds=30.0
    )
    if "sleep" in program:
        settings = settings.model_copy(update={"ring_command_seconds": 0.5})
    with pytest.raises(SettingsError) as caught:
        settings.keys()
    assert told in caught.value.message
    assert LEAK not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_program_that_is_not_there_and_keys_besides_are_told() -> None:
    with pytest.raises(
        SettingsError, match="PRIVACYDESK_RING_COMMAND: the program can't be started"
    ):
        load_settings(ring_command=["/no/such/program"], ring_key="one").keys()
    both = load_settings(ring_command=["/bin/true"], ring_keys={"one": KEY}, ring_key="one")
    with pytest.raises(SettingsError, match="are both set"):
        both.keys()
