"""In-memory twins of the account service and the code sender, for tests and the demo.

They implement the ports completely and can simulate failures.
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

_MAX_MESSAGES = 500


@dataclass(frozen=True, slots=True)
class AccountCall:
    """A call that the account service received."""

    action: AccountAction
    account: str
    payload: Mapping[str, Any]
    key: str


class MemoryAccountService:
    """The account service in memory.

    Attributes:
        calls: all calls received, including refused ones.
        down: while true, calls fail as if the service could not be reached.
        busy: while true, calls are answered ``pending``.
        mute: while true, actions are performed, but their answers are lost (a time-out).
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
        """Its accounts."""
        return self._book

    def hold(self) -> None:
        """Block calls until :meth:`release`, as a slow service would."""
        self._open.clear()

    def release(self) -> None:
        """Unblock waiting calls."""
        self._open.set()

    def obstruct(self, scope: str, reason: AccountReason = AccountReason.TECHNICAL) -> None:
        """Let changes of a scope fail, so that answers are partial."""
        self._book.obstacles[scope] = reason

    def clear(self) -> None:
        """End all simulated failures."""
        self._book.obstacles.clear()
        self.down = False
        self.busy = False
        self.mute = False
        self.release()

    async def call(
        self, action: AccountAction, account: str, payload: Mapping[str, Any], *, key: str
    ) -> AccountAnswer:
        """Perform one action; see :class:`privacydesk.domain.account.AccountService`."""
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
    """A code as it would have arrived on a phone or in a mailbox.

    Attributes:
        to: the recipient that the desk passed.
        destination: its phone number or mail address, unmasked.
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
    """A notice as it would have arrived; see ``SentCode``.

    Attributes:
        number: the ticket's number.
    """

    to: PhoneTarget | MailTarget | AccountContact
    destination: str
    locale: str
    number: str
    about: NoticeSubject
    key: str
    at: datetime


class MemoryCaptcha:
    """Implements ``CaptchaVerifier`` in memory.

    Attributes:
        solved: the valid tokens; each is accepted once.
        down: while true, verification fails as if the service could not be reached.
    """

    def __init__(self, *solved: str) -> None:
        self.solved = set(solved)
        self.down = False

    async def verify(self, token: str) -> bool:
        """Verify a token; see :class:`privacydesk.domain.captcha.CaptchaVerifier`."""
        if self.down:
            raise UnavailableError("the service can't be reached", reason="unreachable")
        is_solved = token in self.solved
        self.solved.discard(token)
        return is_solved


class MemoryCodeSender:
    """Stores codes and notices instead of sending them, and passes each to subscribers.

    Args:
        clock: source of the current time, for ``at``.
        phone_of: returns the phone bound to an account, or ``None``; see :func:`phones_of`.

    Attributes:
        messages: the latest codes, oldest first.
        notices: the latest notices, oldest first.
        refused: phone numbers and mail addresses that it refuses.
        down: while true, sending fails as if the gateway could not be reached.
    """

    def __init__(self, clock: Clock, phone_of: Callable[[str], str | None]) -> None:
        self._clock = clock
        self._phone_of = phone_of
        self._answers: dict[str, SendAnswer] = {}
        self._queues: set[asyncio.Queue[SentCode | SentNotice]] = set()
        self.messages: deque[SentCode] = deque(maxlen=_MAX_MESSAGES)
        self.notices: deque[SentNotice] = deque(maxlen=_MAX_MESSAGES)
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
        """Store one code; see :class:`privacydesk.domain.code_delivery.CodeSender`."""

        def store(destination: str) -> SentCode:
            message = SentCode(to, destination, template, locale, code, key, self._clock.now())
            self.messages.append(message)
            return message

        return self._send(to, key, store)

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """Store one notice; see :class:`privacydesk.domain.notices.NoticeGateway`."""

        def store(destination: str) -> SentNotice:
            sent = SentNotice(
                to, destination, notice.locale, notice.number, notice.about, key, self._clock.now()
            )
            self.notices.append(sent)
            return sent

        return self._send(to, key, store)

    def _send(
        self,
        to: PhoneTarget | MailTarget | AccountContact,
        key: str,
        store: Callable[[str], SentCode | SentNotice],
    ) -> SendAnswer:
        """Answer as a gateway does, and store the message unless the key was used before."""
        if self.down:
            raise UnavailableError("the gateway can't be reached", reason="unreachable")
        if key in self._answers:
            return self._answers[key]
        destination, masked = self._resolve(to)
        if destination is None:
            return SendAnswer(SendOutcome.NO_CONTACT, reason=AccountReason.NO_CONTACT)
        if destination in self.refused:
            return SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)
        return self._publish(store(destination), masked)

    def _publish(self, message: SentCode | SentNotice, masked: str | None) -> SendAnswer:
        answer = self._answers[message.key] = SendAnswer(SendOutcome.SENT, masked=masked)
        while len(self._answers) > _MAX_MESSAGES:
            del self._answers[next(iter(self._answers))]
        for queue in self._queues:
            if queue.full():
                # Drop the oldest message of a subscriber that has stopped reading.
                queue.get_nowait()
            queue.put_nowait(message)
        return answer

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Queue[SentCode | SentNotice]]:
        """Yield a queue that receives each message sent within the block."""
        queue: asyncio.Queue[SentCode | SentNotice] = asyncio.Queue(maxsize=_MAX_MESSAGES)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def last_to(self, destination: str) -> SentCode | None:
        """Return the latest code sent to a phone number or mail address, or ``None``."""
        return next(
            (message for message in reversed(self.messages) if message.destination == destination),
            None,
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
    """Return a function that looks up an account's phone; None unless the account is active."""

    def look_up(account: str) -> str | None:
        record = book.find(account)
        if record is None or record.status is not AccountStatus.ACTIVE:
            return None
        return record.phone

    return look_up
