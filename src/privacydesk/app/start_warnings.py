"""What a desk may be started without, though its users would be better served with it.

``serve`` logs these warnings at its start, and ``doctor`` lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from privacydesk import sandbox
from privacydesk.domain.operator_profile import ProfileGap
from privacydesk.policy.clauses import ClauseMap
from privacydesk.policy.tree import PolicyVersion
from privacydesk.profile import OperatorProfile
from privacydesk.settings import Settings, unknown_variables

_USUAL_PORTS: Final = {"http": 80, "https": 443}
_UNQUOTED: Final = frozenset({"self", "none"})
_NO_SOURCE: Final = frozenset(";,'\"")


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
    if not settings.recent_minutes:
        yield StartWarning(
            "settings",
            "no_recent_authentication",
            "staff get files and exports without authenticating again, and so does anybody at their"
            " browser: set PRIVACYDESK_RECENT_MINUTES",
        )
    for name, origin in _origins(settings):
        if not _is_origin(origin):
            yield StartWarning(
                "settings",
                "not_an_origin",
                f"{origin!r} is no origin as browsers write one, so it admits no page: name scheme,"
                " host, and an unusual port, such as https://app.example.com",
                {"name": name},
                name,
            )
    for source in settings.frame_ancestors.split():
        if source in _UNQUOTED or _NO_SOURCE.intersection(source.strip("'")):
            yield StartWarning(
                "settings",
                "not_a_source",
                f"`{source}` admits no page: write origins, and 'self' with its quotes, with spaces"
                " between them",
                {"name": "PRIVACYDESK_FRAME_ANCESTORS"},
                "PRIVACYDESK_FRAME_ANCESTORS",
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


def _origins(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield each origin in the settings, after the name of its setting."""
    yield from (("PRIVACYDESK_CORS_ORIGINS", one) for one in settings.cors_origins)
    yield from (("PRIVACYDESK_SOCKET_ORIGINS", one) for one in settings.socket_origins)
    if settings.host_origin:
        yield "PRIVACYDESK_HOST_ORIGIN", settings.host_origin


def _is_origin(text: str) -> bool:
    """Return whether a browser may send this as ``Origin``; of an app's own scheme, too."""
    if text == "null":
        return True
    try:
        parts = urlsplit(text)
        usual = parts.port == _USUAL_PORTS.get(parts.scheme, -1)
    except ValueError:
        return False
    return text == f"{parts.scheme}://{parts.netloc}".lower() and "@" not in text and not usual


def profile_warnings(
    settings: Settings, profile: OperatorProfile, gaps: Iterable[ProfileGap]
) -> Iterator[StartWarning]:
    """Yield warnings about what the operator profile lacks or allows.

    Args:
        settings: the settings.
        profile: the profile.
        gaps: what it lacks, as it tells itself.
    """
    for gap in gaps:
        yield StartWarning("profile", gap.kind.value, gap.hint, gap.fields, gap.subject)
    if settings.ticketing_system and profile.ticketing.map(profile.zone).shares_personal:
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
