"""In-memory twins of the push gateway and the mail server, for tests and the demo."""

from __future__ import annotations

from privacydesk.domain.account_terms import AccountReason
from privacydesk.domain.code_delivery import SendAnswer, SendOutcome
from privacydesk.domain.masking import mask_mail
from privacydesk.domain.notices import Notice, OutgoingMail
from privacydesk.errors import UnavailableError

_NO_DEVICE = SendAnswer(SendOutcome.NO_CONTACT, reason=AccountReason.NO_CONTACT)


class MemoryPusher:
    """Implements ``Pusher`` in memory.

    Attributes:
        pushed: account and notice by key, in the order of sending.
        without_device: accounts without a device.
        down: while true, sending fails as if the gateway could not be reached.
    """

    def __init__(self) -> None:
        self.pushed: dict[str, tuple[str, Notice]] = {}
        self.without_device: set[str] = set()
        self.down = False

    async def push(self, account: str, notice: Notice, *, key: str) -> SendAnswer:
        """Store one notice; see :class:`privacydesk.domain.notices.Pusher`."""
        if self.down:
            raise UnavailableError("the push service can't be reached", reason="unreachable")
        if account in self.without_device:
            return _NO_DEVICE
        self.pushed.setdefault(key, (account, notice))
        return SendAnswer(SendOutcome.SENT)


class MemoryMailer:
    """Implements ``Mailer`` in memory.

    Attributes:
        posted: mails by key, in the order of sending.
        refused: mail addresses that the server refuses.
        down: while true, sending fails as if the server could not be reached.
    """

    def __init__(self) -> None:
        self.posted: dict[str, OutgoingMail] = {}
        self.refused: set[str] = set()
        self.down = False

    async def send(self, letter: OutgoingMail, *, key: str) -> SendAnswer:
        """Store one mail; see :class:`privacydesk.domain.notices.Mailer`."""
        if self.down:
            raise UnavailableError("the mail server can't be reached", reason="unreachable")
        if letter.to in self.refused:
            return SendAnswer(SendOutcome.REFUSED, reason=AccountReason.REJECTED)
        self.posted[key] = letter
        return SendAnswer(SendOutcome.SENT, masked=mask_mail(letter.to))
