from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.common.web_catalogs import web_catalogs

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.i18n.messages import placeholders_of
from privacydesk.web.assets import STATIC
from privacydesk.web.texts import PAGE_STRINGS, error_text, page_strings

CATALOGS = web_catalogs()
LOCALES = ("zh_Hans", "zh_Hant", "en")
SCRIPTS = {path.name: path.read_text("utf-8") for path in (STATIC / "js").glob("*.js")}
TEMPLATES = Path(STATIC).parent / "templates"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_word_of_the_page_is_there_with_its_placeholders(locale: str) -> None:
    for key, text in page_strings(CATALOGS, locale).items():
        assert text, key
        assert placeholders_of(text) == frozenset(PAGE_STRINGS[key]), key


def test_locales_hold_the_same_keys_with_the_same_placeholders() -> None:
    told = CATALOGS.placeholders()
    assert told["zh_Hans"] == told["zh_Hant"] == told["en"]
    CATALOGS.verify()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_error_code_of_the_protocol_has_words(locale: str) -> None:
    told = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text("utf-8")
    for code in ErrorCode:
        if f"| `{code.value}` |" in told:
            error = DeskError("x", code=code, size="1 MB")
            assert error_text(CATALOGS, locale, error) != code.value


def test_scripts_use_no_word_that_pages_do_not_get() -> None:
    used = {key for text in SCRIPTS.values() for key in re.findall(r"\.t\(\s*\"([a-z_.]+)\"", text)}
    assert used <= set(PAGE_STRINGS)
    assert len(used) > 30


def test_nothing_is_ever_set_as_markup_and_nothing_is_inline() -> None:
    for name, text in SCRIPTS.items():
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text
        ), name
    for template in TEMPLATES.glob("*.html"):
        # A page that is to work as a saved file has all in it; its policy names the digests.
        inline = "" if template.name == "receipts.html" else "|<style"
        text = template.read_text("utf-8")
        assert not re.search(rf"\sstyle=|\son[a-z]+={inline}", text), template
