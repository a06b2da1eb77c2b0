"""Settings of single sign-on: what is missing or wrong is named, with its remedy."""

from __future__ import annotations

from typing import Any

import pytest

from privacydesk.app.sign_on import connect_provider, sign_on_settings
from privacydesk.clock import SystemClock
from privacydesk.domain.agents import Role
from privacydesk.errors import SettingsError
from privacydesk.settings import load_settings

RIGHT: dict[str, Any] = {
    "sign_on_issuer": "https://login.example.com/realms/staff",
    "sign_on_client_id": "privacydesk",
    "sign_on_client_secret": "twenty random letters",
    "desk_url": "https://desk.example.com/",
}


def test_without_an_issuer_there_is_no_provider() -> None:
    assert sign_on_settings(load_settings()) is None


def test_few_settings_will_do() -> None:
    settings = sign_on_settings(load_settings(**RIGHT))
    assert settings is not None
    assert settings.redirect_uri == "https://desk.example.com/console/sign-on/callback"
    assert settings.name == "login.example.com"
    assert not settings.creates
    assert not settings.match
    assert settings.role_of({"groups": ["administrators"]}) is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sign_on_client_id": ""}, "SIGN_ON_CLIENT_ID: is missing"),
        ({"sign_on_client_secret": ""}, "SIGN_ON_CLIENT_SECRET: set either"),
        ({"sign_on_client_secret": "short"}, "SIGN_ON_CLIENT_SECRET: use at least 16"),
        ({"sign_on_client_key": {"kty": "EC"}}, "SIGN_ON_CLIENT_SECRET: set either"),
        ({"sign_on_scopes": ["profile"]}, "SIGN_ON_SCOPES: has to contain openid"),
        ({"sign_on_issuer": "https://x.example/?a=b"}, "SIGN_ON_ISSUER: has no query"),
        ({"desk_url": ""}, "DESK_URL: is missing"),
        ({"desk_url": "https://x.example/desk"}, "DESK_URL: needs the desk's"),
        ({"desk_url": "http://desk.example.com"}, "DESK_URL: needs https"),
        ({"sign_on_role_claim": "groups"}, "SIGN_ON_ROLES: needs"),
        (
            {"sign_on_role_claim": "groups", "sign_on_roles": {"a": "integration"}},
            "SIGN_ON_ROLES: 'integration' is no role of staff",
        ),
        ({"sign_on_match": "email"}, "SIGN_ON_EMAIL_DOMAIN: belongs to"),
        ({"sign_on_create": True}, "SIGN_ON_CREATE: needs"),
        ({"sign_on_only": True}, "SIGN_ON_EMERGENCY: is missing"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        sign_on_settings(load_settings(**{**RIGHT, **wrong}))
    assert raised.value.message.startswith(f"PRIVACYDESK_{told}")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sign_on_issuer": "http://login.example.com"}, "needs https"),
        ({"sign_on_issuer": "https://10.0.0.7"}, "PRIVACYDESK_SIGN_ON_NETWORKS"),
        ({"sign_on_issuer": "login"}, "PRIVACYDESK_SIGN_ON_ISSUER"),
        (
            {"sign_on_client_secret": "", "sign_on_client_key": {"kty": "oct", "k": "AAAA"}},
            "private JSON Web Key",
        ),
    ],
)
async def test_an_address_or_key_that_can_not_be_used_is_named(
    wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        async with connect_provider(load_settings(**{**RIGHT, **wrong}), SystemClock()):
            pass


def test_the_first_group_of_the_settings_gives_the_role() -> None:
    roles = {"desk-admins": "administrator", "desk": "agent"}
    given: dict[str, Any] = {
        **RIGHT,
        "sign_on_role_claim": "realm_access.roles",
        "sign_on_roles": roles,
    }
    settings = sign_on_settings(load_settings(**given))
    assert settings is not None
    assert settings.role_of({"realm_access": {"roles": ["desk", "desk-admins"]}}) is (
        Role.ADMINISTRATOR
    )
    assert settings.role_of({"realm_access.roles": "desk"}) is Role.AGENT
    for odd in ({}, {"realm_access": "desk"}, {"realm_access": {"roles": {"desk": 1}}}):
        assert settings.role_of(odd) is None
