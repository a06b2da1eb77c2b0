"""Notices: messages outside the chat that there is something to read in it, and their delivery.

A notice names the app, a request's number and the way back into the chat. It says nothing of what
the request is about: others may read a message on a phone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct, field

from privacydesk.domain.code_delivery import AccountContact, MailTarget, PhoneTarget, SendAnswer


class Occasion(StrEnum):
    """The reason for a notice."""

    ANSWERED = "answered"
    """A decision or an outcome, of which flows promise a notice; always."""
    CONFIRM = "confirm"
    """Closing the account is approved and awaits the person's confirmation; always."""
    EXAMINED = "examined"
    ASKED = "asked"
    """More is needed from the person."""
    RETURNED = "returned"
    """It could not be carried out; the person may have to do something first."""
    EXTENDED = "extended"
    """A new due date, set by a supervisor or by a schedule published since."""
    LAPSED = "lapsed"


PROMISED = frozenset({Occasion.ANSWERED, Occasion.CONFIRM})
"""What people who left a contact were promised notices of."""


class Way(StrEnum):
    """How a notice reaches somebody."""

    SMS = "sms"
    """To the phone proven for the request."""
    MAIL = "mail"
    """To the mail address proven for it."""
    PUSH = "push"
    """To the account's devices, through the operator's push service."""
    BOUND_PHONE = "bound_phone"
    """By SMS to the phone bound to the account, which the gateway looks up."""

    @property
    def disturbs(self) -> bool:
        """Whether it makes a phone sound, and so respects the quiet hours."""
        return self is not Way.MAIL


class About(StrEnum):
    """What a notice says there is to read."""

    ANSWER = "answer"
    QUESTION = "question"
    """An answer is wanted from the person."""
    NEWS = "news"


class NoticeOutcome(StrEnum):
    """The outcome of a notice sent by one way."""

    SENT = "sent"
    """Accepted by the carrier; not yet read by a person."""
    MERGED = "merged"
    """A newer one of the same kind went in its place."""
    REFUSED = "refused"
    NO_CONTACT = "no_contact"
    UNAVAILABLE = "unavailable"
    """It was not accepted for as long as it was tried."""


class Notice(Struct, frozen=True):
    """A notice as it is sent, in the person's language.

    Attributes:
        number: the request's.
        locale: the language, as in ``zh-Hant``.
        title: a line that stands alone.
        lines: sentences, each a paragraph of its own.
        link: back into the chat; empty where the operator names none.
    """

    about: About
    number: str
    locale: str
    title: str = ""
    lines: tuple[str, ...] = ()
    link: str = ""


class Enclosure(Struct, frozen=True):
    """A file that goes with a mail."""

    name: str
    media_type: str
    body: bytes


class Letter(Struct, frozen=True):
    """A mail as the desk writes it.

    Attributes:
        to: one address.
        lines: paragraphs of plain text; web addresses in them become links.
        locale: the language, as in ``zh-Hant``.
        answers: the ``Message-ID`` of the mail it answers; empty for none.
        thread: the ones before it in the same exchange, oldest first.
        enclosed: what goes with it.
    """

    to: str = field()
    subject: str
    lines: tuple[str, ...]
    locale: str
    answers: str = ""
    thread: tuple[str, ...] = ()
    enclosed: tuple[Enclosure, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class NoticeGateway(Protocol):
    """Sends notices to phones and mailboxes; its operator words them."""

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """Send one notice once.

        Args:
            to: the contact proven for a ticket, or "the phone bound to this account".
            notice: what it is made of.
            key: the outbox row's id; a repeated key sends nothing more.

        Raises:
            UnavailableError: the gateway can't take it now; repeat with the same key.
        """
        ...


class Pusher(Protocol):
    """Sends notices to the devices that an account is logged in on."""

    async def push(self, account: str, notice: Notice, *, key: str) -> SendAnswer:
        """Push one notice once; ``NO_CONTACT`` where no device takes any.

        Raises:
            UnavailableError: the service can't take it now; repeat with the same key.
        """
        ...


class Mailer(Protocol):
    """Sends mail."""

    async def post(self, letter: Letter, *, key: str) -> SendAnswer:
        """Hand one mail to the mail server.

        Args:
            letter: the mail.
            key: the outbox row's id; it becomes part of the ``Message-ID``, so that a mail that is
                sent again after a crash can be recognised as the same.

        Raises:
            UnavailableError: the server can't take it now; ``data`` names the ``reason``.
        """
        ...
