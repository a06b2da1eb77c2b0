"""What people want: request kinds become tickets, the other intents do not."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class RequestKind(StrEnum):
    """A data-subject request that becomes a ticket."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    DELETION = "deletion"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    DEREGISTRATION = "deregistration"
    UNBINDING = "unbinding"
    AUTOMATED_DECISION = "automated_decision"
    COMPLAINT = "complaint"
    GUARDIAN = "guardian"
    UNDERAGE_REPORT = "underage_report"


LOSING: Final = frozenset({RequestKind.DELETION, RequestKind.DEREGISTRATION})
"""Kinds that delete something for good."""


class Intent(StrEnum):
    """What a message asks for: the request kinds, and what never becomes a ticket of its own."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    DELETION = "deletion"
    CONSENT_WITHDRAWAL = "consent_withdrawal"
    DEREGISTRATION = "deregistration"
    UNBINDING = "unbinding"
    AUTOMATED_DECISION = "automated_decision"
    COMPLAINT = "complaint"
    GUARDIAN = "guardian"
    UNDERAGE_REPORT = "underage_report"
    HUMAN_AGENT = "human_agent"
    POLICY_QUESTION = "policy_question"
    REQUEST_STATUS = "request_status"
    CANCEL_REQUEST = "cancel_request"
    SMALLTALK = "smalltalk"
    OTHER = "other"

    @property
    def kind(self) -> RequestKind | None:
        """Return the request kind of the same name, if there is one."""
        return _KINDS.get(self.value)


_KINDS = {kind.value: kind for kind in RequestKind}
