"""Settings for single sign-on: checked, and turned into those of its services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from privacydesk.app.desk_address import desk_origin
from privacydesk.clock import Clock
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.domain.agents import STAFF, Role
from privacydesk.domain.sign_on import IdentityProvider, SignOnSettings
from privacydesk.errors import SettingsError
from privacydesk.settings import Settings

_MIN_SECRET_LENGTH: Final = 16


def sign_on_settings(settings: Settings) -> SignOnSettings | None:
    """Return the settings for single sign-on; None if there is no provider.

    Raises:
        SettingsError: a setting is missing or wrong; the message names it.
    """
    if not settings.sign_on_issuer:
        return None
    for name, fault in _faults(settings):
        raise SettingsError(f"PRIVACYDESK_{name.upper()}: {fault}", key=name)
    return SignOnSettings(
        issuer=settings.sign_on_issuer,
        client_id=settings.sign_on_client_id,
        scopes=tuple(settings.sign_on_scopes),
        name=settings.sign_on_name or urlsplit(settings.sign_on_issuer).hostname or "",
        desk_url=desk_origin(settings),
        role_claim=settings.sign_on_role_claim,
        roles={group: Role(role) for group, role in settings.sign_on_roles.items()},
        match=settings.sign_on_match,
        email_domain=settings.sign_on_email_domain,
        creates=settings.sign_on_create,
        only=settings.sign_on_only,
        emergency=frozenset(settings.sign_on_emergency),
        unchecked_lifetime=timedelta(minutes=settings.sign_on_unchecked_minutes),
    )


def _faults(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the name of each setting that is missing or wrong, and what is wrong with it."""
    if not settings.sign_on_client_id:
        yield "sign_on_client_id", "is missing: the desk's identifier at the provider"
    secret = settings.sign_on_client_secret.get_secret_value()
    if bool(secret) == bool(settings.sign_on_client_key):
        yield "sign_on_client_secret", "set either this or PRIVACYDESK_SIGN_ON_CLIENT_KEY"
    if secret and len(secret) < _MIN_SECRET_LENGTH:
        yield "sign_on_client_secret", f"use at least {_MIN_SECRET_LENGTH} random characters"
    if "openid" not in settings.sign_on_scopes:
        yield "sign_on_scopes", "has to contain openid"
    yield from _address_faults(settings)
    yield from _people_faults(settings)


def _people_faults(settings: Settings) -> Iterator[tuple[str, str]]:
    if bool(settings.sign_on_role_claim) != bool(settings.sign_on_roles):
        yield "sign_on_roles", "needs PRIVACYDESK_SIGN_ON_ROLE_CLAIM, and the claim needs roles"
    for role in settings.sign_on_roles.values():
        if role not in {one.value for one in STAFF}:
            yield "sign_on_roles", f"{role!r} is no role of staff: {', '.join(STAFF)}"
    if (settings.sign_on_match == "email") != bool(settings.sign_on_email_domain):
        yield "sign_on_email_domain", "belongs to PRIVACYDESK_SIGN_ON_MATCH=email"
    if settings.sign_on_create and not (settings.sign_on_match and settings.sign_on_roles):
        yield "sign_on_create", "needs PRIVACYDESK_SIGN_ON_MATCH and PRIVACYDESK_SIGN_ON_ROLES"
    if settings.sign_on_only and not settings.sign_on_emergency:
        yield (
            "sign_on_emergency",
            "is missing: name an administrator whose password works while the provider is out",
        )


def _address_faults(settings: Settings) -> Iterator[tuple[str, str]]:
    issuer = urlsplit(settings.sign_on_issuer)
    if issuer.query or issuer.fragment:
        yield "sign_on_issuer", "has no query and no fragment"
    if not desk_origin(settings):
        yield "desk_url", "is missing: the desk's origin, such as https://desk.example.com"


@asynccontextmanager
async def connect_provider(
    settings: Settings, clock: Clock
) -> AsyncIterator[IdentityProvider | None]:
    """Connect to the identity provider in the settings; yield None if there is none.

    Raises:
        SettingsError: a setting is missing or wrong.
    """
    if sign_on_settings(settings) is None:
        yield None
        return
    from privacydesk.connectors.openid import (  # noqa: PLC0415 - few desks have one
        ProviderClient,
        connect_identity_provider,
    )

    client = ProviderClient(
        settings.sign_on_issuer,
        settings.sign_on_client_id,
        settings.sign_on_client_secret.get_secret_value(),
        settings.sign_on_client_key or None,
    )
    rules = AddressRules(settings.sign_on_networks)
    async with connect_identity_provider(client, rules, clock) as provider:
        yield provider
