"""Connections to the external services in the settings.

Connectors that few desks use, such as the mailbox's, are imported only if they are configured.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from yarl import URL

from privacydesk.app.external_services import ExternalServices, PhoneGateway
from privacydesk.app.sign_on import connect_provider
from privacydesk.app.staff_channels import connect_channels
from privacydesk.clock import Clock
from privacydesk.connectors.addresses import is_this_machine
from privacydesk.connectors.cloud_sms import (
    ENDPOINTS,
    TENCENT,
    SmsAccount,
    connect_cloud_sms,
)
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_account import HttpAccountService, connect_account_service
from privacydesk.connectors.http_captcha import connect_captcha
from privacydesk.connectors.http_push import HttpPusher, connect_pusher
from privacydesk.connectors.http_sms import HttpCodeSender, connect_code_sender
from privacydesk.connectors.http_translation import connect_translator
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.connectors.webhooks import connect_webhooks
from privacydesk.domain.account import AccountService
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.domain.ticketing import TicketingMap, TicketingSystem
from privacydesk.domain.translation import Translator
from privacydesk.errors import SettingsError
from privacydesk.outages import Outages
from privacydesk.settings import Settings

if TYPE_CHECKING:
    from privacydesk.connectors.imap import ImapMailbox
    from privacydesk.connectors.smtp import SmtpMailer


@asynccontextmanager
async def connect_external_services(
    settings: Settings, clock: Clock, ticketing_map: TicketingMap, outages: Outages | None = None
) -> AsyncIterator[ExternalServices]:
    """Connect to the external services in the settings.

    Args:
        settings: the settings of this process.
        clock: source of the current time.
        ticketing_map: maps the desk's terms to those of the ticketing system.
        outages: records outages of the services; default: a new registry.

    Raises:
        SettingsError: an address or secret is missing or wrong; the message names the setting.
    """
    outages = outages or Outages(clock)
    async with (
        connect_accounts(settings, clock, outages) as account_service,
        connect_codes(settings, clock, outages, account_service) as code_sender,
        connect_webhooks(AddressRules(settings.webhook_networks), clock) as webhook_sender,
        connect_push(settings, clock, outages) as pusher,
        connect_ticketing(settings, clock, ticketing_map) as ticketing,
        connect_challenges(settings, clock, outages) as captcha,
        connect_translation(settings, clock, outages) as translator,
        connect_provider(settings, clock) as identity_provider,
        connect_channels(settings, clock, outages) as staff_channels,
    ):
        yield ExternalServices(
            account_service,
            code_sender,
            webhook_sender,
            pusher,
            build_mailer(settings, clock),
            build_mailbox(settings, clock),
            ticketing,
            outages,
            captcha,
            translator,
            identity_provider,
            staff_channels,
        )


def connect_accounts(
    settings: Settings, clock: Clock, outages: Outages
) -> AbstractAsyncContextManager[HttpAccountService]:
    """Connect to the account service in the settings.

    Raises:
        SettingsError: its address or secret is missing or wrong; the message names the setting.
    """
    secret = settings.account_service_secret.get_secret_value()
    previous = settings.account_service_previous_secret.get_secret_value()
    endpoint = _endpoint(settings.account_service_url, secret, "account_service", previous)
    return connect_account_service(endpoint, clock=clock, outage=outages.of("account_service"))


@asynccontextmanager
async def connect_codes(
    settings: Settings, clock: Clock, outages: Outages, accounts: AccountService | None = None
) -> AsyncIterator[PhoneGateway]:
    """Connect to what sends codes: the cloud in the settings, or else the code gateway.

    Args:
        settings: the settings of this process.
        clock: source of the current time.
        outages: records outages of either.
        accounts: finds the phones of accounts for a cloud, if there is no gateway.

    Raises:
        SettingsError: a setting is missing or wrong; the message names it.
    """
    if not settings.sms_vendor:
        async with _connect_gateway(settings, clock, outages) as only:
            yield only
        return
    async with AsyncExitStack() as stack:
        gateway: HttpCodeSender | None = None
        if settings.code_gateway_url:
            gateway = await stack.enter_async_context(_connect_gateway(settings, clock, outages))
        yield await stack.enter_async_context(
            connect_cloud_sms(
                sms_account(settings),
                clock=clock,
                gateway=gateway,
                accounts=accounts,
                outage=outages.of("code_gateway"),
            )
        )


def sms_account(settings: Settings) -> SmsAccount:
    """Return the operator's account at the vendor in the settings.

    Raises:
        SettingsError: a setting is missing or wrong; the message names it.
    """
    vendor = settings.sms_vendor
    needed = {
        "sms_access_key_id": settings.sms_access_key_id,
        "sms_access_key_secret": settings.sms_access_key_secret.get_secret_value(),
        "sms_sign": settings.sms_sign,
        **({"sms_app": settings.sms_app} if vendor == TENCENT else {}),
    }
    for key, value in needed.items():
        if not value:
            raise SettingsError(f"PRIVACYDESK_{key.upper()} is missing", key=key)
    if "code" not in settings.sms_templates:
        raise SettingsError(
            'PRIVACYDESK_SMS_TEMPLATES: needs a template named "code"', key="sms_templates"
        )
    endpoint = settings.sms_endpoint or ENDPOINTS[vendor]
    host = URL(endpoint).host or ""
    if not endpoint.startswith("https://") and not is_this_machine(host):
        raise SettingsError("PRIVACYDESK_SMS_ENDPOINT: needs https", key="sms_endpoint")
    return SmsAccount(
        vendor=vendor,
        key_id=settings.sms_access_key_id,
        secret=settings.sms_access_key_secret.get_secret_value(),
        endpoint=endpoint,
        sign=settings.sms_sign,
        sign_abroad=settings.sms_sign_abroad,
        templates=settings.sms_templates,
        app=settings.sms_app,
        region=settings.sms_region,
    )


def _connect_gateway(
    settings: Settings, clock: Clock, outages: Outages
) -> AbstractAsyncContextManager[HttpCodeSender]:
    secret = settings.code_gateway_secret.get_secret_value()
    previous = settings.code_gateway_previous_secret.get_secret_value()
    endpoint = _endpoint(settings.code_gateway_url, secret, "code_gateway", previous)
    return connect_code_sender(endpoint, clock=clock, outage=outages.of("code_gateway"))


@asynccontextmanager
async def connect_push(
    settings: Settings, clock: Clock, outages: Outages
) -> AsyncIterator[HttpPusher | None]:
    """Connect to the push gateway in the settings; yield None if there is none.

    Raises:
        SettingsError: its address or secret is missing or wrong; the message names the setting.
    """
    if not settings.push_gateway_url:
        yield None
        return
    secret = settings.push_gateway_secret.get_secret_value()
    previous = settings.push_gateway_previous_secret.get_secret_value()
    endpoint = _endpoint(settings.push_gateway_url, secret, "push_gateway", previous)
    async with connect_pusher(endpoint, clock=clock, outage=outages.of("push_gateway")) as pusher:
        yield pusher


@asynccontextmanager
async def connect_challenges(
    settings: Settings, clock: Clock, outages: Outages
) -> AsyncIterator[CaptchaVerifier | None]:
    """Connect to what verifies challenges in the settings; yield None if there is none.

    Raises:
        SettingsError: its address or secret is missing or wrong; the message names the setting.
    """
    if not settings.captcha_url:
        yield None
        return
    secret = settings.captcha_secret.get_secret_value()
    endpoint = _endpoint(settings.captcha_url, secret, "captcha")
    async with connect_captcha(endpoint, clock=clock, outage=outages.of("captcha")) as captcha:
        yield captcha


@asynccontextmanager
async def connect_translation(
    settings: Settings, clock: Clock, outages: Outages
) -> AsyncIterator[Translator | None]:
    """Connect to the translation service in the settings; yield None if there is none.

    Raises:
        SettingsError: its address or secret is missing or wrong; the message names the setting.
    """
    if not settings.translation_url:
        yield None
        return
    secret = settings.translation_secret.get_secret_value()
    previous = settings.translation_previous_secret.get_secret_value()
    endpoint = _endpoint(settings.translation_url, secret, "translation", previous)
    outage = outages.of("translation")
    async with connect_translator(endpoint, clock=clock, outage=outage) as translator:
        yield translator


@asynccontextmanager
async def connect_ticketing(
    settings: Settings, clock: Clock, ticketing_map: TicketingMap
) -> AsyncIterator[TicketingSystem | None]:
    """Connect to the ticketing system in the settings; yield None if there is none.

    Raises:
        SettingsError: its address or secret is missing or wrong; the message names the setting.
    """
    if not settings.ticketing_system:
        yield None
        return
    secret = settings.ticketing_secret.get_secret_value()
    endpoint = _endpoint(settings.ticketing_url, secret, "ticketing")
    username = settings.ticketing_username
    connection: AbstractAsyncContextManager[TicketingSystem]
    if settings.ticketing_system == "request_tracker":
        from privacydesk.connectors.request_tracker import (  # noqa: PLC0415
            connect_request_tracker,
        )

        connection = connect_request_tracker(endpoint, username, ticketing_map, clock=clock)
    elif settings.ticketing_system == "redmine":
        from privacydesk.connectors.redmine import connect_redmine  # noqa: PLC0415

        connection = connect_redmine(endpoint, username, ticketing_map, clock=clock)
    else:
        from privacydesk.connectors.django_helpdesk import (  # noqa: PLC0415
            connect_django_helpdesk,
        )

        connection = connect_django_helpdesk(endpoint, username, ticketing_map, clock=clock)
    async with connection as system:
        yield system


def build_mailbox(settings: Settings, clock: Clock) -> ImapMailbox | None:
    """Return the mailbox in the settings; None if the desk receives no mail.

    Raises:
        SettingsError: a setting is missing or wrong; the message names it.
    """
    if not settings.imap_host:
        return None
    if not settings.smtp_host:
        raise SettingsError(
            "PRIVACYDESK_SMTP_HOST is missing: a desk that receives mail answers by mail",
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


def build_mailer(settings: Settings, clock: Clock) -> SmtpMailer | None:
    """Return the mail server in the settings; None without one.

    Raises:
        SettingsError: a setting is wrong; the message names it.
    """
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


def _endpoint(url: str, secret: str, name: str, previous_secret: str = "") -> Endpoint:
    """Return a service's endpoint; raise ``SettingsError`` if its URL or secret is missing."""
    for part, value in (("url", url), ("secret", secret)):
        if not value:
            setting = f"{name}_{part}"
            raise SettingsError(f"PRIVACYDESK_{setting.upper()} is missing", key=setting)
    return Endpoint(url, secret, previous_secret).checked(name)
