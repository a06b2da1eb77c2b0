"""The outside services that the desk uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from privacydesk.clock import SystemClock
from privacydesk.domain.account import AccountService
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.domain.code_delivery import CodeSender
from privacydesk.domain.mail import Mailbox
from privacydesk.domain.notices import Mailer, NoticeGateway, Pusher
from privacydesk.domain.ticketing import TicketingSystem
from privacydesk.domain.webhooks import WebhookSender
from privacydesk.outages import Outages


class Gateway(CodeSender, NoticeGateway, Protocol):
    """Sends codes and notices to phones."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The outside services that the desk uses.

    Attributes:
        codes: sends codes, and notices to phones.
        webhooks: None in processes that leave sending to ``serve``.
        pusher: None without a push service.
        mailer: None without a mail server.
        mailbox: None where no mail is received.
        ticketing: None without a ticketing system.
        outages: of these services, and of what else the desk depends on.
        captcha: None where visitors get no challenge.
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
