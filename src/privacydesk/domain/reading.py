"""The reading of a message: its requests and questions as one structured value.

Everything downstream (dialogue, confirmation, ticket, staff screens, webhooks) uses this value
instead of the text. A request covers ``include`` minus ``exclude``, by category and day.
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
    """Whether the writer requests an action that the message mentions.

    ``wished``: it is requested, directly or indirectly. ``conditional``: only under a condition.
    ``asked``: the writer asks how it works or what would happen. ``reported``: it has happened, or
    somebody else said so. ``denied``: it should not be done.
    """

    WISHED = "wished"
    CONDITIONAL = "conditional"
    ASKED = "asked"
    REPORTED = "reported"
    DENIED = "denied"


class Holder(StrEnum):
    """The person whose account or content a request is about."""

    SELF = "self"
    CHILD = "child"
    OTHER_PERSON = "other_person"
    DECEASED = "deceased"
    ELSEWHERE = "elsewhere"


class Safety(StrEnum):
    """A safety concern, which is handled before any request."""

    CHILD_IN_DANGER = "child_in_danger"
    SELF_IN_DANGER = "self_in_danger"
    ACCOUNT_TAKEN_OVER = "account_taken_over"
    THREAT = "threat"


class ReplyAct(StrEnum):
    """The act of a reply to a question; a reply may have several acts.

    ``nothing``: there is nothing to add. ``unknown``: the writer doesn't know. ``again``: repeat
    the last step. ``keep``, ``remove``, ``only``, ``widen``: change the scope: keep something,
    leave something out, narrow it, drop the limits. ``unclear``: the writer does not understand the
    question. ``other``: it is about somebody else's account. ``filed``: it is about a filed ticket.
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


class Speaker(StrEnum):
    """What the writer of a message says of themselves.

    ``age``: their own age, or when they were born. ``child``, ``teen``: without one, that they are
    under 14, or under 18. ``not_theirs``: the account is somebody else's. ``bereaved``: its owner
    has died. ``defrauded``: somebody in the app cheated them, or blackmails them.
    """

    AGE = "age"
    CHILD = "child"
    TEEN = "teen"
    NOT_THEIRS = "not_theirs"
    BEREAVED = "bereaved"
    DEFRAUDED = "defrauded"


class Remark(StrEnum):
    """What a message says about requests that were filed.

    ``status``: it asks where one stands. ``reasons``: why it was refused. ``discreet``: somebody
    should not be told of it. ``objects``: somebody else requested something for the writer's
    account, which they don't want. ``nothing``: nothing should be done at all.
    """

    STATUS = "status"
    REASONS = "reasons"
    DISCREET = "discreet"
    OBJECTS = "objects"
    NOTHING = "nothing"


class Question(NamedTuple):
    """The open question that a message replies to.

    Attributes:
        text: the question with its buttons; empty if no question is open.
        before: the earlier answers, which a confirmation may be about.
        subject: the beginning of a sentence that makes the current request, such as "delete my
            photos, ". A reply that only narrows the scope is parsed with it as a prefix. Empty for
            requests without a scope.
        terms_only: whether ``before`` consists of the desk's own terms, so that what the network
            makes of it may be kept.
    """

    text: str = ""
    before: str = ""
    subject: str = ""
    terms_only: bool = False


NO_QUESTION: Final = Question()


class MentionKind(StrEnum):
    """The kind of thing that a mention names."""

    CATEGORY = "category"
    PROVIDER = "provider"
    PURPOSE = "purpose"
    FIELD = "field"


ALL: Final = "all"
"""The value of a mention that names all things of its kind."""

PHONE: Final = "phone"
"""The bound phone number, the only field outside the profile that can be corrected."""

MENTIONABLE: Final[Mapping[MentionKind, frozenset[str]]] = {
    MentionKind.CATEGORY: frozenset({*DataCategory, ALL}),
    MentionKind.PROVIDER: frozenset({*Provider, ALL}),
    MentionKind.PURPOSE: frozenset({*ConsentPurpose, *DEVICE_PERMISSIONS, ALL}),
    MentionKind.FIELD: frozenset({*ProfileField, PHONE}),
}
"""The permitted values of mentions, by kind."""

REQUESTABLE: Final = frozenset(Intent) - {Intent.POLICY_QUESTION, Intent.SMALLTALK}
"""The intents of requests; small talk and policy questions are not requests."""


class Mention(Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """A mention of data, a provider, a purpose or a field, with its limits.

    Attributes:
        kind: the kind of thing.
        value: one of the values in ``MENTIONABLE``.
        since: first day in the operator's zone, inclusive; None if open. ``from`` in JSON.
        until: last day, inclusive; None if open. ``to`` in JSON.
        qualifier: words that limit it in another way, verbatim; empty for none.
    """

    kind: MentionKind
    value: str
    since: date | None = None
    until: date | None = None
    qualifier: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it has limits."""
        return bool(self.since or self.until or self.qualifier)


class Request(Struct, frozen=True, omit_defaults=True):
    """One action that a message requests or mentions.

    Attributes:
        intent: one of ``REQUESTABLE``.
        modality: whether the writer requests it.
        holder: the person whose account or content it is about.
        sure: whether the desk may act on it without asking for confirmation.
        include: what it is about; empty if nothing is named.
        exclude: what is excepted: to be kept, or not to be shown.
        set: for corrections, the new values by field; dates in ISO 8601.
        age: age in years, if the message states a minor's age or the writer's own under 18.
        contact: address or number for the outcome; empty for none.
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
    """Values in a message that names no action, such as an answer to a question.

    Attributes:
        include: mentions.
        exclude: excepted mentions.
        set: values by field, if both are given.
        age: age in years.
        contact: an address or number.
        limit: a limit without a thing, as a mention of ``all``: 去年的.
    """

    include: tuple[Mention, ...] = ()
    exclude: tuple[Mention, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict)
    age: int | None = None
    contact: str = ""
    limit: Mention | None = None


class Reading(Struct, frozen=True):
    """The requests, questions and safety concerns of one message.

    Attributes:
        requests: the requests, in the order in which they should be handled.
        questions: questions about the policy or to the desk, verbatim.
        safety: safety concerns, which are handled first.
    """

    requests: tuple[Request, ...] = ()
    questions: tuple[str, ...] = ()
    safety: tuple[Safety, ...] = ()


class ReadMessage(Struct, frozen=True):
    """What ``privacydesk understand`` prints of a message, beside its ``id`` if it has one.

    Attributes:
        intent: the main intent.
        confidence: 0 to 1.
        language: the message's language: ``zh_Hans``, ``zh_Hant`` or ``en``.
        alternatives: the next intents with their confidence, most likely first.
        reading: the message's requests and questions.
    """

    intent: Intent
    confidence: float
    language: str
    alternatives: tuple[tuple[Intent, float], ...]
    reading: Reading


class ReadingResult(Struct, frozen=True):
    """The result of parsing a message.

    Attributes:
        intent: the main intent.
        confidence: 0 to 1.
        alternatives: the next intents with their confidence, most likely first.
        reading: the message's requests and questions.
        fragment: values that belong to no request.
        guardian_acts: actions that a guardian wants for a child's account, without duplicates.
        accounts: account names in the message, verbatim.
        clear_requests: for each request of the reading, whether it is certainly requested, even if
            its scope is not clear; empty if this holds for the sure requests only.
        reply_acts: acts of the message as a reply to the open question.
        chosen_line: line number, in the question, of the button that the message means; 0 if it
            means none.
        meaning: the mean of the network's vectors of the message; empty if it was not read.
    """

    intent: Intent
    confidence: float
    alternatives: tuple[tuple[Intent, float], ...]
    reading: Reading
    fragment: Fragment | None = None
    guardian_acts: tuple[Intent, ...] = ()
    accounts: tuple[str, ...] = ()
    clear_requests: tuple[bool, ...] = ()
    reply_acts: frozenset[ReplyAct] = frozenset()
    chosen_line: int = 0
    meaning: tuple[float, ...] = ()
