"""Notices: SMS, mail or push messages that tell a user about news in the chat; their carriers.

A notice has the app's name, the ticket's number and a link to the chat. It doesn't say what the
request is about, since other people may see messages on a phone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct, field

from privacydesk.domain.code_delivery import AccountContact, MailTarget, PhoneTarget, SendAnswer


class Occasion(StrEnum):
    """The reason for a notice."""

    ANSWERED = "answered"
    """The request was decided or closed. Always sent, as the dialog promises it."""
    CONFIRM = "confirm"
    """Closing the account is approved and awaits the user's confirmation. Always sent."""
    EXAMINED = "examined"
    ASKED = "asked"
    """Staff need more information from the user."""
    RETURNED = "returned"
    """The decision could not be carried out; the user may have to do something first."""
    EXTENDED = "extended"
    """The due date changed: by a supervisor, or by a schedule published since."""
    LAPSED = "lapsed"
    INCIDENT = "incident"
    """A security incident concerns the user's data; see ``domain.incidents``."""


PROMISED_NOTICES = frozenset({Occasion.ANSWERED, Occasion.CONFIRM})
"""The notices that are promised to users who left a contact; they can't be turned off."""


class NoticeChannel(StrEnum):
    """The channel that a notice is sent through."""

    SMS = "sms"
    """SMS to the phone number verified for the ticket."""
    MAIL = "mail"
    """Mail to the address verified for the ticket."""
    PUSH = "push"
    """Push message to the account's devices, through the operator's push service."""
    BOUND_PHONE = "bound_phone"
    """SMS to the phone bound to the account, which the gateway looks up."""

    @property
    def makes_sound(self) -> bool:
        """Whether messages make a phone sound, so that quiet hours apply."""
        return self is not NoticeChannel.MAIL


class NoticeSubject(StrEnum):
    """What a notice says is in the chat."""

    ANSWER = "answer"
    QUESTION = "question"
    """Staff wait for the user's answer."""
    NEWS = "news"
    INCIDENT = "incident"
    """A notice about a security incident; it has no ticket's number."""


class NoticeOutcome(StrEnum):
    """The outcome of sending a notice through one channel."""

    SENT = "sent"
    """Accepted by the carrier; that a person has read it isn't known."""
    MERGED = "merged"
    """Replaced by a newer notice of the same kind."""
    REFUSED = "refused"
    NO_CONTACT = "no_contact"
    UNAVAILABLE = "unavailable"
    """Given up: the carrier was unavailable until the last retry."""


class Notice(Struct, frozen=True):
    """The content of a notice, in the user's language.

    Attributes:
        about: what is in the chat.
        number: the ticket's number; empty if it is about no ticket.
        locale: language tag, such as ``zh-Hant``.
        title: a title that can be shown alone.
        lines: sentences, each a paragraph of its own.
        link: URL of the chat; empty if the operator has configured none.
    """

    about: NoticeSubject
    number: str
    locale: str
    title: str = ""
    lines: tuple[str, ...] = ()
    link: str = ""


class MailAttachment(Struct, frozen=True):
    """A file attached to an outgoing mail."""

    name: str
    media_type: str
    body: bytes


class OutgoingMail(Struct, frozen=True):
    """A mail written by the desk.

    Attributes:
        to: one address.
        lines: paragraphs of plain text; URLs in them become links.
        locale: language tag, such as ``zh-Hant``.
        in_reply_to: ``Message-ID`` of the mail it answers; empty for none.
        references: ``Message-ID``s of the earlier mails of the thread, oldest first.
    """

    to: str = field()
    subject: str
    lines: tuple[str, ...]
    locale: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[MailAttachment, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class NoticeGateway(Protocol):
    """Sends notices to phones and mailboxes, in wording of the gateway's operator."""

    async def notify(
        self, to: PhoneTarget | MailTarget | AccountContact, notice: Notice, *, key: str
    ) -> SendAnswer:
        """Send a notice.

        Args:
            to: the contact verified for a ticket, or the phone bound to an account.
            notice: the content.
            key: idempotency key: the outbox row's ID. A call with a known key sends nothing.

        Raises:
            UnavailableError: the gateway is unavailable; retry with the same key.
        """
        ...


class Pusher(Protocol):
    """Sends push messages to the devices on which an account is logged in."""

    async def push(self, account: str, notice: Notice, *, key: str) -> SendAnswer:
        """Send a notice to an account's devices.

        Args:
            account: the account's ID.
            notice: the content.
            key: idempotency key: the outbox row's ID. A call with a known key sends nothing.

        Returns:
            The result; ``NO_CONTACT`` if no device accepts push messages.

        Raises:
            UnavailableError: the service is unavailable; retry with the same key.
        """
        ...


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: OutgoingMail, *, key: str) -> SendAnswer:
        """Hand a mail to the mail server.

        Args:
            mail: the mail.
            key: the outbox row's ID. It becomes part of the ``Message-ID``, so that a mail that is
                sent again after a crash can be recognised as a duplicate.

        Raises:
            UnavailableError: the server is unavailable; ``data`` names the ``reason``.
        """
        ...
