"""What a desk may be started without, though its users would be better served with it.

``serve`` logs these warnings at its start, and ``doctor`` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from privacydesk import sandbox
from privacydesk.policy.clauses import CLAUSE_NAMES, ClauseMap
from privacydesk.policy.tree import PolicyVersion
from privacydesk.profile import OperatorProfile
from privacydesk.settings import Settings, unknown_variables

_REMEDIES: Final = {
    "complaint": "where they can complain to the operator",
    "arbitration": "where disputes are arbitrated and by which rules; write null if that is not"
    " agreed",
    "lawsuit": "that they may sue (Personal Information Protection Law, article 50)",
}
"""What a refusal has to say, by the key of the operator profile."""
_MAILBOXES: Final = {
    "policy": "people who ask how to write to the operator",
    "children": "guardians who ask how to write about a child",
}
"""Who is told an address, by its name in the operator profile."""


@dataclass(frozen=True, slots=True)
class StartWarning:
    """Something missing or unusual.

    Attributes:
        check: what ``doctor`` lists it under.
        event: the name of its log event.
        hint: what it means and what to do.
        fields: further fields of the log event: names, never values of settings.
        subject: what the hint is about, where only the fields say so.
    """

    check: str
    event: str
    hint: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""

    @property
    def sentence(self) -> str:
        """The warning in one sentence."""
        return f"{self.subject}: {self.hint}" if self.subject else self.hint


def setting_warnings(settings: Settings) -> Iterator[StartWarning]:
    """Yield warnings about the settings and this machine."""
    if not settings.app_token_keys:
        yield StartWarning(
            "settings",
            "no_app_token_keys",
            "nobody can log in, every visitor is anonymous: put the public keys of the app's"
            " backend into PRIVACYDESK_APP_TOKEN_KEYS",
        )
    for name in unknown_variables():
        yield StartWarning(
            "settings",
            "unknown_variable",
            "no setting is called that; look at its spelling, or remove it",
            {"name": name},
            name,
        )
    if missing_features := sandbox.missing():
        yield StartWarning(
            "confinement",
            "confinement_missing",
            "this kernel can't keep processes that parse strangers' input away from files and the"
            " network; protect the database and the keys from this user otherwise",
            {"lacks": list(missing_features)},
            " and ".join(missing_features),
        )


def profile_warnings(settings: Settings, profile: OperatorProfile) -> Iterator[StartWarning]:
    """Yield warnings about what the operator profile lacks or allows."""
    if not profile.policy:
        yield StartWarning(
            "profile",
            "no_policy",
            "no policy is named: import one and name it as `policy` in the operator profile; until"
            " then articles are cited by number alone",
        )
    if missing_paths := sorted(profile.missing_paths()):
        yield StartWarning(
            "profile",
            "no_paths",
            "name these paths in the operator profile as the app's screens do, in each language;"
            " until then users get general directions",
            {"paths": missing_paths},
            ", ".join(missing_paths),
        )
    if missing_clauses := sorted(CLAUSE_NAMES.keys() - profile.clauses.keys()):
        yield StartWarning(
            "profile",
            "no_clauses",
            "map these clauses to articles of the policy, as `clauses` in the operator profile;"
            " until then the desk can't cite them",
            {"clauses": missing_clauses},
            ", ".join(missing_clauses),
        )
    for name, who in _MAILBOXES.items():
        if not profile.mailboxes.get(name):
            yield StartWarning(
                "profile",
                "no_mailbox",
                f"name an address as `mailboxes.{name}` in the operator profile; until then {who}"
                " are told none",
                {"name": name},
            )
    for key, locales in profile.missing_remedies().items():
        yield StartWarning(
            "profile",
            f"no_{key}",
            f"name it as `{key}` in the operator profile: people whose request is refused have to"
            f" be told {_REMEDIES[key]}",
            {"locales": list(locales)},
            f"{key} ({', '.join(locales)})",
        )
    if missing_helplines := profile.missing_helplines():
        yield StartWarning(
            "profile",
            "no_helplines",
            "name them in the operator profile; until then people in danger are told to call the"
            " police, without a number",
            {"locales": list(missing_helplines)},
            f"helplines ({', '.join(missing_helplines)})",
        )
    if settings.ticketing_system and profile.ticketing.map().shares_personal:
        facts = sorted(name for name, fact in profile.ticketing.fields.items() if fact.is_personal)
        texts = [text.value for text in profile.ticketing.texts]
        yield StartWarning(
            "profile",
            "ticketing_shares",
            "the operator profile allows sending these personal data to the ticketing system; see"
            " that this is meant",
            {"fields": facts, "texts": texts},
            ", ".join([*facts, *texts]),
        )


def policy_warnings(
    name: str, clauses: ClauseMap, version: PolicyVersion | None
) -> Iterator[StartWarning]:
    """Yield warnings about the version of the policy in force.

    Args:
        name: the policy's name in the profile; empty for none.
        clauses: the clauses that the profile maps.
        version: the version in force; None if none was imported.
    """
    if name and version is None:
        yield StartWarning(
            "policy",
            "policy_not_imported",
            f"run `privacydesk policy import FILE --name {name}`; until then articles are cited by"
            " number alone",
            {"name": name},
            f"the policy {name!r} is not imported",
        )
    if version is None:
        return
    for clause, near in clauses.missing(version).items():
        alike = f" (similar: {', '.join(near)})" if near else ""
        yield StartWarning(
            "policy",
            "clause_not_in_policy",
            f"the imported policy lacks the anchor of this clause{alike}: correct it in the"
            " operator profile; until then the article is cited by number alone",
            {"clause": clause, "near": list(near)},
            clause,
        )
