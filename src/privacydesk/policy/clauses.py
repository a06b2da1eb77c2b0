"""The policy clauses that the desk cites, by name; the operator profile maps names to passages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privacydesk.errors import NotFoundError
from privacydesk.policy.anchors import Citation, citation_of, near_anchors
from privacydesk.policy.tree import PolicyVersion

CLAUSE_NAMES: Mapping[str, str] = {
    "automated_decision": "the right to have an automated decision explained",
    "backups": "how deleted data may stay in backups",
    "children_access": "a guardian's access to a child's data",
    "children_correct": "a guardian's correction of a child's data",
    "children_delete": "a guardian's deletion of a child's data",
    "children_guardian": "how a guardian is verified, and may be given the account",
    "closing": "closing an account",
    "complaint": "complaints and reports",
    "contact": "how to reach the operator, and the time promised for a reply",
    "desk_records": "that talks with the desk are kept, and identity is asked for",
    "device_permissions": "which device permissions the app asks for",
    "minors": "how the operator treats minors",
    "no_proof_no_response": "that an unproven identity gets no response",
    "refusal_grounds": "the grounds for not responding to a request",
    "self_service_profile": "what a user can see and change without the desk",
    "unbinding": "unbinding a third party's account",
    "withdrawal": "withdrawing consent, and that it isn't retroactive",
}
"""The name and subject of each clause that the desk cites. A profile maps them to its policy."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The position of a clause in the operator's policy.

    Attributes:
        article: the number to cite if no policy is imported, such as 第七条（六）.
        anchor: the anchor of the passage to quote; None to cite the number only.
    """

    article: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class ClauseMap:
    """The operator's clauses by name. Names beyond `CLAUSE_NAMES` are the operator's own."""

    clauses: Mapping[str, Clause]

    def missing(self, version: PolicyVersion) -> dict[str, tuple[str, ...]]:
        """Return the names of clauses whose anchors the version lacks, each with similar anchors.

        For warnings at import and at start-up; such clauses are cited by number.
        """
        anchors = {passage.anchor for passage in version.passages()}
        return {
            name: near_anchors(version, clause.anchor)
            for name, clause in self.clauses.items()
            if clause.anchor is not None and clause.anchor not in anchors
        }


def cite(
    clauses: ClauseMap, version: PolicyVersion | None, name: str, item: int | None = None
) -> Citation:
    """Return the citation of a clause: its passage if it was imported, else its number only.

    With ``item``, it is that of an item of the clause's list, or of the clause if the version has
    no such item.

    A mistake in the profile must not break a dialog. If the version lacks the passage, the number
    is cited, too; `ClauseMap.missing` reports it to the operator. If the profile lacks the clause,
    the citation is empty, which stands for the policy as a whole; `OperatorProfile.gaps` reports
    it.
    """
    clause = clauses.clauses.get(name)
    if clause is None:
        return Citation(reference="")
    number_only = Citation(reference=clause.article + (f"{item}." if item else ""))
    if version is None or clause.anchor is None:
        return number_only
    try:
        whole = citation_of(version, clause.anchor)
    except NotFoundError:
        return number_only
    if item is None:
        return whole
    try:
        return citation_of(version, f"{clause.anchor}.item{item}")
    except NotFoundError:
        return whole
