"""Connecting the outside services that the settings name.

What most desks do without, such as a mailbox, is imported only where it is configured.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from privacydesk.app.outside import Outside
from privacydesk.clock import Clock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_account import connect_account_service
from privacydesk.connectors.http_captcha import connect_captcha
from privacydesk.connectors.http_push import connect_pusher
from privacydesk.connectors.http_sms import connect_code_sender
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhooks import connect_webhooks
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.domain.mail import Mailbox
from privacydesk.domain.notices import Mailer, Pusher
from privacydesk.domain.ticketing import TicketingMap, TicketingSystem
from privacydesk.errors import SettingsError
from privacydesk.outages import Outages
from privacydesk.settings import Settings

_SHORTEST_SECRET = 16
_FEWEST_LETTERS = 8


@asynccontextmanager
async def connect_outside(
    settings: Settings, clock: Clock, said: TicketingMap, outages: Outages | None = None
) -> AsyncIterator[Outside]:
    """Connect what the settings name.

    Args:
        settings: what the process runs with.
        clock: the present.
        said: the mapping of the desk's terms to a ticketing system's.
        outages: the process's own; a new object unless given.

    Raises:
        SettingsError: an address or secret is missing or wrong; the message names the setting.
    """
    outages = outages or Outages(clock)
    accounts = _endpoint(
        settings.account_service_url,
        settings.account_service_secret.get_secret_value(),
        "account_service",
    )
    codes = _endpoint(
        settings.code_gateway_url, settings.code_gateway_secret.get_secret_value(), "code_gateway"
    )
    async with (
        connect_account_service(
            accounts, clock=clock, outage=outages.of("account_service")
        ) as account_service,
        connect_code_sender(codes, clock=clock, outage=outages.of("code_gateway")) as code_sender,
        connect_webhooks(AddressRules(settings.webhook_networks), clock) as webhook_sender,
        _pusher(settings, clock, outages) as pusher,
        connect_ticketing(settings, clock, said) as ticketing,
        _captcha(settings, clock) as captcha,
    ):
        yield Outside(
            account_service,
            code_sender,
            webhook_sender,
            pusher,
            _mailer(settings, clock),
            _mailbox(settings, clock),
            ticketing,
            outages,
            captcha,
        )


@asynccontextmanager
async def _pusher(
    settings: Settings, clock: Clock, outages: Outages
) -> AsyncIterator[Pusher | None]:
    if not settings.push_gateway_url:
        yield None
        return
    secret = settings.push_gateway_secret.get_secret_value()
    endpoint = _endpoint(settings.push_gateway_url, secret, "push_gateway")
    async with connect_pusher(endpoint, clock=clock, outage=outages.of("push_gateway")) as pusher:
        yield pusher


@asynccontextmanager
async def _captcha(settings: Settings, clock: Clock) -> AsyncIterator[CaptchaVerifier | None]:
    if not settings.captcha_url:
        yield None
        return
    secret = settings.captcha_secret.get_secret_value()
    endpoint = _endpoint(settings.captcha_url, secret, "captcha")
    async with connect_captcha(endpoint, clock=clock) as captcha:
        yield captcha


@asynccontextmanager
async def connect_ticketing(
    settings: Settings, clock: Clock, said: TicketingMap
) -> AsyncIterator[TicketingSystem | None]:
    """Connect the ticketing system in the settings; None if there is none.

    Raises:
        SettingsError: its address or secret is missing or wrong; the message names the setting.
    """
    if not settings.ticketing_system:
        yield None
        return
    secret = settings.ticketing_secret.get_secret_value()
    endpoint = _endpoint(settings.ticketing_url, secret, "ticketing")
    account = settings.ticketing_username
    connecting: AbstractAsyncContextManager[TicketingSystem]
    if settings.ticketing_system == "request_tracker":
        from privacydesk.connectors.request_tracker import (  # noqa: PLC0415
            connect_request_tracker,
        )

        connecting = connect_request_tracker(endpoint, account, said, clock=clock)
    else:
        from privacydesk.connectors.django_helpdesk import (  # noqa: PLC0415
            connect_django_helpdesk,
        )

        connecting = connect_django_helpdesk(endpoint, account, said, clock=clock)
    async with connecting as system:
        yield system


def _mailbox(settings: Settings, clock: Clock) -> Mailbox | None:
    if not settings.imap_host:
        return None
    if not settings.smtp_host:
        raise SettingsError(
            "PRIVACYDESK_SMTP_HOST is missing: mails that are taken in are answered by mail",
            key="smtp_host",
        )
    from privacydesk.connectors.imap import ImapMailbox, ImapServer  # noqa: PLC0415

    server = ImapServer(
        host=settings.imap_host,
        port=settings.imap_port,
        username=settings.imap_username,
        password=settings.imap_password.get_secret_value(),
        folder=settings.imap_folder,
        security=settings.imap_security,
        ca_file=settings.imap_ca_file,
    )
    return ImapMailbox(server, clock)


def _mailer(settings: Settings, clock: Clock) -> Mailer | None:
    if not settings.smtp_host:
        return None
    from privacydesk.connectors.smtp import MailServer, SmtpMailer  # noqa: PLC0415

    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        timeout=settings.smtp_timeout_seconds,
        ca_file=settings.smtp_ca_file,
    )
    return SmtpMailer(server, clock)


def _endpoint(url: str, secret: str, name: str) -> Endpoint:
    for part, value in (("url", url), ("secret", secret)):
        if not value:
            setting = f"{name}_{part}"
            raise SettingsError(f"PRIVACYDESK_{setting.upper()} is missing", key=setting)
    if len(secret) < _SHORTEST_SECRET or len(set(secret)) < _FEWEST_LETTERS:
        setting = f"{name}_secret"
        raise SettingsError(
            f"PRIVACYDESK_{setting.upper()} looks like a placeholder: use at least"
            f" {_SHORTEST_SECRET} random characters",
            key=setting,
        )
    return Endpoint(url, secret).checked(name)
