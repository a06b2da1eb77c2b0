"""What a view of the inbox is filtered by, as addresses, forms and the audit have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacydesk.domain.agents import Agent
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.piles import Pile, Sieve
from privacydesk.errors import NotFoundError
from privacydesk.web.console.words import Words
from privacydesk.web.texts import LANGUAGE_TAGS

NOBODY: Final = "no one"
"""Stands for no holder: agents' names have no blanks."""

_HELD_BY_ONE: Final = frozenset({Pile.MINE.value, Pile.UNASSIGNED.value})


def sieve_of(query: Mapping[str, str], agents: Mapping[str, Agent], *, holders: bool) -> Sieve:
    """Return what an address filters by; what is empty filters nothing.

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
    """Tell whether a view's tickets are held by several."""
    return view in {*Pile} and view not in _HELD_BY_ONE


def named(sieve: Sieve) -> dict[str, str]:
    """Return what is filtered by as an address has it; the rest is left out."""
    said = {
        "kind": "" if sieve.kind is None else sieve.kind.value,
        "language": sieve.locale,
        "holder": NOBODY if sieve.holder == "" else sieve.holder or "",
    }
    return {name: value for name, value in said.items() if value}


def in_words(query: Mapping[str, str], words: Words) -> list[str]:
    """Return in words what an address, or an entry of the audit, is filtered by."""
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
    """Return who may hold tickets, those who are disabled last: theirs have to be found, too."""
    able = (one for one in agents.values() if one.works)
    return sorted(able, key=lambda one: (not one.active, one.display_name, one.name))
