"""In-memory twins of the account service and the code sender, for tests and the demo.

They ship, keep the ports' whole promise, and can be told to misbehave.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from privacydesk.clock import Clock
from privacydesk.connectors.account_book import AccountBook
from privacydesk.domain.account import AccountAnswer
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountOutcome,
    AccountReason,
    AccountStatus,
)
from privacydesk.domain.code_delivery import (
    AccountContact,
    MailTarget,
    PhoneTarget,
    SendAnswer,
    SendOutcome,
)
from privacydesk.domain.masking import mask_mail, mask_phone
from privacydesk.domain.notices import Notice, NoticeSubject
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, UnavailableError

_MOST_MESSAGES = 500


@dataclass(frozen=True, slots=True)
class AccountCall:
    """One call that reached the account service."""

    action: AccountAction
    account: str
    payload: Mapping[str, Any]
    key: str


class MemoryAccountService:
    """The account service in memory.

    Attributes:
        calls: every call that arrived, refused ones included.
        down: while true, calls fail as if the service could not be reached.
        busy: while true, calls are answered ``pending``.
        mute: while true, calls are carried out and their answers get lost.
    """

    def __init__(self, book: AccountBook) -> None:
        self._book = book
        self._open = asyncio.Event()
        self._open.set()
        self.calls: list[AccountCall] = []
        self.down = False
        self.busy = False
        self.mute = False

    @property
    def book(self) -> AccountBook:
        """The accounts behind it."""
        return self._book

    def hold(self) -> None:
        """Let calls wait until :meth:`release`, as a slow service would."""
        self._open.clear()

    def release(self) -> None:
        """Let waiting calls go on."""
        self._open.set()

    def obstruct(self, scope: str, reason: AccountReason = AccountReason.TECHNICAL) -> None:
        """Let changes of one scope fail, so that answers become partial."""
        self._book.obstacles[scope] = reason

    def clear(self) -> None:
        """End all misbehaviour."""
        self._book.obstacles.clear()
        self.down = False
        self.busy = False
        self.mute = False
        self.release()

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Do one action; see :class:`privacydesk.domain.account.AccountService`."""
        self.calls.append(AccountCall(action, account, payload, key))
        await self._open.wait()
        if self.down:
            raise UnavailableError("the service can't be reached", reason="unreachable")
        if self.busy:
            return AccountAnswer(AccountOutcome.PENDING, retry_after=1.0)
        try:
            answer = self._book.perform(action, account, payload, key=key)
            if self.mute:
                raise UnavailableError("the service took too long", reason="timeout")
        except InvalidRequestError:
            return AccountAnswer.refused(AccountReason.INVALID_PAYLOAD)
        except DeskError as error:
            if error.code is ErrorCode.CONFLICT:
                return AccountAnswer.refused(AccountReason.KEY_REUSED)
            raise
        return answer


@dataclass(frozen=True, slots=True)
class SentCode:
    """One message as it would have arrived on a phone or in a mailbox.

    Attributes:
        to: what the desk named.
        destination: the number or address it was resolved to, unmasked.
        at: when it was sent.
    """

    to: PhoneTarget | MailTarget | AccountContact
    destination: str
    template: str
    locale: str
    code: str = field(repr=False)
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SentNotice:
    """One notice as it would have arrived; see ``SentCode``.

    Attributes:
        number: the ticket's.
    """

    to: PhoneTarget | MailTarget | AccountContact
    destination: str
    locale: str
    number: str
    about: NoticeSubject
    key: str
    at: datetime


class MemoryCaptcha:
    """Knows which challenges were solved.

    Attributes:
        solved: tokens that show it, each once.
        down: while true, verifying fails as if the service could not be reached.
    """

    def __init__(self, *solved: str) -> None:
        self.solved = set(solved)
        self.down = False

    async def verify(self, token: str) -> bool:
        """Verify a token; see :class:`privacydesk.domain.captcha.CaptchaVerifier`."""
        if self.down:
            raise UnavailableError("the service can't be reached", reason="unreachable")
        known = token in self.solved
        self.solved.discard(token)
        return known


class MemoryCodeSender:
    """Keeps codes and notices instead of sending them, and tells subscribers of each.

    Args:
        clock: the present, for ``at``.
        phone_of: the phone bound to an account, or ``None``; see :func:`phones_of`.

    Attributes:
        messages: codes that were sent, oldest first; old ones fall off.
        notices: notices, in the same way.
        refused: numbers and addresses that it will not send to.
        down: while true, sending fails as if the gateway could not be reached.
    """

    def __init__(self, clock: Clock, phone_of: Callable[[str], str | None]) -> None:
        self._clock = clock
        self._phone_of = phone_of
        self._answers: dict[str, SendAnswer] = {}
        self._queues: set[asyncio.Queue[SentCode | SentNotice]] = set()
        self.messages: deque[SentCode] = deque(maxlen=_MOST_MESSAGES)
        self.notices: deque[SentNotice] = deque(maxlen=_MOST_MESSAGES)
        self.refused: set[str] = set()
        self.down = False

    async def send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        template: str,
        locale: str,
        code: str,
        *,
        key: str,
    ) -> SendAnswer:
        """Keep one code; see :class:`privacydesk.domain.code_delivery.CodeSender`."""

        def keep(destination: str) -> SentCode:
            message = SentCode(to, destination, template, locale, code, key, self._clock.now())
            self.messages.append(message)
            return message

        return self._take(to, key, keep)

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """Keep one notice; see :class:`privacydesk.domain.notices.NoticeGateway`."""
        said = (notice.locale, notice.number, notice.about)

        def keep(destination: str) -> SentNotice:
            sent = SentNotice(to, destination, *said, key, self._clock.now())
            self.notices.append(sent)
            return sent

        return self._take(to, key, keep)

    def _take(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        key: str,
        keep: Callable[[str], SentCode | SentNotice],
    ) -> SendAnswer:
        """Answer as a gateway does; keep what can be sent, once."""
        if self.down:
            raise UnavailableError("the gateway can't be reached", reason="unreachable")
        if key in self._answers:
            return self._answers[key]
        destination, masked = self._resolve(to)
        if destination is None:
            return SendAnswer(SendOutcome.NO_CONTACT, reason=AccountReason.NO_CONTACT)
        if destination in self.refused:
            return SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)
        return self._sent(keep(destination), masked)

    def _sent(self, message: SentCode | SentNotice, masked: str | None) -> SendAnswer:
        answer = self._answers[message.key] = SendAnswer(SendOutcome.SENT, masked=masked)
        while len(self._answers) > _MOST_MESSAGES:
            del self._answers[next(iter(self._answers))]
        for queue in self._queues:
            if queue.full():
                # A page that stopped reading must not keep every code for ever.
                queue.get_nowait()
            queue.put_nowait(message)
        return answer

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[SentCode | SentNotice]]:
        """Give a queue that receives each message from now on, until the block ends."""
        queue: asyncio.Queue[SentCode | SentNotice] = asyncio.Queue(maxsize=_MOST_MESSAGES)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def last_to(self, destination: str) -> SentCode | None:
        """Return the newest message to a number or address, or ``None``."""
        return next(
            (one for one in reversed(self.messages) if one.destination == destination), None
        )

    def _resolve(
        self, to: PhoneTarget | MailTarget | AccountContact
    ) -> tuple[str | None, str | None]:
        match to:
            case PhoneTarget(number):
                return number, mask_phone(number)
            case MailTarget(address):
                return address, mask_mail(address)
            case AccountContact(account):
                bound = self._phone_of(account)
                return bound, None if bound is None else mask_phone(bound)


def phones_of(book: AccountBook) -> Callable[[str], str | None]:
    """Return a look-up of the phone bound to an account, as ``contacts`` would judge it."""

    def look_up(account: str) -> str | None:
        record = book.find(account)
        if record is None or record.status is not AccountStatus.ACTIVE:
            return None
        return record.phone

    return look_up
