"""The icons: one file of symbols, which pages and scripts name."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from privacydesk.domain.intents import Intent, RequestKind

WEB = Path(__file__).parents[3] / "src" / "privacydesk" / "web"
SPRITE = WEB / "static" / "img" / "icons.svg"
SVG = "{http://www.w3.org/2000/svg}"


def symbols() -> list[ET.Element]:
    return list(ET.fromstring(SPRITE.read_text("utf-8")))  # noqa: S314 - our own file


def test_every_symbol_has_a_name_of_its_own_and_the_same_size() -> None:
    names = [one.get("id") for one in symbols()]
    assert len(set(names)) == len(names) > 20
    assert {one.tag for one in symbols()} == {f"{SVG}symbol"}
    assert {one.get("viewBox") for one in symbols()} == {"0 0 24 24"}


def test_no_symbol_has_a_colour_of_its_own() -> None:
    # They are drawn in the colour of the text around them, light and dark.
    for symbol in symbols():
        for shape in symbol.iter():
            own = {"fill", "stroke", "style", "class"}.intersection(shape.keys())
            assert not own, symbol.get("id")


@pytest.mark.parametrize(
    ("suffix", "call"),
    [("*.html", r"\{\{-? icon\(\"([a-z_]+)\"\)"), ("*.js", r"\bicon\(\"([a-z_]+)\"")],
)
def test_pages_and_scripts_name_symbols_that_exist(suffix: str, call: str) -> None:
    known = {one.get("id") for one in symbols()}
    for path in WEB.rglob(suffix):
        named = set(re.findall(call, path.read_text("utf-8")))
        assert named <= known, (path.name, named - known)


def test_whatever_the_menu_offers_has_an_icon() -> None:
    known = {one.get("id") for one in symbols()}
    assert {*(kind.value for kind in RequestKind), Intent.REQUEST_STATUS.value} <= known
