"""The reading of a message: what it asks for, as one structured value.

Everything downstream (dialogue, confirmation, ticket, staff screens, webhooks) works on this value
and never looks at the text again. What goes is ``include`` minus ``exclude``, day by day and
category by category.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct, field

from privacydesk.domain.account_terms import (
    DEVICE_PERMISSIONS,
    ConsentPurpose,
    DataCategory,
    ProfileField,
    Provider,
)
from privacydesk.domain.intents import Intent


class Modality(StrEnum):
    """Whether something that is mentioned should be done.

    ``wished``: it should, however indirectly that is put. ``conditional``: only if something holds.
    ``asked``: what would happen, or how it is done. ``reported``: it happened, or somebody else
    said so. ``denied``: it should not be done.
    """

    WISHED = "wished"
    CONDITIONAL = "conditional"
    ASKED = "asked"
    REPORTED = "reported"
    DENIED = "denied"


class Holder(StrEnum):
    """Whose account or content a request is about."""

    SELF = "self"
    CHILD = "child"
    OTHER_PERSON = "other_person"
    DECEASED = "deceased"
    ELSEWHERE = "elsewhere"


class Safety(StrEnum):
    """What needs care before anything else."""

    CHILD_IN_DANGER = "child_in_danger"
    SELF_IN_DANGER = "self_in_danger"
    ACCOUNT_TAKEN_OVER = "account_taken_over"
    THREAT = "threat"


class ReplyAct(StrEnum):
    """What a reply does in answer to a question; it may do several things.

    ``nothing``: there is nothing to add. ``unknown``: the writer doesn't know. ``again``: do it
    once more. ``keep``, ``remove``, ``only``, ``widen``: what stays, what is left out after all, a
    narrower scope, no limit. ``unclear``: the question is not understood. ``other``: somebody
    else's account is meant. ``filed``: about a request already filed.
    """

    ANSWER = "answer"
    YES = "yes"
    NO = "no"
    NOTHING = "nothing"
    UNKNOWN = "unknown"
    LATER = "later"
    NO_CODE = "no_code"
    AGAIN = "again"
    CORRECT = "correct"
    REMOVE = "remove"
    KEEP = "keep"
    ONLY = "only"
    WIDEN = "widen"
    CANCEL = "cancel"
    INSTEAD = "instead"
    BESIDES = "besides"
    ASKS = "asks"
    UNCLEAR = "unclear"
    UPSET = "upset"
    PERSON = "person"
    TOLD = "told"
    TELLS = "tells"
    OTHER = "other"
    FILED = "filed"
    CHAT = "chat"


class Question(NamedTuple):
    """The question that a message answers.

    Attributes:
        text: the question with its buttons; empty for a message that answers none.
        before: what was said or picked before; perhaps what is to be confirmed.
        subject: the beginning of a sentence that asks for what is being asked for, such as "delete
            my photos, "; a reply that only narrows it is understood behind it. Empty where a
            request has no scope.
    """

    text: str = ""
    before: str = ""
    subject: str = ""


NO_QUESTION: Final = Question()


class MentionKind(StrEnum):
    """What sort of thing a mention names."""

    CATEGORY = "category"
    PROVIDER = "provider"
    PURPOSE = "purpose"
    FIELD = "field"


ALL: Final = "all"
"""The value of a mention that names all of its kind."""

PHONE: Final = "phone"
"""The one field besides those of the profile that a correction may name: the bound number."""

MENTIONABLE: Final[Mapping[MentionKind, frozenset[str]]] = {
    MentionKind.CATEGORY: frozenset({*DataCategory, ALL}),
    MentionKind.PROVIDER: frozenset({*Provider, ALL}),
    MentionKind.PURPOSE: frozenset({*ConsentPurpose, *DEVICE_PERMISSIONS, ALL}),
    MentionKind.FIELD: frozenset({*ProfileField, PHONE}),
}
"""The values that a mention of each kind may have."""

REQUESTABLE: Final = frozenset(Intent) - {Intent.POLICY_QUESTION, Intent.SMALLTALK}
"""The intents that a request may have: greetings and policy questions are no requests."""


class Mention(Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """A thing that is named, and what narrows it.

    Attributes:
        kind: what sort of thing.
        value: one of ``MENTIONABLE``.
        since: first day in the operator's zone, inclusive; None where open. ``from`` in JSON.
        until: last day, inclusive; None where open. ``to`` in JSON.
        qualifier: the words that narrow it in another way, verbatim; empty where there is none.
    """

    kind: MentionKind
    value: str
    since: date | None = None
    until: date | None = None
    qualifier: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether only a part of the thing is meant."""
        return bool(self.since or self.until or self.qualifier)


class Request(Struct, frozen=True, omit_defaults=True):
    """One thing that is asked for or mentioned.

    Attributes:
        intent: one of ``REQUESTABLE``.
        modality: whether it should be done.
        holder: whose account or content it is about.
        sure: whether the desk may act on it without asking back.
        include: what it is about; empty where nothing is named.
        exclude: what should stay, or not be shown or touched.
        set: for corrections, field to new value; dates in ISO 8601.
        age: years, where a minor's age or the writer's own under 18 is given.
        contact: an address or number to use for the outcome; empty without one.
    """

    intent: Intent
    modality: Modality
    holder: Holder
    sure: bool
    include: tuple[Mention, ...]
    exclude: tuple[Mention, ...]
    set: Mapping[str, str] = field(default_factory=dict)
    age: int | None = None
    contact: str = ""


class Fragment(Struct, frozen=True, omit_defaults=True):
    """What is named without saying what to do with it, as in an answer to a question.

    Attributes:
        include: what is named.
        exclude: what is named and excepted.
        set: field to value, where both are given.
        age: years.
        contact: an address or number.
        limit: a mention of all there is, where only a time or another limit is named: 去年的.
    """

    include: tuple[Mention, ...] = ()
    exclude: tuple[Mention, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict)
    age: int | None = None
    contact: str = ""
    limit: Mention | None = None


class Reading(Struct, frozen=True):
    """What was said in one message.

    Attributes:
        requests: in the order in which they should be served.
        questions: what is asked of the policy or the desk, each verbatim.
        safety: what needs care first.
    """

    requests: tuple[Request, ...] = ()
    questions: tuple[str, ...] = ()
    safety: tuple[Safety, ...] = ()


class Read(Struct, frozen=True):
    """The result of reading a message.

    Attributes:
        intent: what it is mainly about.
        confidence: 0 to 1.
        alternatives: the next intents with their confidence, best first.
        reading: all that it asks for.
        fragment: what else it names.
        acts: what a guardian wants done with a child's account, each once.
        accounts: account names that are given, verbatim.
        clear: for each request of the reading, whether it is clear that it is made, even if what it
            is about is not; empty where just the sure ones are clear.
        does: its acts as a reply to the question.
        means: the line of the question with the button that it means; 0 where it means none.
    """

    intent: Intent
    confidence: float
    alternatives: tuple[tuple[Intent, float], ...]
    reading: Reading
    fragment: Fragment | None = None
    acts: tuple[Intent, ...] = ()
    accounts: tuple[str, ...] = ()
    clear: tuple[bool, ...] = ()
    does: frozenset[ReplyAct] = frozenset()
    means: int = 0
