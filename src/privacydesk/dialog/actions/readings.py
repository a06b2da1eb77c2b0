"""Reading the account: asking the account service, and keeping what it said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from privacydesk.dialog.act import Act
from privacydesk.dialog.actions.base import WAITS
from privacydesk.dialog.guards import account_of
from privacydesk.dialog.held import counted_rows, counts, profile_rows
from privacydesk.dialog.script import Script
from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.ages import ADULT_FROM, age_on
from privacydesk.domain.effects import CallAccount


def reading(action: AccountAction) -> Callable[[Act], str]:
    """Return an action that asks the account service to look something up."""

    def run(act: Act) -> str:
        ref = act.script.wait_for(act.frame, action.value)
        act.script.effects.append(
            CallAccount(
                action=action,
                account=account_of(act.script, act.frame),
                ref=ref,
                timeout=act.script.rules.patience,
            )
        )
        return WAITS

    return run


def profile_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Keep a profile as labelled values."""
    if outcome != "ok":
        return "not_found" if outcome == "not_found" else "unavailable"
    profile = data.get("profile", data)
    mind_birthday(act.script, profile)
    act.frame.slots["profile"] = profile_rows(profile)
    return "ok"


def age_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Note that the account's birthday was read, and mark a minor; the date is not kept."""
    if outcome != "ok":
        return "unavailable"
    mind_birthday(act.script, data.get("profile", data))
    act.frame.slots["age_read"] = "yes"
    return "ok"


def mind_birthday(script: Script, profile: Mapping[str, Any]) -> None:
    """Mark a minor by the account's birthday; a missing or invalid date marks nobody."""
    try:
        born = date.fromisoformat(str(profile.get("birthday") or ""))
    except ValueError:
        return
    if age_on(born, script.today) < ADULT_FROM:
        script.minor_hint = True


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
    act.frame.slots["summary"] = counted_rows(data, act.script.rules.zone)
    return "ok"


def counts_read(act: Act, outcome: str, data: Mapping[str, Any]) -> str:
    """Keep how much is stored of each kind of data; nothing of the data itself is kept."""
    if outcome != "ok":
        return "unavailable"
    act.frame.slots["counts"] = counts(data)
    return "ok"
