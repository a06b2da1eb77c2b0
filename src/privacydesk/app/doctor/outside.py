"""Checks of outside services: reachable, with the secrets in the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, NamedTuple
from uuid import uuid4

from privacydesk.app.connections import (
    build_mailbox,
    build_mailer,
    connect_accounts,
    connect_challenges,
    connect_codes,
    connect_push,
    connect_ticketing,
    connect_translation,
    sms_account,
)
from privacydesk.app.doctor.listeners import find_listener_faults, find_metrics_listener_faults
from privacydesk.app.doctor.report import Report
from privacydesk.app.findings import Finding, Level
from privacydesk.app.sign_on import connect_provider, sign_on_settings
from privacydesk.clock import Clock
from privacydesk.connectors.cloud_sms import connect_cloud_sms
from privacydesk.connectors.operator_faults import describe_fault
from privacydesk.connectors.start_check import probe_accounts, probe_codes
from privacydesk.errors import SettingsError, UnavailableError
from privacydesk.outages import Outages
from privacydesk.profile import OperatorProfile
from privacydesk.settings import Settings

Probe = Callable[[Settings, Clock, OperatorProfile], Awaitable[tuple[str, ...]]]
"""Uses a service once, without changing anything; returns its faults as sentences.

Raises:
    UnavailableError: it can't be used.
    SettingsError: a setting is missing or wrong.
"""


class _Service(NamedTuple):
    """A service, how it is probed, and the names of its settings.

    Attributes:
        name: its name in the findings.
        prefix: what the names of its settings begin with.
        probe: uses it once.
        suffixes: the ends of the settings with its secret and with its address.
        ok: what is told if it has no fault.
        fault: what a fault leads to.
        level: how grave a fault is.
    """

    name: str
    prefix: str
    probe: Probe
    suffixes: tuple[str, str] = ("SECRET", "URL")
    ok: str = "it answers, and takes the desk's secret"
    fault: str = ""
    level: Level = Level.FAULT


_FREE: Final = "the port is free, or the desk answers there"
_ADMITTED: Final = ". Meanwhile visitors are admitted without a challenge"


async def find_outside_faults(
    settings: Settings, clock: Clock, profile: OperatorProfile, report: Report
) -> None:
    """Report on each service in the settings; all are asked at the same time.

    Args:
        settings: the settings of the desk.
        clock: source of the current time.
        profile: maps requests to tickets of a helpdesk.
        report: gets the findings.
    """
    probed = (_find_faults(one, settings, clock, profile) for one in _services(settings))
    for findings in await asyncio.gather(*probed):
        report.add(findings)


def _services(settings: Settings) -> Iterator[_Service]:
    if settings.port:
        # `serve` may be told another one by its options.
        chosen = {"host", "port"} & settings.model_fields_set
        level = Level.FAULT if chosen else Level.WARNING
        yield _Service("port", "", _probe_port, ok=_FREE, level=level)
    yield _Service("account service", "account_service", _probe_accounts)
    if settings.code_gateway_url or not settings.sms_vendor:
        yield _Service("code gateway", "code_gateway", _probe_codes)
    for setting, service in _OPTIONAL.items():
        if getattr(settings, setting):
            yield service


async def _probe_accounts(settings: Settings, clock: Clock, _: OperatorProfile) -> tuple[str, ...]:
    async with connect_accounts(settings, clock, Outages(clock)) as service:
        await probe_accounts(service)
    return ()


async def _probe_codes(settings: Settings, clock: Clock, _: OperatorProfile) -> tuple[str, ...]:
    async with connect_codes(settings, clock, Outages(clock)) as gateway:
        await probe_codes(gateway)
    return ()


async def _probe_sms(settings: Settings, clock: Clock, _: OperatorProfile) -> tuple[str, ...]:
    async with connect_cloud_sms(sms_account(settings), clock=clock) as sender:
        await sender.check()
    return ()


async def _probe_mail(settings: Settings, clock: Clock, _: OperatorProfile) -> tuple[str, ...]:
    if mailer := build_mailer(settings, clock):
        await mailer.check()
    return ()


async def _probe_mailbox(settings: Settings, clock: Clock, _: OperatorProfile) -> tuple[str, ...]:
    if mailbox := build_mailbox(settings, clock):
        await mailbox.check()
    return ()


async def _probe_sign_on(settings: Settings, clock: Clock, _: OperatorProfile) -> tuple[str, ...]:
    sign_on_settings(settings)
    async with connect_provider(settings, clock) as provider:
        if provider is not None:
            await provider.metadata()
            await provider.keys()
    return ()


async def _probe_push(settings: Settings, clock: Clock, _: OperatorProfile) -> tuple[str, ...]:
    async with connect_push(settings, clock, Outages(clock)) as pusher:
        if pusher is not None:
            await pusher.check()
    return ()


async def _probe_translation(
    settings: Settings, clock: Clock, _: OperatorProfile
) -> tuple[str, ...]:
    async with connect_translation(settings, clock, Outages(clock)) as translator:
        if translator is not None:
            await translator.translate(("OK",), "zh-Hans", key=f"start-check-{uuid4().hex}")
    return ()


async def _probe_challenges(
    settings: Settings, clock: Clock, _: OperatorProfile
) -> tuple[str, ...]:
    async with connect_challenges(settings, clock, Outages(clock)) as captcha:
        if captcha is not None:
            await captcha.verify("start-check")
    return ()


async def _probe_port(settings: Settings, _: Clock, __: OperatorProfile) -> tuple[str, ...]:
    return await find_listener_faults(settings)


async def _probe_metrics(settings: Settings, _: Clock, __: OperatorProfile) -> tuple[str, ...]:
    return await find_metrics_listener_faults(settings)


async def _probe_ticketing(
    settings: Settings, clock: Clock, profile: OperatorProfile
) -> tuple[str, ...]:
    async with connect_ticketing(settings, clock, profile.ticketing.map(profile.zone)) as system:
        return await system.check() if system is not None else ()


_OPTIONAL: Final = {
    "sms_vendor": _Service("SMS", "sms", _probe_sms, ("ACCESS_KEY_SECRET", "ENDPOINT")),
    "smtp_host": _Service("mail", "smtp", _probe_mail, ("PASSWORD", "HOST")),
    "imap_host": _Service("mailbox", "imap", _probe_mailbox, ("PASSWORD", "HOST")),
    # The secret is shown only when somebody signs in.
    "sign_on_issuer": _Service(
        "sign-on", "sign_on", _probe_sign_on, ("CLIENT_SECRET", "ISSUER"), "the provider answers"
    ),
    "push_gateway_url": _Service("push", "push_gateway", _probe_push),
    "translation_url": _Service("translation", "translation", _probe_translation),
    "captcha_url": _Service("challenges", "captcha", _probe_challenges, fault=_ADMITTED),
    "metrics_port": _Service("metrics", "metrics", _probe_metrics, ok=_FREE),
    "ticketing_system": _Service("ticketing", "ticketing", _probe_ticketing),
}
"""The services that are asked only where a setting names them, by that setting."""


async def _find_faults(
    service: _Service, settings: Settings, clock: Clock, profile: OperatorProfile
) -> tuple[Finding, ...]:
    secret, address = service.suffixes
    try:
        faults = await service.probe(settings, clock, profile)
    except SettingsError as error:
        faults = (error.message,)
    except UnavailableError as error:
        faults = (describe_fault(service.prefix, error, secret=secret, address=address),)
    if not faults:
        return (Finding(service.name, Level.OK, service.ok),)
    return tuple(Finding(service.name, service.level, fault + service.fault) for fault in faults)
