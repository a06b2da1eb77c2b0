"""The classes of the trained heads, in the order of their numbers."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from privacydesk.domain.intents import Intent
from privacydesk.domain.reading import (
    MENTIONABLE,
    REQUESTABLE,
    Holder,
    MentionKind,
    Modality,
    ReplyAct,
    Safety,
)


class Layer(StrEnum):
    """The kinds of stretches that are found in a message; those of one layer never overlap."""

    QUESTION = "question"
    MENTION = "mention"
    WHEN = "when"
    QUALIFIER = "qualifier"
    VALUE = "value"


class Role(StrEnum):
    """What a request says about a thing that it names: it goes, or it stays; perhaps both."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


CONTACT: Final = "contact"
AGE: Final = "age"
ACCOUNT: Final = "account"
"""Values besides those of profile fields; an account is given by its name."""

INTENTS: Final = (
    Intent.ACCESS, Intent.RECTIFICATION, Intent.DELETION, Intent.CONSENT_WITHDRAWAL,
    Intent.DEREGISTRATION, Intent.UNBINDING, Intent.AUTOMATED_DECISION, Intent.COMPLAINT,
    Intent.GUARDIAN, Intent.UNDERAGE_REPORT, Intent.HUMAN_AGENT, Intent.POLICY_QUESTION,
    Intent.REQUEST_STATUS, Intent.CANCEL_REQUEST, Intent.SMALLTALK, Intent.OTHER,
)  # fmt: skip
"""Those that the shipped network was trained to tell apart, in the order of its outputs. Add a new
intent at the end, together with a network that was trained with it."""
REQUEST_INTENTS: Final = tuple(one for one in INTENTS if one in REQUESTABLE)
MODALITIES: Final = tuple(Modality)
HOLDERS: Final = tuple(Holder)
ACTS: Final = (
    Intent.ACCESS, Intent.RECTIFICATION, Intent.DELETION, Intent.CONSENT_WITHDRAWAL,
    Intent.UNBINDING, Intent.DEREGISTRATION, Intent.OTHER,
)  # fmt: skip
"""What a guardian may want done with a child's account."""
SAFETIES: Final = tuple(Safety)
REPLY_ACTS: Final = tuple(ReplyAct)
ROLES: Final = tuple(Role)
VALUES: Final = (*sorted(MENTIONABLE[MentionKind.FIELD]), CONTACT, AGE, ACCOUNT)
MENTIONS: Final = tuple(
    (kind, value) for kind in MentionKind for value in sorted(MENTIONABLE[kind])
)

SLOTS: Final = (
    *((intent, again) for again in (False, True) for intent in REQUEST_INTENTS),
    (None, False),
)
"""Requests that a message may hold: a first and a second of each intent; and what is named without
saying what to do with it, as in an answer to a question."""
