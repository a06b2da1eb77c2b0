"""Names of browsers and operating systems, for the list of an agent's sessions."""

from __future__ import annotations

from typing import Final

_BROWSERS: Final = (
    # Browsers whose header also names other browsers come before those.
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("MicroMessenger/", "WeChat"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_MAX_LENGTH: Final = 40


def browser_name(user_agent: str) -> str:
    """Return browser and system, such as ``Firefox · Windows``.

    Args:
        user_agent: the ``User-Agent`` header; its beginning is returned if nothing is recognised.
    """
    names = [
        next((name for token, name in known if token in user_agent), "")
        for known in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(name for name in names if name) or user_agent[:_MAX_LENGTH]
