"""Every act that the audit names has a word in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.common.web_catalogs import LOCALES

from privacydesk.data import locale_files
from privacydesk.domain.audit import NON_STAFF_ACTORS
from privacydesk.domain.failed_attempts import AttemptKind
from privacydesk.i18n.catalog import Catalogs

SOURCE = Path(__file__).parents[3] / "src" / "privacydesk"
FAMILIES = ("web.audit.act", "web.case.log", "web.console.access")
_ACTS = (
    re.compile(r'AuditEntry\([^"{]{0,80}"([a-z_]+)"'),
    re.compile(r'_told\([^"]{0,30}"([a-z_]+)"'),
    re.compile(r'_switch\([^"]{0,60}"([a-z_]+)"'),
    re.compile(r'_audit\.note\([^"]{0,30}"([a-z_]+)"'),
    re.compile(r'LogEntryDraft\(\s*"([a-z_]+)"'),
)


def _acts() -> set[str]:
    texts = [path.read_text("utf-8") for path in (SOURCE / "services").rglob("*.py")]
    found = {act for text in texts for pattern in _ACTS for act in pattern.findall(text)}
    return found - NON_STAFF_ACTORS | {"alarm", "package_expired", *AttemptKind}


def test_the_acts_are_found() -> None:
    assert {"purged", "webhook_disabled", "text_module_saved", "escalate", "note"} <= _acts()


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant", "en"])
def test_every_act_has_a_word(locale: str) -> None:
    catalogs = Catalogs.load(locale_files(LOCALES))

    def has_word(act: str) -> bool:
        for family in FAMILIES:
            try:
                catalogs.text(locale, f"{family}.{act}", {})
            except KeyError:
                continue
            return True
        return False

    assert [act for act in sorted(_acts()) if not has_word(act)] == []
