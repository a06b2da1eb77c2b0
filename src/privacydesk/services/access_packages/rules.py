"""Reading the masking rules, which are data: ``rules.yaml`` beside this module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from msgspec import Struct

from privacydesk.domain.account_terms import DataCategory
from privacydesk.services.access_packages.spelled import Cues, read_cues


class Rules(Struct, frozen=True):
    """What is left out of a package, and what is masked in it.

    Attributes:
        secret_fields: names of fields that are left out, as ``plain_name`` spells them.
        secret_endings: how the names of other such fields end.
        secrets: match what is removed from any text.
        own_categories: those about the subject alone.
        own_names: fields there that hold the subject's names.
        people_fields: fields elsewhere that name people.
        telling_fields: fields nested in such a field that identify the person.
        written_categories: those whose texts may name people.
        mention: matches a mention in a text; its group is the name.
        contacts: match contacts; a pattern's group, if any, is the contact.
        cues: announce contacts in odd spellings.
        phone_regions: assumed for phone numbers without a country code.
    """

    secret_fields: frozenset[str]
    secret_endings: tuple[str, ...]
    secrets: tuple[re.Pattern[str], ...]
    own_categories: frozenset[DataCategory]
    own_names: frozenset[str]
    people_fields: frozenset[str]
    telling_fields: frozenset[str]
    written_categories: frozenset[DataCategory]
    mention: re.Pattern[str]
    contacts: tuple[re.Pattern[str], ...]
    cues: Cues
    phone_regions: tuple[str, ...]

    def is_secret(self, field: str) -> bool:
        """Tell whether a field is left out because of its name."""
        name = plain_name(field)
        return name in self.secret_fields or name.endswith(self.secret_endings)

    def names_people(self, field: str) -> bool:
        """Tell whether a field's name marks it as naming people."""
        return plain_name(field) in self.people_fields

    def tells_whom(self, field: str) -> bool:
        """Tell whether a field nested in one that names a person identifies the person."""
        return plain_name(field) in self.telling_fields or self.names_people(field)


def plain_name(field: str) -> str:
    """Return a field's name without case, blanks, underscores and hyphens."""
    return re.sub(r"[\s_-]", "", field).casefold()


@cache
def shipped_rules() -> Rules:
    """Return the rules that ship with the desk."""
    text = (files(__package__) / "rules.yaml").read_text("utf-8")
    return _read(yaml.safe_load(text))


def _read(raw: Mapping[str, Any]) -> Rules:
    credentials, others = raw["credentials"], raw["others"]
    return Rules(
        secret_fields=_names(credentials["fields"]),
        secret_endings=tuple(sorted(_names(credentials["endings"]))),
        secrets=_patterns(credentials["patterns"]),
        own_categories=frozenset(DataCategory(one) for one in others["own_categories"]),
        own_names=_names(others["own_names"]),
        people_fields=_names(others["fields"]),
        telling_fields=_names(others["telling_fields"]),
        written_categories=frozenset(DataCategory(one) for one in others["written_categories"]),
        mention=re.compile(others["mention"]),
        contacts=_patterns(others["contacts"]),
        cues=read_cues(others["cues"]),
        phone_regions=tuple(others["phone_regions"]),
    )


def _names(raw: Iterable[str]) -> frozenset[str]:
    return frozenset(plain_name(one) for one in raw)


def _patterns(raw: Mapping[str, str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(one) for one in raw.values())
