"""The external services that the desk uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from privacydesk.clock import SystemClock
from privacydesk.domain.account import AccountService
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.domain.code_delivery import CodeSender
from privacydesk.domain.mail import Mailbox
from privacydesk.domain.notices import Mailer, NoticeGateway, Pusher
from privacydesk.domain.sign_on import IdentityProvider
from privacydesk.domain.staff_channels import StaffChannelSender
from privacydesk.domain.ticketing import TicketingSystem
from privacydesk.domain.translation import Translator
from privacydesk.domain.webhooks import WebhookSender
from privacydesk.outages import Outages


class PhoneGateway(CodeSender, NoticeGateway, Protocol):
    """Sends one-time codes and notices by text message."""


@dataclass(frozen=True, slots=True)
class ExternalServices:
    """The external services that the desk uses.

    Attributes:
        accounts: reads and changes user accounts.
        codes: sends one-time codes and notices by text message.
        webhooks: sends webhooks; None in commands, where ``serve`` sends them.
        pusher: sends push notices; None without a push gateway.
        mailer: sends mail; None without a mail server.
        mailbox: receives mail; None if the desk receives none.
        ticketing: the helpdesk to synchronize with; None without one.
        outages: records outages of these services and of the database.
        captcha: verifies captchas; None if visitors get no captcha.
        translator: translates messages for staff; None without a translation service.
        identity_provider: signs staff in; None without single sign-on, and in commands.
        staff_channels: posts into the group chats of staff, by name; none in commands.
    """

    accounts: AccountService
    codes: PhoneGateway
    webhooks: WebhookSender | None = None
    pusher: Pusher | None = None
    mailer: Mailer | None = None
    mailbox: Mailbox | None = None
    ticketing: TicketingSystem | None = None
    outages: Outages = field(default_factory=lambda: Outages(SystemClock()))
    captcha: CaptchaVerifier | None = None
    translator: Translator | None = None
    identity_provider: IdentityProvider | None = None
    staff_channels: Mapping[str, StaffChannelSender] = field(default_factory=dict)
