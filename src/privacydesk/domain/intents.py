"""Intents of messages, and the kinds of requests, which become tickets."""

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
    PORTABILITY = "portability"
    PROFILING_OBJECTION = "profiling_objection"
    AUTOMATED_DECISION = "automated_decision"
    COMPLAINT = "complaint"
    GUARDIAN = "guardian"
    UNDERAGE_REPORT = "underage_report"
    DECEASED = "deceased"


DESTRUCTIVE: Final = frozenset({RequestKind.DELETION, RequestKind.DEREGISTRATION})
"""Kinds of requests that delete data for good."""


COPIES: Final = frozenset({RequestKind.ACCESS, RequestKind.PORTABILITY})
"""Kinds of requests that hand out a copy of data."""


FOR_OTHERS: Final = frozenset({RequestKind.GUARDIAN, RequestKind.DECEASED})
"""Kinds of requests about the account of another person, a child or a deceased relative: staff find
the account, and its own sessions never see the request."""


ABOUT_OTHERS: Final = FOR_OTHERS | {RequestKind.COMPLAINT, RequestKind.UNDERAGE_REPORT}
"""Kinds of requests about what somebody else does, or about their account."""


class Intent(StrEnum):
    """The intent of a message: a kind of request, or something that never becomes a ticket."""

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
    PORTABILITY = "portability"
    DECEASED = "deceased"
    PROFILING_OBJECTION = "profiling_objection"

    @property
    def kind(self) -> RequestKind | None:
        """The request kind of the same name; None if there is none."""
        return _KINDS.get(self.value)


_KINDS = {kind.value: kind for kind in RequestKind}


ONES_OWN: Final = frozenset(
    {
        Intent.ACCESS,
        Intent.PORTABILITY,
        Intent.DELETION,
        Intent.DEREGISTRATION,
        Intent.UNBINDING,
        Intent.CONSENT_WITHDRAWAL,
        Intent.RECTIFICATION,
    }
)
"""Intents about one's own account; asked back about where only reported, or not requested."""
