"""Strategies for every value that storage keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.clocks import Clock
from privacydesk.domain.conversation import (
    Conversation,
    Frame,
    LocaleSource,
    Owner,
    OwnerKind,
    PendingCall,
    Prompt,
    RequestDraft,
)
from privacydesk.domain.deadlines import MAX_AMOUNT, Unit
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState
from privacydesk.domain.events import Choice, ChoiceStyle, Event, EventKind, InputKind, Sender
from privacydesk.domain.evidence import Evidence
from privacydesk.domain.grounds import Ground
from privacydesk.domain.identity import Assurance, Verification
from privacydesk.domain.ids import (
    ChallengeId,
    ConversationId,
    DeliveryId,
    EvidenceId,
    LookupHash,
    TicketId,
)
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.ticket import (
    LogEntry,
    Outcome,
    Requester,
    ScheduledEvent,
    ScheduledEventKind,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.domain.verification_codes import Challenge, Mark
from privacydesk.domain.work import ProposedDecision, StaffMessage, Work


def _between(first: int, last: int) -> st.SearchStrategy[datetime]:
    # Hypothesis takes naive bounds and adds the zone.
    return st.datetimes(
        datetime(first, 1, 1),  # noqa: DTZ001
        datetime(last, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    )


instants = _between(1900, 9000)
dates = st.dates(min_value=date(1900, 1, 1))
texts = st.text(max_size=20)
counts = st.integers(0, 2**40)
_ids = st.binary(min_size=16, max_size=16)
_hashes = st.binary(min_size=32, max_size=32)
conversation_ids = _ids.map(ConversationId)
ticket_ids = _ids.map(TicketId)
lookup_hashes = _hashes.map(LookupHash)
_json_leaves = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | texts
)
json_values = st.recursive(
    _json_leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
mappings: st.SearchStrategy[dict[str, Any]] = st.dictionaries(texts, json_values, max_size=3)


def _few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=2).map(tuple)


choices = st.builds(
    Choice,
    id=texts,
    key=texts,
    label=texts,
    style=st.sampled_from(ChoiceStyle),
    value=json_values,
    args=mappings,
)
events = st.builds(
    Event,
    offset=counts,
    at=instants,
    sender=st.sampled_from(Sender),
    kind=st.sampled_from(EventKind),
    key=texts,
    args=mappings,
    text=texts,
    locale=texts,
    choices=_few(choices),
    input=st.none() | st.sampled_from(InputKind),
    data=mappings,
    job_id=texts,
    author=texts,
)
frames = st.builds(
    Frame,
    flow=texts,
    step=texts,
    started_at=instants,
    serial=counts,
    slots=mappings,
    waiting=st.none() | st.builds(PendingCall, ref=texts, action=texts, since=instants),
    misses=counts,
    trail=_few(texts),
    called=st.booleans(),
    confirmed_at=st.none() | instants,
)
verifications = st.builds(
    Verification, subject=texts, level=st.sampled_from(Assurance), at=instants, target=texts
)
wishes = st.builds(RequestDraft, intent=st.sampled_from(Intent), slots=mappings, words=texts)
conversations = st.builds(
    Conversation,
    id=conversation_ids,
    epoch=texts,
    created_at=instants,
    version=counts,
    locale=texts,
    locale_from=st.sampled_from(LocaleSource),
    account=texts,
    owner=st.builds(
        Owner,
        kind=st.sampled_from(OwnerKind),
        agent=texts,
        offset=counts,
        since=st.none() | instants,
    ),
    stack=_few(frames),
    prompt=st.none()
    | st.builds(Prompt, offset=counts, choices=_few(choices), serial=counts, requests=_few(wishes)),
    verifications=_few(verifications),
    queued_at=st.none() | instants,
    unanswered=counts,
    serial=counts,
    desk_calls=counts,
    last_said_at=st.none() | instants,
    danger_at=st.none() | instants,
    minor_hint=st.booleans(),
    bereaved=st.booleans(),
    pending_requests=_few(wishes),
    last_filed=st.none() | wishes,
)
_zones = st.sampled_from(["Asia/Shanghai", "Asia/Hong_Kong", "Europe/Berlin"])


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    zone = draw(_zones)
    # A far future would leave the range of datetime once it is moved to another zone.
    due_at = draw(_between(1980, 2200))
    return Clock(
        regime=draw(texts),
        started_at=draw(instants),
        unit=draw(st.sampled_from(Unit)),
        amount=draw(st.integers(1, MAX_AMOUNT)),
        calendar=draw(texts),
        zone=zone,
        due_date=draw(dates),
        due_at=due_at.astimezone(ZoneInfo(zone)),
        provisional=draw(st.booleans()),
    )


items = st.builds(
    ScopeItem,
    name=texts,
    detail=mappings,
    decision=texts,
    ground=st.none() | st.sampled_from(Ground),
    reason=texts,
    result=texts,
)
works = st.builds(
    Work,
    first_due=st.none() | st.dates(),
    told=st.none() | st.builds(StaffMessage, kind=texts, text=texts, data=mappings),
    proposal=st.none()
    | st.builds(ProposedDecision, by=texts, verdict=mappings, program=st.booleans()),
    decided_by=texts,
    account_named_by=texts,
    touched_by=_few(texts),
    files_asked=_few(texts),
    files_allowed=_few(texts),
    restored_by=texts,
    ground=st.none() | st.sampled_from(Ground),
    ground_withheld=st.booleans(),
    left=counts,
    outcomes=_few(texts),
    results=_few(mappings),
    summary=_few(mappings),
)
tickets = st.builds(
    Ticket,
    id=ticket_ids,
    number=texts,
    conversation_id=conversation_ids,
    kind=st.sampled_from(RequestKind),
    state=st.sampled_from(TicketState),
    received_at=instants,
    locale=texts,
    requester=st.sampled_from(Requester),
    items=_few(items),
    account=texts,
    account_hash=st.none() | lookup_hashes,
    verified_at=st.none() | instants,
    required_assurance=st.sampled_from(Assurance),
    clocks=_few(clocks()),
    answered_at=st.none() | instants,
    closed_at=st.none() | instants,
    outcome=st.none() | st.sampled_from(Outcome),
    holder=texts,
    excluded_reviewers=_few(texts),
    scheduled_events=_few(
        st.builds(ScheduledEvent, kind=st.sampled_from(ScheduledEventKind), at=instants)
    ),
    flags=st.frozensets(texts, max_size=3),
    contact=texts,
    contact_hash=st.none() | lookup_hashes,
    linked=st.none() | ticket_ids,
    answers=mappings,
    work=works,
    version=counts,
)
log_entries = st.builds(
    LogEntry,
    ticket_id=ticket_ids,
    at=instants,
    by=texts,
    what=texts,
    why=texts,
    job_id=texts,
    data=mappings,
)
challenges = st.builds(
    Challenge,
    id=_hashes.map(ChallengeId),
    version=counts,
    code_hash=st.binary(max_size=32),
    expires_at=st.none() | instants,
    attempts_left=st.integers(0, 9),
    not_before=st.none() | instants,
    marks=st.lists(
        st.builds(Mark, at=instants, tag=st.binary(max_size=8), count=st.integers(1, 9)), max_size=3
    ).map(tuple),
)
deliveries = st.builds(
    Delivery,
    id=_ids.map(DeliveryId),
    channel=st.sampled_from(Channel),
    action=texts,
    lane=st.binary(max_size=20),
    conversation_id=conversation_ids,
    due_at=instants,
    created_at=instants,
    ticket_id=st.none() | ticket_ids,
    ref=texts,
    payload=mappings,
    state=st.sampled_from(DeliveryState),
    attempts=st.integers(0, 99),
    give_up_at=st.none() | instants,
    delay_announced=st.booleans(),
    version=counts,
)
evidence = st.builds(
    Evidence,
    id=_ids.map(EvidenceId),
    conversation_id=conversation_ids,
    name=texts,
    media_type=texts,
    size=counts,
    sha256=texts,
    created_at=instants,
    ticket_id=st.none() | ticket_ids,
    body=st.binary(max_size=50),
    removed_at=st.none() | instants,
)
agents = st.builds(
    Agent,
    name=texts,
    display_name=texts,
    role=st.sampled_from(Role),
    created_at=instants,
    active=st.booleans(),
)
