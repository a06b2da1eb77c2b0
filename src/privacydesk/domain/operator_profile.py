"""What is said about an operator profile: its faults, what it lacks, and what a version changes."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct


class ProfileFault(Struct, frozen=True):
    """A fault for which a profile is refused.

    Attributes:
        key: the key, such as ``codes.entries``; empty for the profile as a whole.
        what: the fault in English, without the value.
        line: the line in the file, from 1; 0 if it is not known.
    """

    key: str
    what: str
    line: int = 0

    def __str__(self) -> str:
        """Return the place and the fault."""
        where = (f"line {self.line}" if self.line else "", self.key)
        return f"{', '.join(part for part in where if part) or 'the file'}: {self.what}"


class GapKind(StrEnum):
    """What a profile lacks though the desk needs it; ``serve`` warns of it under this name."""

    POLICY = "no_policy"
    CLAUSES = "no_clauses"
    """Clauses that dialogs cite."""
    PATHS = "no_paths"
    """Places in the app, in some language."""
    MAILBOXES = "no_mailbox"
    """Addresses that dialogs show."""
    COMPLAINT = "no_complaint"
    ARBITRATION = "no_arbitration"
    LAWSUIT = "no_lawsuit"
    HELPLINES = "no_helplines"


class ProfileGap(Struct, frozen=True):
    """Something that a profile lacks; the desk goes on without it.

    Attributes:
        kind: what is missing.
        missing: the names of clauses, paths or mailboxes, or the languages that lack it.
    """

    kind: GapKind
    missing: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """What to do, and what holds until then, in English."""
        return _HINTS[self.kind]

    @property
    def fields(self) -> dict[str, list[str]]:
        """What is missing, as a field of the log's event."""
        listed = _LISTS.get(self.kind, "locales")
        return {listed: list(self.missing)} if self.missing else {}

    @property
    def subject(self) -> str:
        """What is missing, in words; empty where the hint says it."""
        names = ", ".join(self.missing)
        key = self.kind.value.removeprefix("no_")
        return f"{key} ({names})" if self.missing and self.kind not in _LISTS else names

    @property
    def has_languages(self) -> bool:
        """Whether ``missing`` has languages rather than names."""
        return bool(self.missing) and self.kind not in _LISTS


_LISTS: Final = {
    GapKind.CLAUSES: "clauses",
    GapKind.PATHS: "paths",
    GapKind.MAILBOXES: "mailboxes",
}
"""The gaps in lists of names, with the key of the list."""
_REMEDY: Final = (
    "name it as `{key}` in the operator profile: people whose request is refused have to be told"
    " {what}"
)
_HINTS: Final = {
    GapKind.POLICY: "no policy is named: import one and name it as `policy` in the operator"
    " profile; until then articles are cited by number alone",
    GapKind.CLAUSES: "name them as `clauses` in the operator profile; until then sentences that"
    " cite them refer to the privacy policy as a whole",
    GapKind.PATHS: "name them in the operator profile as the app's screens do, in each language;"
    " until then users get general directions",
    GapKind.MAILBOXES: "name these addresses as `mailboxes` in the operator profile; until then"
    " people who ask where to write are told none",
    GapKind.COMPLAINT: _REMEDY.format(
        key="complaint", what="where they can complain to the operator"
    ),
    GapKind.ARBITRATION: _REMEDY.format(
        key="arbitration",
        what="where disputes are arbitrated and by which rules; write null if that is not agreed",
    ),
    GapKind.LAWSUIT: _REMEDY.format(
        key="lawsuit",
        what="that they may sue (Personal Information Protection Law, article 50)",
    ),
    GapKind.HELPLINES: "name them in the operator profile; until then people in danger are told to"
    " call the police, without a number",
}


class ProfileChange(Struct, frozen=True):
    """A value that differs between two versions of a profile.

    Attributes:
        path: the keys that lead to it, the first one a key of the profile itself.
        before: the value before, in words; empty if there was none, None for null and for an empty
            list.
        after: the value after, likewise.
    """

    path: tuple[str, ...]
    before: str | None
    after: str | None


SECTIONS: Final = {
    "names": ("app", "app_names", "desk_names", "brand"),
    "contacts": (
        "mailboxes", "helplines", "remedies", "complaint", "arbitration", "lawsuit",
    ),
    "policy": ("policy", "clauses", "paths"),
    "schedule": (
        "zone", "calendar", "settled_until", "staffed", "regimes", "internal_days", "closing_days",
        "waits_for_verification_days", "objection_days", "retention_days", "package_days",
        "fresh_minutes", "unbinding_window_minutes",
    ),
    "scopes": ("teams", "second_eyes", "closing_faces"),
    "limits": ("codes", "filing", "queue"),
    "links": ("notices", "ticketing"),
}  # fmt: skip
"""The keys of a profile, in the sections in which they are shown."""

KEYS: Final = tuple(key for keys in SECTIONS.values() for key in keys)
