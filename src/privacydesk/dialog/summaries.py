"""What a confirmation shows as a card: what goes, what stays or changes, and what follows.

The values are arguments of texts, which are put into words with the event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from privacydesk.dialog import entries, limits
from privacydesk.dialog.arguments import path
from privacydesk.dialog.held import count_shown, held_value
from privacydesk.dialog.naming import part_label
from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import ALL
from privacydesk.dialog.script import Script
from privacydesk.dialog.slots import values_in
from privacydesk.domain.selection import Part

Summary = Mapping[str, list[Any]]
"""``goes`` and ``stays``: things with a label and a detail; ``changes``: with label, old and new;
``notes``: sentences."""


def summary_of(script: Script, frame: Running) -> Summary | None:
    """Return what the confirmation of a form shows; None where its text alone says it."""
    build = _BUILDERS.get(frame.flow)
    return None if build is None else build(script, frame)


def _term(key: str, **args: Any) -> dict[str, Any]:
    return {"$term": key, "args": args} if args else {"$term": key}


def _things(*keys: str) -> list[dict[str, Any]]:
    return [{"label": _term(f"summary.{key}")} for key in keys]


def _explained(*keys: str) -> list[dict[str, Any]]:
    return [
        {"label": _term(f"summary.{key}"), "detail": _term(f"summary.{key}_detail")} for key in keys
    ]


def _notes(*keys: str) -> list[dict[str, Any]]:
    return [_term(f"summary.{key}") for key in keys]


def _kinds(frame: Running, parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Return kinds of data with their limits; a whole one with how much there is, if known."""
    counts = frame.slots.get("counts") or {}
    things = []
    for part in parts:
        thing: dict[str, Any] = {"label": part_label(_term(f"category.{part.value}"), part)}
        if part.is_whole and part.value in counts:
            thing["detail"] = count_shown(part.value, counts[part.value])
        things.append(thing)
    return things


def _deletion(_script: Script, frame: Running) -> Summary:
    chosen = values_in(frame.slots.get("categories")) or [ALL]
    words = limits.held(frame.slots).words
    return {
        "goes": _kinds(frame, limits.parts(frame.slots, chosen)),
        "stays": [
            *_kinds(frame, limits.staying(frame.slots, chosen)),
            *_things("account"),
            *_explained("legal", "backups"),
        ],
        "notes": [
            *_notes("deleted_is_gone"),
            *([_term("summary.as_written", words=words)] if words else []),
            *_notes("unchecked_stays"),
        ],
    }


def _closing(*notes: str) -> Callable[[Script, Running], Summary]:
    return lambda _script, _frame: {
        "goes": [*_things("account"), *_explained("account_data")],
        "stays": [*_explained("published", "legal", "backups"), *_things("responsibility")],
        "notes": _notes("closed_is_gone", *notes),
    }


def _unbinding(_script: Script, frame: Running) -> Summary:
    providers = values_in(frame.slots.get("provider"))
    others = [row for row in frame.slots.get("bindings", ()) if row["provider"] not in providers]
    return {
        "goes": [{"label": _login(str(provider))} for provider in providers],
        "stays": [
            *({"label": _login(row["provider"]), "detail": row["label_masked"]} for row in others),
            *_things("content"),
        ],
        "notes": _notes("may_bind_again"),
    }


def _login(provider: str) -> dict[str, Any]:
    return _term("summary.login", provider=_term(f"provider.{provider}"))


def _consent(script: Script, frame: Running) -> Summary:
    purposes = values_in(frame.slots.get("purpose"))
    location = path(script, "location")
    return {
        "goes": [
            {"label": _term("consent_withdrawal.all" if one == ALL else f"purpose.{one}")}
            for one in purposes
        ],
        "stays": _things("account", "done_before"),
        "notes": [
            *(_term(f"consent_withdrawal.stops_{one}", path_location=location) for one in purposes),
            *_notes("may_consent_again"),
        ],
    }


def _correction(_script: Script, frame: Running) -> Summary:
    field = frame.slots.get(entries.FIELD)
    old = held_value(frame.slots.get("profile") or (), str(field))
    new = entries.shown_value(field, frame.slots.get("new_value", ""))
    return {
        "changes": [{"label": _term(f"field.{field}"), "old": old, "new": new}],
        "notes": _notes("unchecked_stands"),
    }


_BUILDERS: Mapping[str, Callable[[Script, Running], Summary]] = {
    "deletion": _deletion,
    "deregistration": _closing("asked_once_more"),
    "confirm_closing": _closing(),
    "unbinding": _unbinding,
    "consent_withdrawal": _consent,
    "rectification": _correction,
}
