"""Reading ``lexicon/*.yaml``: the words themselves, checked and frozen.

A wrong file stops the start and names the file, the place in it and the remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

from privacydesk.domain.intents import Intent
from privacydesk.errors import SettingsError

# libyaml reads the files ten times faster than the loader in Python; both are safe loaders.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

FAMILIES: Final = ("provider", "category", "purpose", "profile_field")
"""Slot types whose words are listed in ``names.yaml``."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A notion that rules are made of.

    Attributes:
        words: phrases that express it.
        negatable: whether "don't" before such a word takes it back.
    """

    words: tuple[str, ...]
    negatable: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """Concepts that together speak for an intent.

    Attributes:
        intent: what they speak for.
        every: all of these have to be there; each is a choice of concepts.
        none: none of these may be there.
        weight: how strongly; see ``intents``.
        anywhere: look at the whole message instead of one clause.
    """

    intent: Intent
    every: tuple[tuple[str, ...], ...]
    none: tuple[str, ...]
    weight: float
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All words and rules.

    Attributes:
        names: slot type to value to phrases.
        commands: command to whole messages.
        languages: locale to whole messages.
        before: what may be dropped from the start of a command.
        after: what may be dropped from its end.
        phrases: what a message says besides what it names, to the words for it.
        concepts: name to concept.
        rules: in the order of the file.
        exact: whole messages whose intent is beyond doubt.
        answers: the key of a button's label to what people say instead of tapping it.
        plain: ``yes``, ``no`` or the key of a confirmation's button to whole messages that answer.
        plain_before: what may stand before one of those.
        plain_after: what may stand after it.
    """

    names: Mapping[str, Mapping[str, tuple[str, ...]]]
    commands: Mapping[str, tuple[str, ...]]
    languages: Mapping[str, tuple[str, ...]]
    before: tuple[str, ...]
    after: tuple[str, ...]
    phrases: Mapping[str, tuple[str, ...]]
    concepts: Mapping[str, Concept]
    rules: tuple[Rule, ...]
    exact: Mapping[Intent, tuple[str, ...]]
    answers: Mapping[str, tuple[str, ...]]
    plain: Mapping[str, tuple[str, ...]]
    plain_before: tuple[str, ...]
    plain_after: tuple[str, ...]


def read_lexicon() -> Lexicon:
    """Read the shipped lexicon.

    Raises:
        SettingsError: a file is missing or says something that can't be meant.
    """
    folder = files("privacydesk.understanding") / "lexicon"
    texts = {
        name: (folder / name).read_text("utf-8")
        for name in ("names.yaml", "commands.yaml", "intents.yaml", "answers.yaml")
    }
    return lexicon_from(texts)


def lexicon_from(texts: Mapping[str, str]) -> Lexicon:
    """Read a lexicon from the texts of its four files.

    Raises:
        SettingsError: a text says something that can't be meant.
    """
    names = {
        family: {value: _words("names.yaml", f"{family}.{value}", raw) for value, raw in by.items()}
        for family, by in _read("names.yaml", texts, FAMILIES).items()
    }
    commands = _read(
        "commands.yaml", texts, ("commands", "languages", "before", "after", "phrases")
    )
    intents = _read("intents.yaml", texts, ("concepts", "rules", "exact"))
    answers = _read("answers.yaml", texts, ("answers", "plain", "plain_before", "plain_after"))
    concepts = {name: _concept(name, raw, names) for name, raw in intents["concepts"].items()}
    rules = tuple(
        _rule(intent, place, raw, concepts)
        for intent, entries in intents["rules"].items()
        for place, raw in enumerate(entries, start=1)
    )
    return Lexicon(
        names=names,
        commands=_lists("commands.yaml", "commands", commands["commands"]),
        languages=_lists("commands.yaml", "languages", commands["languages"]),
        before=_words("commands.yaml", "before", commands["before"]),
        after=_words("commands.yaml", "after", commands["after"]),
        phrases=_lists("commands.yaml", "phrases", commands["phrases"]),
        concepts=concepts,
        rules=rules,
        exact={
            _intent(f"exact.{name}", name): _words("intents.yaml", f"exact.{name}", raw)
            for name, raw in intents["exact"].items()
        },
        answers=_lists("answers.yaml", "answers", answers["answers"]),
        plain=_lists("answers.yaml", "plain", answers["plain"]),
        plain_before=_words("answers.yaml", "plain_before", answers["plain_before"]),
        plain_after=_words("answers.yaml", "plain_after", answers["plain_after"]),
    )


def _read(name: str, texts: Mapping[str, str], keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        raw = yaml.load(texts[name], Loader=_LOADER)  # noqa: S506 - both loaders are safe ones
    except yaml.YAMLError as error:
        raise SettingsError(f"lexicon {name} is no YAML: {error}", key=name) from None
    if not isinstance(raw, dict) or set(raw) != set(keys):
        raise SettingsError(f"lexicon {name} needs exactly {', '.join(keys)}", key=name)
    return raw


def _words(name: str, place: str, raw: Any) -> tuple[str, ...]:
    # YAML reads a bare yes, no or 12 as something else than a word; quoting it is the remedy.
    if not isinstance(raw, list) or not all(isinstance(one, str) and one for one in raw):
        raise SettingsError(f"lexicon {name}: {place} must be a list of words, quoted", key=place)
    return tuple(raw)


def _lists(name: str, place: str, raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {value: _words(name, f"{place}.{value}", words) for value, words in raw.items()}


def _concept(
    name: str, raw: Mapping[str, Any], names: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> Concept:
    place = f"concepts.{name}"
    if not set(raw) <= {"words", "from", "negatable"}:
        raise SettingsError(f"lexicon intents.yaml: {place} has an unknown key", key=place)
    words = list(_words("intents.yaml", place, raw.get("words", [])))
    for family in raw.get("from", ()):
        if family not in names:
            raise SettingsError(f"lexicon intents.yaml: {place} names no family", key=place)
        words.extend(word for one in names[family].values() for word in one)
    return Concept(tuple(dict.fromkeys(words)), bool(raw.get("negatable", False)))


def _rule(intent: str, place: int, raw: Mapping[str, Any], concepts: Mapping[str, Concept]) -> Rule:
    where = f"rules.{intent}.{place}"
    if not {"all", "weight"} <= set(raw) <= {"all", "none", "weight", "anywhere"}:
        raise SettingsError(f"lexicon intents.yaml: {where} needs all and weight", key=where)
    every = tuple(tuple(choice.split("|")) for choice in raw["all"])
    none = tuple(raw.get("none", ()))
    for concept in (*(one for choice in every for one in choice), *none):
        if concept not in concepts and concept not in COMPUTED:
            raise SettingsError(
                f"lexicon intents.yaml: {where} names {concept!r}, which is no concept", key=where
            )
    return Rule(
        intent=_intent(where, intent),
        every=every,
        none=none,
        weight=float(raw["weight"]),
        anywhere=bool(raw.get("anywhere", False)),
    )


COMPUTED: Final = ("young", "i_am_child", "i_am_teen", "number", "takes_back")
"""Concepts that patterns find instead of words: see ``intents``."""


def _intent(place: str, name: str) -> Intent:
    try:
        return Intent(name)
    except ValueError:
        raise SettingsError(f"lexicon intents.yaml: {place} is no intent", key=place) from None
