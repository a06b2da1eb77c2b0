"""Filters of the inbox's views, as written in addresses, forms and the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.agents import Agent
from privacydesk.domain.inbox_views import InboxView, Sieve
from privacydesk.domain.intents import RequestKind
from privacydesk.errors import NotFoundError
from privacydesk.web.console.words import Words
from privacydesk.web.texts import LANGUAGE_TAGS

NOBODY: Final = "no one"
"""Stands for no holder: agents' names have no blanks."""

_HELD_BY_ONE: Final = frozenset({InboxView.MINE.value, InboxView.UNASSIGNED.value})


def sieve_of(query: Mapping[str, str], agents: Mapping[str, Agent], *, holders: bool) -> Sieve:
    """Return the filter in an address; empty values filter nothing.

    Args:
        query: of the address.
        agents: everybody by name.
        holders: whether the view is filtered by holder at all.

    Raises:
        NotFoundError: there is no such kind, language or agent.
    """
    kind, language = query.get("kind", ""), query.get("language", "")
    holder = query.get("holder", "") if holders else ""
    if (
        kind not in {"", *RequestKind}
        or language not in {"", *LANGUAGE_TAGS}
        or holder not in {"", NOBODY, *agents}
    ):
        raise NotFoundError("there is nothing to filter by like this")
    return Sieve(
        RequestKind(kind) if kind else None,
        language,
        None if not holder else "" if holder == NOBODY else holder,
    )


def by_holder(view: str) -> bool:
    """Whether a view's tickets may have different holders."""
    return view in {*InboxView} and view not in _HELD_BY_ONE


def named(sieve: Sieve) -> dict[str, str]:
    """Return a filter's non-empty values as query parameters."""
    said = {
        "kind": "" if sieve.kind is None else sieve.kind.value,
        "language": sieve.locale,
        "holder": NOBODY if sieve.holder == "" else sieve.holder or "",
    }
    return {name: value for name, value in said.items() if value}


def in_words(query: Mapping[str, str], words: Words) -> list[str]:
    """Return the filter of an address, or of an audit entry, in words."""
    said = []
    if query.get("kind"):
        said.append(words.term("kind", query["kind"]))
    if query.get("language") in LANGUAGE_TAGS:
        said.append(words.language(query["language"]))
    if query.get("holder"):
        nobody = words.sentence("web.inbox.filter_nobody")
        said.append(nobody if query["holder"] == NOBODY else words.agent(query["holder"]))
    return said


def holders_of(agents: Mapping[str, Agent]) -> list[Agent]:
    """Return who may hold tickets, with disabled agents last: they may still hold some."""
    able = (one for one in agents.values() if one.works)
    return sorted(able, key=lambda one: (not one.active, one.display_name, one.name))
