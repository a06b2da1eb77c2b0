"""Filing requests for users who ask elsewhere: on a settings page of the app, or at a call centre.

    proof ─► account ─► what its flow reads ─► conversation ─► the flow, under the lock ─► ticket

The request's own flow decides what is filed (``dialog.intake``). It is filed in the conversation of
the user's account, who is told there. A request whose proof is left to the chat waits until they
have proven there who they are; its deadline starts then, as for any request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.dialog import intake as filing
from privacydesk.dialog import limits
from privacydesk.dialog.actions import READS
from privacydesk.dialog.engine import Engine
from privacydesk.dialog.intake_answers import fault
from privacydesk.domain.account import AccountAnswer, AccountService
from privacydesk.domain.account_terms import AccountAction, AccountOutcome, AccountStatus
from privacydesk.domain.agents import Agent
from privacydesk.domain.app_tokens import CLOCK_LEEWAY
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.events import EventKind
from privacydesk.domain.identity import Assurance, is_fresh
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import Intent, RequestKind
from privacydesk.domain.numbers import canonical_number
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.request_kinds import KindSpec, Wording
from privacydesk.domain.selection import Part, Selection, Span, to_plain
from privacydesk.domain.ticket import FILED_FOR, LogEntry, Ticket
from privacydesk.domain.turn import IntakeMessage
from privacydesk.errors import DeskError, ErrorCode, NotFoundError, StaleError, UnavailableError
from privacydesk.ports import Changes, Committed, Hashing, IdGenerator, Reader, WorkingSet
from privacydesk.services.chat import ChatDesk
from privacydesk.services.decision import PrepareTurn, TurnInput
from privacydesk.services.rendering import Renderer
from privacydesk.services.revocations import account_hash
from privacydesk.services.turns import Turns

_READ_SECONDS: Final = 8.0
"""How long the account service may take, within the time of an API request."""
_MOST_TRIES: Final = 10
_MOST_EVENTS: Final = 4


class ProofMethod(StrEnum):
    """How the user of a request proves who they are."""

    APP = "app"
    """By their app token; the app may have checked more."""
    ATTESTED = "attested"
    """A person has checked it, such as in a call centre."""
    CHAT = "chat"
    """Later, in the chat."""


class Check(Struct, frozen=True):
    """A check of identity, or a confirmation, as the program states it.

    Attributes:
        how: what was checked, or how the user confirmed.
        at: when.
    """

    how: str
    at: datetime


class LimitedTo(Struct, frozen=True):
    """Days to which a request's category, or ``all`` of them, is limited; both ends included."""

    category: str
    days: Span


class IntakeRequest(Struct, frozen=True):
    """A request that a program files for a user.

    Attributes:
        account: the app's id of the account; empty for the one of the token.
        answers: the answers to the questions of its flow, by slot.
        limited_to: the days that it is limited to.
        words: the user's own words.
        locale: the language of a new conversation; empty for the default.
        app_token: the user's app token; empty if they aren't at the app.
        checked: the check of identity beyond the token; None for none.
        checked_by: the person who checked it; empty for the app itself.
        confirmed: the user's confirmation; None for none.
    """

    kind: RequestKind
    account: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    limited_to: tuple[LimitedTo, ...] = ()
    words: str = ""
    locale: str = ""
    app_token: str = ""
    checked: Check | None = None
    checked_by: str = ""
    confirmed: Check | None = None


class Filed(Struct, frozen=True):
    """What came of a request.

    Attributes:
        ticket: the ticket; of a preview, as it would be.
        is_new: false if the user has this request open already.
        wording: of a preview, what the user has to confirm.
    """

    ticket: Ticket
    is_new: bool = True
    wording: tuple[str, ...] = ()


class _Prepared(Struct, frozen=True):
    """A request whose proof and account were checked."""

    account: str
    method: ProofMethod
    message: IntakeMessage


class Intake:
    """Files requests that programs bring.

    Args:
        turns: runs the turn that files a request.
        desk: finds or begins the conversation of an account, and checks app tokens.
        reader: reads conversations and tickets.
        engine: knows the flows.
        accounts: the account service.
        hashing: names the conversation of an account.
        minter: generates the keys of calls, and the ids of previews.
        clock: source of the current time.
        renderer: puts what kinds of requests ask into words.
    """

    def __init__(
        self,
        *,
        turns: Turns,
        desk: ChatDesk,
        reader: Reader,
        engine: Engine,
        accounts: AccountService,
        hashing: Hashing,
        minter: IdGenerator,
        clock: Clock,
        renderer: Renderer,
    ) -> None:
        self._turns = turns
        self._desk = desk
        self._reader = reader
        self._engine = engine
        self._accounts = accounts
        self._hashing = hashing
        self._minter = minter
        self._clock = clock
        self._renderer = renderer
        self._kinds: dict[str, tuple[KindSpec, ...]] = {}

    def kinds(self, locale: str) -> tuple[KindSpec, ...]:
        """Return what a program may send for each kind of request, with texts for a locale."""
        if locale not in self._kinds:
            self._kinds[locale] = self._engine.request_kinds(locale, self._clock.now())
        return self._kinds[locale]

    def text(self, locale: str, wording: Wording) -> str:
        """Return a text of what ``kinds`` describes, as a label."""
        return self._renderer.label(locale, wording.key, wording.args)

    async def file(self, request: IntakeRequest, by: Agent, *, job_id: str) -> Filed:
        """File a request.

        Args:
            request: the request.
            by: the identity that files it, and is recorded.
            job_id: the id of the job, so that a repeated request is filed once.

        Raises:
            InvalidRequestError: see ``dialog.intake``; or the account is closed, or unknown.
            DeskError: ``RATE_LIMITED`` if the user has filed too many requests.
            UnavailableError: the account service does not answer.
        """
        prepared = await self._prepare(request, by, job_id)
        key = account_hash(self._hashing, prepared.account)
        conversation = await self._desk.conversation_of(key, prepared.account, request.locale)
        try:
            committed = await self._commit(conversation, prepared, request, by)
        except filing.AlreadyOpenError as error:
            return Filed(await self._ticket(error.ticket), is_new=False)
        if committed.changes is not None:
            return Filed(_filed_in(committed.changes))
        # The request was filed before, and its answer was lost.
        return Filed(await self._filed_at(conversation, committed.offset))

    async def find(self, number: str, by: Agent, *, attested: bool) -> Ticket:
        """Return a ticket that a program has filed, or whose proof it has brought.

        Args:
            number: the number, in any accepted spelling.
            by: the identity that asks.
            attested: whether it did so for a user whose identity a person had checked.

        Raises:
            NotFoundError: there is no such ticket.
        """
        canonical = canonical_number(number)
        ticket = await self._reader.ticket_by_number(canonical) if canonical else None
        log = () if ticket is None else await self._reader.ticket_log(ticket.id)
        own = (entry for entry in log if entry.what == FILED_FOR and entry.by == by.name)
        if ticket is None or not any(
            (entry.data.get("proof") == ProofMethod.ATTESTED) is attested for entry in own
        ):
            raise NotFoundError("this identity has filed no ticket with this number")
        return ticket

    async def preview(self, request: IntakeRequest, by: Agent) -> Filed:
        """Return what ``file`` would file now; nothing is stored. Quotas are not looked at.

        Raises:
            DeskError: as for ``file``.
        """
        prepared = await self._prepare(request, by, "preview", previewed=True)
        key = account_hash(self._hashing, prepared.account)
        state = await self._reader.conversation_by_key(key)
        if state is None:
            now = self._clock.now()
            state = Conversation(
                id=ConversationId(self._minter.id(now)),
                epoch="",
                created_at=now,
                account=prepared.account,
                locale=request.locale or "zh_Hans",
            )
        try:
            changes = await self._turns.preview(state, self._turn(prepared, request, by, None))
        except filing.AlreadyOpenError as error:
            return Filed(await self._ticket(error.ticket), is_new=False)
        return Filed(_filed_in(changes), wording=tuple(event.text for event in changes.events))

    async def _commit(
        self, conversation: ConversationId, prepared: _Prepared, request: IntakeRequest, by: Agent
    ) -> Committed:
        for _ in range(_MOST_TRIES):
            state = await self._reader.conversation(conversation)
            assert state is not None
            prepare = self._turn(prepared, request, by, state.version)
            try:
                return await self._turns.run(conversation, prepared.message.job_id, prepare)
            except StaleError:
                continue
        raise UnavailableError("the conversation changes faster than a request can be filed")

    def _turn(
        self, prepared: _Prepared, request: IntakeRequest, by: Agent, version: int | None
    ) -> PrepareTurn:
        """Return what prepares the turn that files a request.

        Args:
            prepared: the checked request.
            request: the request as it came.
            by: the identity that files it.
            version: the conversation's version before its user's tickets were read: one that was
                filed meanwhile, by another request, has to be seen. None for a preview.
        """
        job_id = prepared.message.job_id

        def complete(changes: Changes) -> Changes:
            ticket, data = _filed_in(changes), {"proof": prepared.method.value}
            # The program filed or proved it; the user did neither here.
            log = tuple(replace(entry, by=by.name) for entry in changes.ticket_log)
            stated = LogEntry(
                ticket.id, log[-1].at, by.name, FILED_FOR, _stated(request), job_id, data
            )
            return replace(changes, ticket_log=(*log, stated))

        def prepare(rows: WorkingSet) -> TurnInput:
            assert rows.conversation is not None
            if version is not None and rows.conversation.version != version:
                raise StaleError("the conversation went on")
            return TurnInput(prepared.message, complete=complete)

        return prepare

    async def _ticket(self, ticket_id: TicketId) -> Ticket:
        ticket = await self._reader.ticket(ticket_id)
        assert ticket is not None
        return ticket

    async def _filed_at(self, conversation: ConversationId, offset: int) -> Ticket:
        """Return the ticket whose card follows an offset."""
        events = await self._reader.events(conversation, after=offset - 1, limit=_MOST_EVENTS)
        number = next(
            event.data["ticket"]["number"] for event in events if event.kind is EventKind.TICKET
        )
        tickets = await self._reader.tickets_in(conversation)
        return next(ticket for ticket in tickets if ticket.number == number)

    # -- proof and account -----------------------------------------------------------------

    async def _prepare(
        self, request: IntakeRequest, by: Agent, job_id: str, *, previewed: bool = False
    ) -> _Prepared:
        now = self._clock.now()
        account = self._account_of(request)
        method, level, verified_at = self._proof(request, now)
        confirmed = request.confirmed
        if confirmed is not None and confirmed.at > now + CLOCK_LEEWAY:
            raise fault("confirmation.at", RequestFault.IN_THE_FUTURE)
        flow = self._engine.flows[Intent(request.kind.value).value]
        contacts = await self._read(AccountAction.CONTACTS, account)
        _check_account(contacts, level)
        reads: dict[str, AccountAnswer] = {}
        if level > Assurance.NONE:
            names = sorted(filing.reads_of(self._engine.flows, flow))
            answers = await asyncio.gather(*(self._read(READS[name], account) for name in names))
            reads = dict(zip(names, answers, strict=True))
        answers_by_slot = dict(request.answers)
        if request.limited_to:
            if limits.SLOT not in flow.slots:
                raise fault("limited_to", RequestFault.NOT_TAKEN)
            answers_by_slot[limits.SLOT] = to_plain(_selection(request.limited_to))
        message = IntakeMessage(
            job_id,
            request.kind,
            by.public_name,
            answers_by_slot,
            request.words,
            level,
            verified_at,
            None if confirmed is None else min(confirmed.at, now),
            reads,
            method is ProofMethod.ATTESTED,
            previewed,
        )
        return _Prepared(account, method, message)

    def _account_of(self, request: IntakeRequest) -> str:
        """Return the account; that of a token is never another one than the request names."""
        if not request.app_token:
            if not request.account:
                raise fault("account", RequestFault.MISSING)
            return request.account
        try:
            account = self._desk.account_of_token(request.app_token)
        except DeskError as error:
            if error.code is ErrorCode.TOKEN_EXPIRED:
                raise fault("app_token", RequestFault.EXPIRED) from None
            raise fault("app_token", RequestFault.NOT_VALID) from None
        if request.account not in {"", account}:
            raise fault("account", RequestFault.OF_ANOTHER_TOKEN)
        return account

    def _proof(
        self, request: IntakeRequest, now: datetime
    ) -> tuple[ProofMethod, Assurance, datetime | None]:
        """Return how, how far and when the user has proven who they are."""
        checked = request.checked
        if checked is None:
            if request.app_token:
                return ProofMethod.APP, Assurance.APP_SESSION, now
            return ProofMethod.CHAT, Assurance.NONE, None
        if not request.app_token and not request.checked_by:
            raise fault("app_token", RequestFault.MISSING)
        if checked.at > now + CLOCK_LEEWAY:
            raise fault("checked.at", RequestFault.IN_THE_FUTURE)
        at = min(checked.at, now)
        if not is_fresh(at, now, self._engine.rules.fresh):
            raise fault("checked.at", RequestFault.TOO_OLD)
        method = ProofMethod.ATTESTED if request.checked_by else ProofMethod.APP
        return method, Assurance.ONE_TIME_CODE, at

    async def _read(self, action: AccountAction, account: str) -> AccountAnswer:
        """Ask the account service.

        Raises:
            UnavailableError: it does not answer now.
        """
        key = f"intake:{self._minter.token()}"
        try:
            async with asyncio.timeout(_READ_SECONDS):
                answer = await self._accounts.call(action, account, {}, key=key)
        except TimeoutError:
            raise _no_answer() from None
        except UnavailableError:
            raise _no_answer() from None
        if not answer.final:
            raise _no_answer()
        return answer


def _no_answer() -> UnavailableError:
    return UnavailableError("the account service does not answer", reason="intake_no_answer")


def _check_account(contacts: AccountAnswer, level: Assurance) -> None:
    """Check that an account is there, and that its user may be its owner.

    Raises:
        InvalidRequestError: the account is unknown or closed; or it is suspended, and its user's
            identity is shown by a document alone, as in the chat.
    """
    if contacts.outcome is AccountOutcome.NOT_FOUND:
        raise fault("account", RequestFault.UNKNOWN)
    reason = str((contacts.data.get("phone") or {}).get("reason") or "")
    if reason == f"account_{AccountStatus.CLOSED.value}":
        raise fault("account", RequestFault.CLOSED)
    if reason == f"account_{AccountStatus.SUSPENDED.value}" and level > Assurance.APP_SESSION:
        raise fault("checked", RequestFault.ACCOUNT_SUSPENDED)


def _selection(limited_to: Sequence[LimitedTo]) -> Selection:
    spans: dict[str, list[Span]] = {}
    for one in limited_to:
        since, until = one.days.since, one.days.until
        if (since is None and until is None) or (since and until and since > until):
            raise fault("limited_to", RequestFault.NO_DAYS)
        spans.setdefault(one.category, []).append(one.days)
    return Selection(tuple(Part(value, only=tuple(only)) for value, only in spans.items()))


def _filed_in(changes: Changes) -> Ticket:
    """Return the ticket that a turn has filed or, if it waited for its proof, taken up again."""
    about = changes.ticket_log[0].ticket_id
    return next(ticket for ticket in changes.tickets if ticket.id == about)


def _stated(request: IntakeRequest) -> str:
    """Return what the program states of proof and confirmation, for staff."""
    checked, confirmed = request.checked, request.confirmed
    lines = (
        f"{request.checked_by}: {checked.how}" if checked and request.checked_by else "",
        checked.how if checked and not request.checked_by else "",
        confirmed.how if confirmed else "",
    )
    return "\n".join(line for line in lines if line)
