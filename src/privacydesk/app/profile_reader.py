"""Reading of profiles for the services, which don't know how a profile is validated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from privacydesk.errors import SettingsError
from privacydesk.profile import (
    OperatorProfile,
    dump_profile,
    load_profile,
    parse_profile,
    parse_text,
    profile_yaml,
)
from privacydesk.services.profiles import InvalidProfileError, ProfileContent


class OperatorProfileReader:
    """Implements ``services.profiles.ProfileReader``.

    Args:
        cited: names of the clauses that dialogs cite.
    """

    def __init__(self, cited: Collection[str]) -> None:
        self._cited = cited

    def parse(self, text: str) -> ProfileContent:
        """Return a profile in YAML."""
        return self._content(lambda: parse_text(text, "the profile"))

    def validate(self, values: Mapping[str, Any]) -> ProfileContent:
        """Return a profile given by its keys."""
        return self._content(lambda: parse_profile(values, "the profile"))

    def load(self, body: str) -> ProfileContent:
        """Return a stored profile."""
        return self._content(lambda: load_profile(body, "the profile"))

    def yaml(self, body: str) -> str:
        """Return a stored profile in YAML."""
        return profile_yaml(body)

    def _content(self, read: Callable[[], OperatorProfile]) -> ProfileContent:
        try:
            profile = read()
        except SettingsError as error:
            raise InvalidProfileError(error.message, error.data.get("faults", ())) from None
        return ProfileContent(
            dump_profile(profile),
            profile.model_dump(mode="json"),
            profile.gaps(self._cited),
        )
