"""The operator's imported policy, and what is cited of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from privacydesk.calling import as_called
from privacydesk.policy.clauses import ClauseMap, cite
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.profile import OperatorProfile

_log = structlog.get_logger(__name__)


def read_policy(profile: OperatorProfile, data_dir: Path) -> PolicyVersion | None:
    """Return the imported policy that the profile names; None, with a warning, without one."""
    if not profile.policy:
        return None
    version = FilePolicyLibrary(data_dir).latest(profile.policy)
    if version is None:
        _log.warning(
            "policy_not_imported",
            name=profile.policy,
            hint=as_called(
                f"run `privacydesk policy import FILE --name {profile.policy}` and start again;"
                " until then articles are cited by number alone"
            ),
        )
        return None
    for name, near in profile.clause_map().missing(version).items():
        _log.warning("clause_not_in_policy", clause=name, near=list(near))
    return version


def citer(clauses: ClauseMap, version: PolicyVersion | None) -> Callable[[str], Mapping[str, str]]:
    """Return what tells a clause by its name: the document and the article, as they are cited."""

    def citation(name: str) -> Mapping[str, str]:
        found = cite(clauses, version, name)
        return {"document": found.document, "article": found.reference}

    return citation
