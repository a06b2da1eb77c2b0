"""The operator's colours: whatever they choose, what is written in them can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from privacydesk.domain.brand import MIN_CONTRAST, Brand, Logo, contrast, mix
from privacydesk.web.assets import STATIC, Assets
from privacydesk.web.brand import (
    DARK_SURFACES,
    STYLESHEET,
    brand_files,
    brand_links,
    dark_colours,
    light_colours,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.478), ("#123456", "#123456", 1)],
)
def test_contrast_is_that_of_the_guidelines(first: str, second: str, expected: float) -> None:
    assert contrast(first, second) == pytest.approx(expected, abs=0.001)
    assert contrast(second, first) == contrast(first, second)


def test_mixing_goes_from_one_colour_to_the_other() -> None:
    assert [mix("#000000", "#ffffff", share) for share in (0, 0.5, 1)] == [
        "#000000",
        "#808080",
        "#ffffff",
    ]


@given(COLOURS)
def test_every_pair_of_text_and_ground_can_be_read(colour: str) -> None:
    assume(contrast(colour, "#edf2f0") >= MIN_CONTRAST)
    light, dark = light_colours(colour), dark_colours(colour)
    for shades in (light, dark):
        assert contrast(shades["--accent"], shades["--on-accent"]) >= MIN_CONTRAST
        assert contrast(shades["--accent-soft"], shades["--on-accent-soft"]) >= MIN_CONTRAST
    assert contrast(light["--accent-hover"], "#ffffff") >= MIN_CONTRAST
    assert all(contrast(dark["--accent"], ground) >= MIN_CONTRAST for ground in DARK_SURFACES)


def test_the_surfaces_are_those_of_the_stylesheet() -> None:
    light, _, dark = (STATIC / "css" / "tokens.css").read_text("utf-8").partition("@media")
    assert "--surface-quiet: #edf2f0" in light
    found = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", dark))
    assert (found["--surface"], found["--surface-quiet"], found["--line"]) == DARK_SURFACES


def test_without_a_brand_nothing_changes() -> None:
    assert brand_files(Brand()) == {}
    assert brand_links(Brand()) == {"mark": "img/desk.svg", "stylesheet": ""}


def test_a_brand_is_served_as_files_under_a_digest_of_its_own(tmp_path: Path) -> None:
    brand = Brand("#7a1f5c", Logo(".png", b"picture"))
    assets = Assets(tmp_path, brand_files(brand))
    assert brand_links(brand) == {"mark": "img/brand.png", "stylesheet": STYLESHEET}
    assert assets.url("img/brand.png") == f"/static/{assets.digest}/img/brand.png"
    assert assets.digest != Assets(tmp_path).digest
    style = brand_files(brand)[STYLESHEET].decode()
    assert "--accent:#7a1f5c" in style
    assert "prefers-color-scheme: dark" in style
    assert 'url("../img/brand.png")' in style
