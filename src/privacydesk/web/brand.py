"""The operator's brand as static files: a stylesheet that replaces colours of ``tokens.css``.

Pages allow no inline styles, so that the brand is a file like any other.
"""

from __future__ import annotations

from typing import Final

from privacydesk.domain.brand import MIN_CONTRAST, Brand, contrast, mix

STYLESHEET: Final = "css/brand.css"

_WHITE, _BLACK = "#ffffff", "#000000"
_LIGHT_SURFACE: Final = _WHITE
DARK_SURFACES: Final = ("#1a2320", "#222d29", "#303d38")
"""``--surface``, ``--surface-quiet`` and ``--line`` in the dark, as in ``tokens.css``."""
_STEPS: Final = 50


def brand_files(brand: Brand) -> dict[str, bytes]:
    """Return the static files of a brand by name; none for the desk's own look."""
    rules: list[str] = []
    files: dict[str, bytes] = {}
    if brand.colour:
        light, dark = light_colours(brand.colour), dark_colours(brand.colour)
        rules += [
            f":root {{{_declare(light)}}}",
            f"@media (prefers-color-scheme: dark) {{:root {{{_declare(dark)}}}}}",
        ]
    mark = mark_of(brand)
    if brand.logo is not None:
        files[mark] = brand.logo.body
        rules.append(f':root {{--mark: url("../{mark}")}}')
    if rules:
        files[STYLESHEET] = "\n".join(rules).encode()
    return files


def brand_links(brand: Brand) -> dict[str, str]:
    """Return the static files that a page links to: ``mark``, and ``stylesheet``, maybe empty."""
    return {
        "mark": mark_of(brand),
        "stylesheet": STYLESHEET if STYLESHEET in brand_files(brand) else "",
    }


def mark_of(brand: Brand) -> str:
    """Return the name of the static file with the mark."""
    return "img/desk.svg" if brand.logo is None else f"img/brand{brand.logo.suffix}"


def light_colours(colour: str) -> dict[str, str]:
    """Return the properties on a light ground that follow from the main colour."""
    soft = mix(colour, _LIGHT_SURFACE, 0.86)
    return {
        "--accent": colour,
        "--accent-hover": mix(colour, _BLACK, 0.14),
        "--on-accent": _WHITE,
        "--accent-soft": soft,
        "--on-accent-soft": _readable(mix(colour, _BLACK, 0.5), _BLACK, (soft,)),
    }


def dark_colours(colour: str) -> dict[str, str]:
    """Return the properties on a dark ground: the main colour, as light as text needs there."""
    soft = mix(colour, DARK_SURFACES[0], 0.6)
    accent = _readable(colour, _WHITE, DARK_SURFACES)
    return {
        "--accent": accent,
        "--accent-hover": mix(accent, _WHITE, 0.2),
        "--on-accent": _readable(mix(accent, _BLACK, 0.8), _BLACK, (accent,)),
        "--accent-soft": soft,
        "--on-accent-soft": _readable(mix(colour, _WHITE, 0.85), _WHITE, (soft,)),
    }


def _readable(colour: str, towards: str, grounds: tuple[str, ...]) -> str:
    """Return a colour, moved towards black or white until it is readable on all grounds."""
    moved = (mix(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(
        (one for one in moved if all(contrast(one, ground) >= MIN_CONTRAST for ground in grounds)),
        towards,
    )


def _declare(properties: dict[str, str]) -> str:
    return ";".join(f"{name}:{value}" for name, value in properties.items())
