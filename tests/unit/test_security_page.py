"""The security page names code and tests that exist, and figures that the rules give."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from privacydesk.domain.hourly_limits import shared_limit
from privacydesk.domain.ids import LookupHash
from privacydesk.domain.numbers import ALPHABET, RANDOM_CHARACTERS
from privacydesk.domain.signin import FORGOTTEN_AFTER, SignInAttempts
from privacydesk.domain.verification_codes import CodeRules

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
CODE = ROOT / "src/privacydesk"
_SPAN = re.compile(r"`([^`\n]+)`")
_ANSWER = re.compile(r"^\| (?:[\d.]+[\d.,– ]*|API\d+) \|.*\| ([^|]*) \|$", re.MULTILINE)


@cache
def _tests() -> frozenset[str]:
    """Return the names of all tests and of the files that hold them."""
    files = [*ROOT.glob("tests/**/test_*.py")]
    found = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
    named = {name for file in files for name in found.findall(file.read_text("utf-8"))}
    return frozenset(named | {file.stem for file in files})


def test_each_test_and_module_that_the_page_names_exists() -> None:
    spans = set(_SPAN.findall(PAGE))
    tests = {one for one in spans if one.startswith("test_")}
    modules = {one for one in spans if re.fullmatch(r"\w+(/\w+)+(\.py)?|\w+\.py", one)}
    assert len(tests) > 100
    assert len(modules) > 20
    assert tests - _tests() == set()
    assert {one for one in modules if not (CODE / one).exists()} == set()


def test_each_line_of_the_checklists_is_answered() -> None:
    answers = _ANSWER.findall(PAGE)
    assert len(answers) > 60
    for answer in answers:
        assert re.search(r"`|\]\(|open|no |the proxy|Python", answer), answer


def test_the_chances_follow_from_the_rules() -> None:
    rules = CodeRules()
    assert f"{rules.daily_cap * rules.entries} in 1,000,000 a day" in PAGE
    hourly = shared_limit(rules.hourly_contacts, rules.origin_percent, rules.reserve_percent)
    one, all_ = hourly.budget * rules.entries, hourly.hourly * rules.entries
    assert f"{one} an hour ({hourly.budget} codes) | 1 in {round(1e6 / (one * 24))} a day" in PAGE
    assert f"{all_} an hour ({hourly.hourly} codes)" in PAGE
    assert f"1 in {round(1e6 / (all_ * 24))} a day" in PAGE
    assert round(len(ALPHABET) ** RANDOM_CHARACTERS / 10_000, -9) == 4_000_000_000


def test_as_many_entries_at_the_sign_in_are_made_in_a_day_as_the_page_says() -> None:
    attempts = SignInAttempts(LookupHash(bytes(16)))
    start = now = datetime(2026, 6, 1, tzinfo=UTC)
    entries = 0
    while now - start < FORGOTTEN_AFTER:
        attempts, entries = attempts.with_failure(now), entries + 1
        now += attempts.wait(now)
    assert entries == 35
    assert "about 35 a day" in PAGE
    assert f"1 in {round(1e6 / (entries * 3), -2):,.0f} a day" in PAGE
