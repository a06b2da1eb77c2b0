"""Single sign-on: the values and rules of OpenID Connect, and the port to a provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from msgspec import Struct

from privacydesk.domain.agents import Role
from privacydesk.domain.ids import LookupHash
from privacydesk.domain.instants import CLOCK_TOLERANCE, happened_within

BY_PROVIDER: Final = "identity_provider"
"""The actor of changes that follow from what the identity provider says."""

CALLBACK: Final = "/console/sign-on/callback"
"""The path of the redirect URI, below the desk's address."""

CLOCK_LEEWAY: Final = timedelta(seconds=60)
"""How far the clocks of the provider and of the desk may differ."""

CONFIRMATION_PRECISION: Final = timedelta(minutes=10)
"""How often an agent's last confirmation by the provider is updated; each update is a commit."""

FLOW_LIFETIME: Final = timedelta(minutes=10)
"""The maximum time between leaving for the provider and coming back."""

AgentMatch = Literal["", "preferred_username", "email"]
"""The claim that names the agent at the first sign-in; empty if an administrator links them."""


class Identity(Struct, frozen=True):
    """A person's account at the identity provider. Never shown to anybody but administrators.

    Attributes:
        issuer: the provider's issuer identifier.
        subject: the account's identifier, unique at the issuer and never reused (``sub``).
        key: keyed hash of both, by which the agent is found.
    """

    issuer: str
    subject: str
    key: LookupHash


class ProviderLogin(Struct, frozen=True):
    """What a session keeps of its sign-in by the provider. Sealed with the session.

    Attributes:
        key: keyed hash of the provider's session (``sid``), or of the desk's session if it has
            none.
        checked_at: when the provider last confirmed the session.
        id_token: the ID token, which identifies the session when signing out.
        refresh_token: by which the session is confirmed again; empty if the provider gave none.
    """

    key: LookupHash
    checked_at: datetime
    id_token: str = ""
    refresh_token: str = ""


class SignOnSettings(Struct, frozen=True):
    """The operator's settings for single sign-on.

    Attributes:
        issuer: the provider's issuer identifier.
        client_id: the desk's identifier at the provider.
        scopes: the scopes that are requested.
        name: the provider's name on the sign-in page.
        desk_url: origin of the desk, such as ``https://desk.example.com``.
        role_claim: claim with the person's groups; dots lead into objects. Empty: roles are set at
            the desk.
        roles: the role of each group; groups that are not named give none.
        match: the claim that names the agent at the first sign-in.
        email_domain: the domain whose addresses name agents by their local part.
        creates: whether an agent is added at the first sign-in.
        only: whether agents who are not linked are refused, too.
        emergency: names of agents who come in without the provider, linked or not.
        check_every: how often sessions are confirmed with the provider.
        outage_grace: how long a session lasts that the provider does not confirm because it is out.
        unchecked_lifetime: how long a session lasts that can't be confirmed.
        token_lifetime: how long after the provider last confirmed a linked agent their own API
            tokens work.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    name: str
    desk_url: str
    role_claim: str = ""
    roles: Mapping[str, Role] = {}
    match: AgentMatch = ""
    email_domain: str = ""
    creates: bool = False
    only: bool = False
    emergency: frozenset[str] = frozenset()
    check_every: timedelta = timedelta(seconds=20)
    outage_grace: timedelta = timedelta(minutes=10)
    unchecked_lifetime: timedelta = timedelta(minutes=15)
    token_lifetime: timedelta = timedelta(hours=12)

    @property
    def redirect_uri(self) -> str:
        """The address to which the provider sends browsers back."""
        return self.desk_url + CALLBACK

    def permits_password(self, agent: str, *, is_linked: bool) -> bool:
        """Return whether an agent may sign in with a password or a passkey."""
        return agent in self.emergency or not (self.only or is_linked)

    def permits_tokens(
        self, agent: str, *, is_linked: bool, confirmed_at: datetime | None, now: datetime
    ) -> bool:
        """Return whether an agent's own API tokens work."""
        if agent in self.emergency or not is_linked:
            return True
        return confirmed_at is not None and happened_within(
            confirmed_at, now, self.token_lifetime, ahead=CLOCK_TOLERANCE
        )

    def role_of(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the role that claims give: the first of ``roles`` that one of the groups has."""
        found: Any = claims.get(self.role_claim)
        if found is None:
            found = claims
            for part in self.role_claim.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
        groups = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        return next((role for group, role in self.roles.items() if group in groups), None)

    def agent_name(self, claims: Mapping[str, Any]) -> str:
        """Return the name of the agent that claims name; empty if they name none.

        An address counts only if the provider has verified it.
        """
        if self.match == "email":
            local, _, domain = _text(claims, "email").rpartition("@")
            is_verified = claims.get("email_verified") is True
            is_own = domain.casefold() == self.email_domain.casefold()
            return local.casefold() if is_verified and is_own else ""
        return _text(claims, "preferred_username").casefold() if self.match else ""


class ProviderMetadata(Struct, frozen=True):
    """What the provider's discovery document says.

    Attributes:
        authorization_endpoint: where browsers are sent to sign in.
        sends_issuer: whether answers to browsers name the issuer (RFC 9207).
        end_session_endpoint: where browsers are sent to sign out; empty if there is none.
        userinfo: whether claims can be asked for with an access token.
        tells_logout: whether the provider tells of sign-outs (Back-Channel Logout 1.0).
    """

    authorization_endpoint: str
    sends_issuer: bool = False
    end_session_endpoint: str = ""
    userinfo: bool = False
    tells_logout: bool = False


class TokenAnswer(Struct, frozen=True):
    """The tokens of a sign-in, or of its renewal."""

    access_token: str
    id_token: str = ""
    refresh_token: str = ""


class RefusedByProviderError(Exception):
    """The provider refuses a code or a token: it is not valid, or is no longer.

    Attributes:
        error: the provider's error code.
    """

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class IdentityProvider(Protocol):
    """Calls to the identity provider.

    All raise ``UnavailableError`` if it can't be reached or breaks the protocol.
    """

    async def metadata(self) -> ProviderMetadata:
        """Return what the discovery document says; it is fetched again now and then."""
        ...

    async def keys(self) -> Sequence[Mapping[str, Any]]:
        """Fetch the JSON Web Keys that the provider signs with."""
        ...

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> TokenAnswer:
        """Exchange an authorization code.

        Raises:
            RefusedByProviderError: the provider refuses it.
        """
        ...

    async def refresh(self, refresh_token: str) -> TokenAnswer:
        """Renew a sign-in.

        Raises:
            RefusedByProviderError: the person may no longer sign in, or has signed out.
        """
        ...

    async def userinfo(self, access_token: str) -> Mapping[str, Any]:
        """Return the claims that an access token gives access to.

        Raises:
            RefusedByProviderError: the token is no longer valid.
        """
        ...


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
