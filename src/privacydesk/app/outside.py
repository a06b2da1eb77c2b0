"""What stands outside the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from privacydesk.clock import SystemClock
from privacydesk.domain.account import AccountService
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.domain.codes import CodeSender
from privacydesk.domain.mail import Mailbox
from privacydesk.domain.notices import Mailer, NoticeGateway, Pusher
from privacydesk.domain.ticketing import TicketingSystem
from privacydesk.domain.webhooks import WebhookSender
from privacydesk.outages import Outages


class Gateway(CodeSender, NoticeGateway, Protocol):
    """Brings codes and notices to phones."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What stands outside the database.

    Attributes:
        codes: sends codes, and notices to phones.
        webhooks: None for whoever leaves sending to ``serve``.
        pusher: None without a push service.
        mailer: None without a mail server.
        mailbox: None where no mails are taken in.
        ticketing: None where no ticketing system is joined.
        outages: what of it is out, and what else the desk depends on.
        captcha: None where visitors are asked for no challenge.
    """

    accounts: AccountService
    codes: Gateway
    webhooks: WebhookSender | None = None
    pusher: Pusher | None = None
    mailer: Mailer | None = None
    mailbox: Mailbox | None = None
    ticketing: TicketingSystem | None = None
    outages: Outages = field(default_factory=lambda: Outages(SystemClock()))
    captcha: CaptchaVerifier | None = None
