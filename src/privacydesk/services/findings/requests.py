"""What the requests of a reading mean at this desk, and which of them is the main one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.intents import ONES_OWN, Intent
from privacydesk.domain.reading import (
    ALL,
    MENTIONABLE,
    Holder,
    Mention,
    MentionKind,
    Modality,
    Reading,
    ReadingResult,
    Request,
)
from privacydesk.domain.turn import RecognisedIntent

ENOUGH: Final = 0.6
"""The confidence from which a main intent is sure where nothing is wished."""
_CLEAR: Final = 0.9
"""The least confidence of a wish that is sure."""
_MOST: Final = 8
"""Most wishes taken from one message."""

_OF_OTHERS: Final[Mapping[Intent, Intent]] = {
    Intent.ACCESS: Intent.ACCESS,
    Intent.DELETION: Intent.COMPLAINT,
    Intent.COMPLAINT: Intent.COMPLAINT,
    Intent.UNDERAGE_REPORT: Intent.UNDERAGE_REPORT,
    Intent.HUMAN_AGENT: Intent.HUMAN_AGENT,
}
"""What is begun where somebody else's data is meant; anything else goes to a person."""

_ABOUT: Final[Mapping[Intent, MentionKind]] = {
    Intent.RECTIFICATION: MentionKind.FIELD,
    Intent.CONSENT_WITHDRAWAL: MentionKind.PURPOSE,
    Intent.UNBINDING: MentionKind.PROVIDER,
}
"""The only kind of things that these requests can be about."""


class Wished(Struct, frozen=True):
    """The wishes of one intent.

    Attributes:
        intent: what they mean at this desk.
        requests: those of the reading that mean it.
    """

    intent: Intent
    requests: tuple[Request, ...]

    @property
    def sure(self) -> bool:
        """Whether the desk may act on it without asking back."""
        sure = (one.sure and one.modality is Modality.WISHED for one in self.requests)
        # The guardian's form says what it takes up, and asks for the rest.
        return any(sure) if self.intent is Intent.GUARDIAN else all(sure)

    def recognised(self, read: ReadingResult) -> RecognisedIntent:
        """Return it as a recognised intent."""
        told = {intent: chance for intent, chance in _chances(read) if self._is(intent)}
        confidence = max(told.values(), default=0.0)
        if self.sure:
            confidence = max(confidence, _CLEAR)
        others = tuple(one for one in _chances(read) if one[0] is not self.intent)
        return RecognisedIntent(self.intent, confidence, others, sure=self.sure)

    def _is(self, intent: Intent) -> bool:
        return intent is self.intent or any(one.intent is intent for one in self.requests)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is said to stay, and no single thing or part is named."""
        return all(
            not request.exclude
            and all(one.value == ALL and not one.is_narrowed for one in request.include)
            for request in self.requests
        )


def meant(request: Request) -> Intent:
    """Return what a request means at this desk, by whose account or content it is about.

    A complaint that was made before is looked up, not filed.
    """
    if request.intent is Intent.COMPLAINT and request.modality is Modality.REPORTED:
        return Intent.REQUEST_STATUS
    if request.holder is Holder.DECEASED:
        return Intent.DECEASED
    if request.holder is Holder.ELSEWHERE:
        return Intent.OTHER
    if request.holder is Holder.OTHER_PERSON:
        return _OF_OTHERS.get(request.intent, Intent.OTHER)
    return request.intent


def stays_open(read: ReadingResult, today: date) -> ReadingResult:
    """Return a message in which what stays until today or a day to come has no last day.

    "Keep those of 2026" means all that there will be, too; else those of 2027 would go.
    """

    def lasting(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
        return tuple(
            replace(one, until=None) if one.until and one.until >= today else one
            for one in mentions
        )

    requests = tuple(
        replace(
            one,
            include=lasting(one.include) if one.modality is Modality.DENIED else one.include,
            exclude=lasting(one.exclude),
        )
        for one in read.reading.requests
    )
    fragment = read.fragment
    if fragment is not None:
        fragment = replace(fragment, exclude=lasting(fragment.exclude))
    return replace(read, reading=replace(read.reading, requests=requests), fragment=fragment)


def in_kind(read: ReadingResult) -> ReadingResult:
    """Return a message with mentions turned into the kind that their requests can be about.

    A location is both data and a purpose; a real name is both data and a profile entry.
    """
    requests = tuple(
        replace(one, include=_in_kind(one, one.include), exclude=_in_kind(one, one.exclude))
        for one in read.reading.requests
    )
    return replace(read, reading=replace(read.reading, requests=requests))


def _in_kind(request: Request, mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    kind = _ABOUT.get(request.intent)
    return tuple(
        replace(one, kind=kind) if kind and one.value in MENTIONABLE[kind] else one
        for one in mentions
    )


def of(modality: Modality, requests: Iterable[Request]) -> tuple[Request, ...]:
    """Return the requests of a modality."""
    return tuple(one for one in requests if one.modality is modality)


def wished(reading: Reading) -> tuple[Wished, ...]:
    """Return what is wished, conditional wishes included, in the reading's order."""
    return _by_intent(reading, {Modality.WISHED, Modality.CONDITIONAL})


def spoken_of(reading: Reading) -> tuple[Wished, ...]:
    """Return what is wished or asked about, if it is several things; else nothing."""
    found = _by_intent(reading, {Modality.WISHED, Modality.CONDITIONAL, Modality.ASKED})
    return found if len(found) > 1 else ()


def _by_intent(reading: Reading, modalities: Collection[Modality]) -> tuple[Wished, ...]:
    found: dict[Intent, list[Request]] = {}
    for request in reading.requests:
        if request.modality in modalities:
            found.setdefault(meant(request), []).append(request)
    return tuple(Wished(intent, tuple(requests)) for intent, requests in found.items())


def recognised(read: ReadingResult, asked: tuple[Wished, ...]) -> RecognisedIntent:
    """Return the main intent, and whether the desk may act on it.

    Args:
        read: the message.
        asked: what is wished in it.
    """
    leads = _leading(read, asked)
    if leads is not None:
        return leads.recognised(read)
    denied = of(Modality.DENIED, read.reading.requests)
    main = [one for one in read.reading.requests if _is_main(read, one)]
    if denied and (read.confidence < ENOUGH or any(one in denied for one in main)):
        return _of_denied(read, denied)
    intent = meant(main[0]) if main else _of_question(read)
    asked_back = intent in ONES_OWN and not of(Modality.ASKED, main)
    # Something merely named is no wish.
    known = read.confidence >= ENOUGH or _only_asks(read)
    sure = known and not asked_back and read.fragment is None
    return RecognisedIntent(intent, read.confidence, read.alternatives, sure=sure)


def further(
    read: ReadingResult, asked: tuple[Wished, ...], main: RecognisedIntent
) -> tuple[Wished, ...]:
    """Return the wishes of a message that holds several; none where the main one covers them."""
    sure = [one for one in asked if one.sure and one.intent.kind is not None]
    if any(one.intent is Intent.DEREGISTRATION for one in sure):
        # Closing the account covers deleting everything.
        sure = [one for one in sure if not (one.intent is Intent.DELETION and one.is_everything)]
    if len(sure) > 1:
        return tuple(sure[:_MOST])
    # A single one counts where the rest makes the message unsure, or withdraws something.
    more = any(request not in one.requests for one in sure for request in read.reading.requests)
    beside = more and (
        not main.sure or main.intent in {Intent.CANCEL_REQUEST, *(one.intent for one in sure)}
    )
    return tuple(sure) if beside else ()


def _leading(read: ReadingResult, asked: tuple[Wished, ...]) -> Wished | None:
    of_main = next((o for o in asked if any(_is_main(read, r) for r in o.requests)), None)
    news = next((one for one in asked if one.sure and one.intent is Intent.REQUEST_STATUS), None)
    person = next((one for one in asked if one.sure and one.intent is Intent.HUMAN_AGENT), None)
    if of_main is not None and not of_main.sure and person is not None:
        return person
    if of_main is not None and (of_main.sure or news is None):
        return of_main
    if news is not None:
        # 谷歌解绑那个到哪一步了 names the request whose status is asked.
        return news
    # A message that mainly asks or reports something may also hold a sure wish.
    return next((one for one in asked if one.sure), None)


def _of_question(read: ReadingResult) -> Intent:
    """Return the intent of a message without wishes; one about a deceased person begins a form."""
    asked = (one for one in read.reading.requests if one.holder is Holder.DECEASED)
    if any(asked):
        return Intent.DECEASED
    return Intent.POLICY_QUESTION if _only_asks(read) else read.intent


def _only_asks(read: ReadingResult) -> bool:
    """Return whether a message is a question and nothing else, whatever it is about."""
    reading = read.reading
    if read.intent is Intent.POLICY_QUESTION:
        asks = all(one.modality is Modality.ASKED for one in reading.requests)
    else:
        asks = read.confidence < ENOUGH and not reading.requests
    return bool(reading.questions) and asks


def _of_denied(read: ReadingResult, denied: tuple[Request, ...]) -> RecognisedIntent:
    """Return a cancellation of what is denied; naming what should stay begins nothing.

    It goes to a person where somebody else asked for it.
    """
    theirs = {one.intent for one in of(Modality.REPORTED, read.reading.requests)}
    if any(one.intent in theirs for one in denied):
        return RecognisedIntent(Intent.OTHER, max(read.confidence, _CLEAR), _chances(read))
    if any(one.include or one.exclude for one in denied):
        return RecognisedIntent(denied[0].intent, read.confidence, read.alternatives, sure=False)
    sure = all(one.sure for one in denied)
    confidence = max(read.confidence, _CLEAR) if sure else read.confidence
    others = ((read.intent, read.confidence), *read.alternatives)
    return RecognisedIntent(Intent.CANCEL_REQUEST, confidence, others, sure=sure)


def _is_main(read: ReadingResult, request: Request) -> bool:
    return request.intent is read.intent


def _chances(read: ReadingResult) -> tuple[tuple[Intent, float], ...]:
    return ((read.intent, read.confidence), *read.alternatives)
