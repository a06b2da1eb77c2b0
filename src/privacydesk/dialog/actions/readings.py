"""Reading the account: asking the account service, and keeping what it said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from privacydesk.dialog.actions.base import WAITS, Act
from privacydesk.dialog.guards import account_of
from privacydesk.domain.account import AccountAction
from privacydesk.domain.effects import (
    CallAccount,
)


def reading(action: AccountAction) -> Callable[[Act], str]:
    """Return an action that asks the account service to look something up."""

    def run(act: Act) -> str:
        ref = act.script.wait_for(act.frame, action.value)
        act.script.effects.append(
            CallAccount(
                action=action,
                account=account_of(act.script, act.frame),
                ref=ref,
                patience=act.script.rules.patience,
            )
        )
        return WAITS

    return run


def _rows_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Word a profile as labelled values; what is empty is left out."""
    rows: list[dict[str, Any]] = []
    for field in ("nickname", "gender", "birthday", "signature", "tags", "interests"):
        value = data.get(field)
        if value in (None, "", [], ()):
            continue
        if field == "birthday":
            shown: Any = {"$date": value, "year": True}
        elif field == "gender":
            shown = {"$term": f"gender.{value}"}
        elif isinstance(value, (list, tuple)):
            shown = {"$texts": list(value)}
        else:
            shown = str(value)
        rows.append({"label": {"$term": f"field.{field}"}, "value": shown})
    for field, label in (
        ("phone_masked", "provider.phone"),
        ("real_name_masked", "field.real_name"),
    ):
        if data.get(field):
            rows.append({"label": {"$term": label}, "value": str(data[field])})
    return rows


def profile_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Keep a profile as labelled values."""
    if outcome != "ok":
        return "not_found" if outcome == "not_found" else "unavailable"
    act.frame.slots["profile"] = _rows_of(data.get("profile", data))
    return "ok"


def bindings_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Keep the ways to log in."""
    if outcome != "ok":
        return "unavailable"
    act.frame.slots["bindings"] = [
        {"provider": row["provider"], "label_masked": row.get("label_masked", "")}
        for row in data.get("bindings", ())
    ]
    return "ok" if act.frame.slots["bindings"] else "none"


def decisions_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Keep the automated decisions."""
    if outcome != "ok":
        return "unavailable"
    act.frame.slots["decisions"] = [
        {"id": row["id"], "what": row["what"], "made_at": row["made_at"]}
        for row in data.get("decisions", ())
    ]
    return "ok" if act.frame.slots["decisions"] else "none"


def export_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Keep a summary of what is stored."""
    if outcome != "ok":
        return "not_found" if outcome == "not_found" else "unavailable"
    act.frame.slots["summary"] = summary_rows(data)
    return "ok"


def summary_rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Word what is stored as labelled counts, from an export's ``summary``."""
    summary = data.get("summary", {})
    pairs = (
        summary.items()
        if isinstance(summary, Mapping)
        else ((row.get("category"), row.get("count")) for row in summary)
    )
    return [
        {"label": {"$term": f"category.{name}"}, "value": {"$number": count}}
        for name, count in pairs
        if isinstance(count, int) and count
    ]
