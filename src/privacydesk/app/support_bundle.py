"""What helps to find a fault, without secrets and personal data: nothing but closed lists.

Of settings, only numbers and choices are told; of all others, whether they are set. Of log entries,
only what the program itself has put into words.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distributions, version
from typing import Any, Final, Literal, get_args, get_origin

from privacydesk import migrations
from privacydesk.app.findings import Finding
from privacydesk.errors import DeskError
from privacydesk.profile import OperatorProfile
from privacydesk.settings import Settings
from privacydesk.storage.inspection import open_inspection

_SENTENCES_OF: Final = frozenset(
    {
        "account service", "calendar", "clock", "code gateway", "confinement", "data folder",
        "database", "disk", "keys", "mail", "mailbox", "secrets",
    }
)  # fmt: skip
"""Checks whose sentences name no key or value that the operator has chosen, but paths and names in
quotes, which are removed."""
_QUOTED: Final = re.compile(r"(?<!\w)'[^']*'(?!\w)|(?<!\w)/[^\s,;:()]+")
_REMOVED: Final = "…"

_MAX_EVENTS: Final = 500
_LARGE: Final = 1_000_000
_EVENT_FIELDS: Final = frozenset(
    {
        "action", "alarm", "attempts", "calendar", "cause", "channel", "code", "component",
        "count", "error", "failing", "lacks", "level", "limit", "loop", "operation", "part",
        "reason", "refused", "route", "seconds", "service", "since", "status", "table", "task",
        "timestamp", "version", "what", "worker", "year",
    }
)  # fmt: skip
"""Fields of log entries whose values the program has chosen, or counted."""
_TIMES: Final = frozenset({"since", "timestamp"})
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,60}|/[a-z0-9_./{}-]{0,80}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{5,15}(?:Z|\+00:00)", re.ASCII)
_FRAME: Final = re.compile(r"[/\\]((?:site-packages|src)[/\\][\w./\\-]+:\d+ in [\w<>.]+)$")
_CLASS: Final = re.compile(r"^[| ]*([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt))\b")


def make_bundle(
    settings: Settings | None,
    profile: OperatorProfile | None,
    findings: Sequence[Finding],
    log: Iterable[str],
) -> dict[str, Any]:
    """Return the bundle, ready for JSON.

    Args:
        settings: the settings; None if they can't be read.
        profile: the operator profile; None if it can't be read.
        findings: what ``doctor`` has found.
        log: lines of the log.
    """
    return {
        "versions": _versions(),
        "settings": {} if settings is None else _tell_settings(settings),
        "profile": {} if profile is None else _tell_fields(profile),
        "findings": [_tell_finding(finding) for finding in findings],
        "database": {} if settings is None else _tell_database(settings),
        "log": _tell_log(log),
    }


def _versions() -> dict[str, Any]:
    return {
        "privacydesk": version("privacydesk"),
        "schema": migrations.HEAD,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libraries": dict(sorted((one.name.lower(), one.version) for one in distributions())),
    }


# -- settings and profile ------------------------------------------------------------------------


def _tell_settings(settings: Settings) -> dict[str, Any]:
    told = _tell_fields(settings)
    # That of the file is made of the data folder.
    told["database"] = "postgresql" if settings.url.startswith("postgresql") else "sqlite"
    return told


def _tell_fields(model: Settings | OperatorProfile) -> dict[str, Any]:
    """Return numbers and choices, and of all other fields whether they differ from the default."""
    told: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        is_choice = any(
            get_origin(one) is Literal for one in (field.annotation, *get_args(field.annotation))
        )
        if value is None or isinstance(value, bool | int | float) or is_choice:
            told[name] = value
        else:
            told[name] = "set" if value != field.default else "default"
    return told


# -- findings and database -----------------------------------------------------------------------


def _tell_finding(finding: Finding) -> dict[str, str]:
    told = {"check": finding.check, "level": finding.level.value}
    if finding.event:
        told["event"] = finding.event
    elif finding.check in _SENTENCES_OF:
        told["message"] = _QUOTED.sub(_REMOVED, finding.message)
    return told


def _tell_database(settings: Settings) -> dict[str, Any]:
    try:
        with open_inspection(settings.url) as inspection:
            return {
                "program": inspection.server_version(),
                "schema": inspection.schema_version(),
                "rows": inspection.row_counts(),
            }
    except DeskError:
        return {}  # the findings say why


# -- the log -------------------------------------------------------------------------------------


def _tell_log(lines: Iterable[str]) -> dict[str, Any]:
    """Return the last events, and how many lines were no events."""
    events: list[dict[str, Any]] = []
    others = 0
    for line in lines:
        entry = _read_entry(line)
        if entry is None:
            others += 1
        else:
            events.append(entry)
    return {"events": events[-_MAX_EVENTS:], "other_lines": others}


def _read_entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not _is_word(entry.get("event")):
        return None
    told = {"event": entry["event"]}
    named = sorted(_EVENT_FIELDS & entry.keys())
    told |= {name: entry[name] for name in named if _is_safe(name, entry[name])}
    if frames := list(_frames(entry.get("exception"))):
        told["exception"] = frames
    return told


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_safe(name: str, value: object) -> bool:
    """Return whether a field's value is a number, a time, or a word of the program."""
    if name in _TIMES:
        return isinstance(value, str) and _TIME.fullmatch(value) is not None
    if isinstance(value, list):
        return all(_is_word(one) for one in value)
    if isinstance(value, int | float):
        # Larger ones may be phone numbers.
        return abs(value) < _LARGE
    return value is None or _is_word(value)


def _frames(exception: object) -> Iterator[str]:
    """Yield classes of errors and places in the program, without messages."""
    if not isinstance(exception, str):
        return
    for line in exception.splitlines():
        if found := _FRAME.search(line) or _CLASS.match(line):
            yield found[1]
