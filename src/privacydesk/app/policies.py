"""The operator's imported policy: which version is in force, and what is cited of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from privacydesk.calling import as_called
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.policy.clauses import cite
from privacydesk.policy.library import FilePolicyLibrary, Sighting
from privacydesk.policy.tree import PolicyVersion
from privacydesk.ports import Understanding
from privacydesk.profile import OperatorProfile

_log = structlog.get_logger(__name__)


class PolicyInForce:
    """The version of the policy that is cited, and that questions are answered from.

    At first it is the newest that was imported. ``look``, which a serving process calls
    repeatedly, switches to a newer one. Without a version, and for a clause that it lacks, articles
    are cited by number alone, and a warning says so when it comes into force.

    Args:
        profile: names the policy, and says where its clauses stand.
        data_dir: where imported policies are kept.
        understanding: answers questions.

    Raises:
        DeskError: POLICY_UNREADABLE when the files of the newest are damaged.
    """

    def __init__(
        self, profile: OperatorProfile, data_dir: Path, understanding: Understanding
    ) -> None:
        self.name = profile.policy
        self._clauses = profile.clause_map()
        self._library = FilePolicyLibrary(data_dir)
        self._understanding = understanding
        self._seen: Sighting | None = None
        # Unknown: ``understanding`` read the newest at another moment than this.
        self._settled = ""
        self._version = self._library.latest(self.name) if self.name else None
        if self.name and self._version is None:
            _log.warning(
                "policy_not_imported",
                name=self.name,
                hint=as_called(
                    f"run `privacydesk policy import FILE --name {self.name}`;"
                    " until then articles are cited by number alone"
                ),
            )
        self._warn(self._missing(self._version))

    @property
    def version(self) -> PolicyVersion | None:
        """The version in force; None where none was imported."""
        return self._version

    def citation(self, clause: str) -> Mapping[str, str]:
        """Return the document and article of a named clause, as they are cited."""
        found = cite(self._clauses, self._version, clause)
        return {"document": found.document, "article": found.reference}

    def is_answered_from(self, digest: str) -> bool:
        """Return whether questions are answered from the version that is cited."""
        return self._version is None or self._version.digest == digest

    async def look(self) -> None:
        """Switch to the newest version if it is another one.

        One that changed since the last look is still being prepared by its import, or by another
        process, and need not be prepared twice. One that can't be used is logged once.
        """
        seen = await asyncio.to_thread(self._library.sight, self.name)
        stands, self._seen = seen == self._seen, seen
        if seen is None or not stands or seen.folder == self._settled:
            return
        try:
            version, missing = await asyncio.to_thread(self._read)
            if version is not None:
                await self._understanding.go_by(self.name, version.digest)
        except UnavailableError as error:
            _log.info("policy_not_taken_yet", name=self.name, why=error.message)
            return
        except DeskError as error:
            self._settled = seen.folder
            _log.error(
                "policy_not_taken",
                name=self.name,
                folder=seen.folder,
                why=error.message,
                hint="the desk goes on with the version before",
            )
            return
        self._settled = seen.folder
        if version is not None and version != self._version:
            self._version = version
            _log.info("policy_taken", name=self.name, folder=seen.folder)
            self._warn(missing)

    def _read(self) -> tuple[PolicyVersion | None, Mapping[str, tuple[str, ...]]]:
        version = self._library.latest(self.name)
        return version, self._missing(version)

    def _missing(self, version: PolicyVersion | None) -> Mapping[str, tuple[str, ...]]:
        return self._clauses.missing(version) if version is not None else {}

    def _warn(self, missing: Mapping[str, tuple[str, ...]]) -> None:
        for clause, near in missing.items():
            _log.warning("clause_not_in_policy", clause=clause, near=list(near))
