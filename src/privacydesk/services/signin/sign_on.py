"""Single sign-on with OpenID Connect: the desk as a client of one identity provider.

    begin ─► provider ─► complete ─► session ─┬─ confirmed every few seconds ─► goes on, or ends
                                              └─ logout token ─► ends

The authorization code flow with PKCE. What a browser takes along in a cookie is one random value
with the instant, the purpose and the page that follows; ``state``, ``nonce`` and the code verifier
are keyed hashes of it. So nothing is stored while somebody is away, an answer fits only the browser
that left, and a changed cookie fits no answer.
"""

from __future__ import annotations

import asyncio
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import structlog
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.ids import LookupHash, StaffSessionId
from privacydesk.domain.instants import happened_within
from privacydesk.domain.sign_on import (
    BY_PROVIDER,
    CLOCK_LEEWAY,
    CONFIRMATION_PRECISION,
    FLOW_LIFETIME,
    Identity,
    IdentityProvider,
    ProviderLogin,
    RefusedByProviderError,
    SignOnSettings,
    TokenAnswer,
)
from privacydesk.domain.signin import (
    REAUTHENTICATION_TIME,
    AccessEntry,
    AccessKind,
    AuthenticatedSession,
    Credential,
    StaffSession,
    Stage,
)
from privacydesk.errors import DeskError, ErrorCode, StaleError, UnavailableError
from privacydesk.ports import (
    AccessChanges,
    Hashing,
    IdGenerator,
    PeriodicTasks,
    Reader,
    SessionChange,
    StaffAccess,
)
from privacydesk.services.leases import Lease
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.signin.provider_tokens import IdClaims, ProviderTokens
from privacydesk.services.signin.sign_in import ClientInfo, SignIn
from privacydesk.services.staff.roster import new_agent

_log = structlog.get_logger(__name__)

_TASK: Final = "sign_on"
_LEASE: Final = timedelta(minutes=1)
_ROUND_PAUSE: Final = timedelta(seconds=4)
_MAX_TRIES: Final = 10
"""How often a change of a credential is tried that others change, too."""

_AT_ONCE: Final = 16
"""How many sessions are confirmed in parallel."""

_FINAL_REFUSALS: Final = frozenset(
    {
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_grant",
        "invalid_token",
        "login_required",
    }
)
"""Error codes by which a provider says that a person may not, or no longer. Others are faults of
the provider or of the settings: a session outlasts them for a while."""

_SILENT_REFUSALS: Final = frozenset(
    {"account_selection_required", "consent_required", "interaction_required", "login_required"}
)
"""Answers to a request without interaction, after which the sign-in page is shown."""


class Purpose(StrEnum):
    """Why a browser is sent to the provider."""

    SIGN_IN = "sign_in"
    RENEW = "renew"
    """Without interaction: only if the person is signed in at the provider."""
    CONFIRM = "confirm"
    """Authenticate again, for what takes a recent authentication."""


class Departure(Struct, frozen=True):
    """A browser's way to the provider.

    Attributes:
        address: where it is sent.
        cookie: what it keeps meanwhile.
    """

    address: str
    cookie: str


class Arrival(Struct, frozen=True):
    """A browser's return from the provider.

    Attributes:
        next_page: the page to show.
        cookie: the cookie of the new session, or, after a confirmation, the present one's new one.
        is_signed_in: whether the session is a new one.
        is_signed_out: whether the provider knows nobody, so that the sign-in page is shown.
    """

    next_page: str
    cookie: str = ""
    is_signed_in: bool = False
    is_signed_out: bool = False


class _Flow(Struct, frozen=True):
    """What a browser took along, and what follows from it."""

    purpose: Purpose
    next_page: str
    started_at: datetime
    state: str
    nonce: str
    verifier: str


class SignOn:
    """Signs staff in by the identity provider, and keeps their sessions in step with it.

    Args:
        provider: the identity provider.
        settings: the operator's settings.
        store: stores credentials and sessions.
        reader: reads agents.
        sign_in: makes sessions.
        tasks: store of periodic tasks, through which one process at a time confirms sessions.
        log: records sign-ins, refusals and changes of access.
        minter: generates random values.
        hashing: makes keyed hashes.
        clock: source of the current time.
    """

    def __init__(
        self,
        *,
        provider: IdentityProvider,
        settings: SignOnSettings,
        store: StaffAccess,
        reader: Reader,
        sign_in: SignIn,
        tasks: PeriodicTasks,
        log: AccessLog,
        minter: IdGenerator,
        hashing: Hashing,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self.settings = settings
        self._store = store
        self._reader = reader
        self._sign_in = sign_in
        self._tasks = tasks
        self._log = log
        self._minter = minter
        self._hashing = hashing
        self._clock = clock
        self._tokens = ProviderTokens(provider, settings, clock)

    # -- leaving for the provider ----------------------------------------------------------------

    async def begin(self, purpose: Purpose, next_page: str) -> Departure:
        """Return where a browser is sent, and what it keeps meanwhile.

        Raises:
            UnavailableError: the provider can't be reached.
        """
        metadata, settings = await self._provider.metadata(), self.settings
        page = urlsafe_b64encode(next_page.encode()).decode().rstrip("=")
        at = int(self._clock.now().timestamp())
        cookie = f"{self._minter.token()}.{at}.{purpose}.{page}"
        flow = self._read_flow(cookie)
        challenge = _base64(sha256(flow.verifier.encode()).digest())
        parameters = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": settings.redirect_uri,
            "scope": " ".join(settings.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if purpose is Purpose.RENEW:
            parameters["prompt"] = "none"
        elif purpose is Purpose.CONFIRM:
            parameters["max_age"] = str(int(REAUTHENTICATION_TIME.total_seconds()))
        return Departure(_with_query(metadata.authorization_endpoint, parameters), cookie)

    # -- coming back -----------------------------------------------------------------------------

    async def complete(
        self,
        answer: Mapping[str, str],
        cookie: str,
        client: ClientInfo,
        current: AuthenticatedSession | None,
    ) -> Arrival:
        """Complete a sign-in, or a confirmation, with the provider's answer.

        Args:
            answer: the parameters of the redirect URI.
            cookie: what the browser kept.
            client: the client of the request.
            current: the browser's open session, if any.

        Raises:
            DeskError: ``UNAUTHENTICATED``; the reason begins with ``sign_on_``.
            UnavailableError: the provider can't be reached.
        """
        flow = await self._check_answer(answer, cookie)
        if flow.purpose is Purpose.RENEW and answer.get("error") in _SILENT_REFUSALS:
            return Arrival(flow.next_page, is_signed_out=True)
        try:
            tokens = await self._redeem(answer, flow)
            claims = await self._tokens.verify_id_token(
                tokens.id_token, access_token=tokens.access_token, nonce=flow.nonce
            )
            if flow.purpose is Purpose.CONFIRM:
                return Arrival(flow.next_page, await self._confirm(claims, tokens, client, current))
            return Arrival(
                flow.next_page,
                await self._open_session(claims, tokens, client, current),
                is_signed_in=True,
            )
        except RefusedByProviderError as refused:
            _log.info("sign_on_refused", error=refused.error[:64])
            raise _refused("sign_on_denied") from refused
        except DeskError as refused:
            if refused.code is ErrorCode.UNAUTHENTICATED:
                await self._log.record(
                    AccessKind.SIGN_ON_REFUSED,
                    agent=refused.data.get("agent", ""),
                    origin=client.origin,
                    about=refused.data["reason"],
                )
                _log.warning("sign_on_refused", why=refused.message)
            raise

    async def _redeem(self, answer: Mapping[str, str], flow: _Flow) -> TokenAnswer:
        if error := answer.get("error"):
            raise RefusedByProviderError(error)
        code, redirect_uri = answer.get("code", ""), self.settings.redirect_uri
        return await self._provider.redeem(code, flow.verifier, redirect_uri)

    async def _check_answer(self, answer: Mapping[str, str], cookie: str) -> _Flow:
        """Return the flow that an answer belongs to.

        Without ``state``, a foreign page could sign a browser in as somebody else (login CSRF);
        without ``iss``, an answer of one provider could be passed off as another's (RFC 9207).
        """
        flow = self._read_flow(cookie)
        if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
            raise _refused("sign_on_state")
        if not happened_within(flow.started_at, self._clock.now(), FLOW_LIFETIME):
            raise _refused("sign_on_state")
        issuer = answer.get("iss")
        if issuer is None:
            if (await self._provider.metadata()).sends_issuer:
                raise _refused("sign_on_issuer")
        elif issuer != self.settings.issuer:
            raise _refused("sign_on_issuer")
        return flow

    def _read_flow(self, cookie: str) -> _Flow:
        """Return what a cookie says; whether it is genuine shows in ``state``."""
        try:
            _, at, purpose, page = cookie.split(".")
            padding = "=" * (-len(page) % 4)
            return _Flow(
                purpose=Purpose(purpose),
                next_page=urlsafe_b64decode(page + padding).decode(),
                started_at=datetime.fromtimestamp(int(at), UTC),
                state=self._derive("sign_on_state", cookie),
                nonce=self._derive("sign_on_nonce", cookie),
                verifier=self._derive("sign_on_verifier", cookie),
            )
        except (ValueError, OverflowError, OSError):
            raise _refused("sign_on_state") from None

    def _derive(self, purpose: str, cookie: str) -> str:
        return _base64(self._hashing.lookup(purpose, cookie))

    # -- sessions --------------------------------------------------------------------------------

    async def _open_session(
        self,
        claims: IdClaims,
        tokens: TokenAnswer,
        client: ClientInfo,
        current: AuthenticatedSession | None,
    ) -> str:
        """Open a session; return its cookie."""
        everything = await self._all_claims(claims, tokens)
        role = self.settings.role_of(everything)
        if self.settings.role_claim and role is None:
            name = await self._known_name(claims)
            await self._end([], "sign_on_role", agent=name)
            raise _refused("sign_on_role", agent=name)
        identity = self.identity(claims.subject)
        changes = await self._changes_for(identity, everything, role)
        credential = changes.credential or await self._store.credential_by_identity(identity.key)
        assert credential is not None
        name = credential.agent
        token, session = self._sign_in.new_session(name, Stage.OPEN, client)
        login = self._login(claims, tokens, session.id)
        ends_at = session.ends_at
        if not login.refresh_token:
            ends_at = min(ends_at, session.started_at + self.settings.unchecked_lifetime)
        session = replace(
            session, ends_at=ends_at, proven_at=self._authenticated_at(claims), provider=login
        )
        entry = self._log.new_entry(
            AccessKind.SIGNED_IN, agent=name, origin=client.origin, about=BY_PROVIDER
        )
        now = self._clock.now()
        if changes.credential is None:
            credential = replace(credential, version=credential.version + 1)
        await self._store.commit(
            replace(
                changes,
                credential=replace(credential, confirmed_at=now),
                new_session=session,
                ended_sessions=() if current is None else (current.session.id,),
                log_entries=(*changes.log_entries, entry),
            )
        )
        return token

    async def _changes_for(
        self, identity: Identity, claims: Mapping[str, Any], role: Role | None
    ) -> AccessChanges:
        """Return the changes of access that a sign-in brings: a link, a new agent, another role.

        Raises:
            DeskError: ``UNAUTHENTICATED`` if the person is linked with no agent, or a disabled one.
        """
        agents = {agent.name: agent for agent in await self._reader.agents()}
        linked = await self._store.credential_by_identity(identity.key)
        if linked is not None:
            return self._role_changes(_active(agents.get(linked.agent)), role)
        name = self.settings.agent_name(claims)
        agent = agents.get(name)
        if agent is not None and not agent.is_program:
            credential = await self._store.credential(name)
            if credential is not None and credential.identity is not None:
                raise _refused("sign_on_unknown", subject=identity.subject)
            changes = self._role_changes(_active(agent), role)
            return self._with_link(changes, name, credential, identity)
        if not name or not self.settings.creates or role is None or agent is not None:
            raise _refused("sign_on_unknown", subject=identity.subject)
        if any(other.is_called_like(name) for other in agents.values()):
            raise _refused("sign_on_unknown", subject=identity.subject)
        shown = claims.get("name")
        added = new_agent(name, shown if isinstance(shown, str) else "", role, self._clock.now())
        entry = self._entry(AccessKind.AGENT_ADDED, name, role.value)
        changes = AccessChanges(new_agent=added, log_entries=(entry,))
        return self._with_link(changes, name, None, identity)

    def _with_link(
        self, changes: AccessChanges, name: str, credential: Credential | None, identity: Identity
    ) -> AccessChanges:
        linked = linked_credential(name, credential, identity, self._clock.now())
        entry = self._entry(AccessKind.IDENTITY_LINKED, name)
        return replace(changes, credential=linked, log_entries=(*changes.log_entries, entry))

    def _role_changes(self, agent: Agent, role: Role | None) -> AccessChanges:
        if role is None or role is agent.role:
            return AccessChanges()
        entry = self._entry(AccessKind.AGENT_CHANGED, agent.name, f"{agent.role} -> {role}")
        return AccessChanges(
            changed_agent=replace(agent, role=role), previous_agent=agent, log_entries=(entry,)
        )

    async def _confirm(
        self,
        claims: IdClaims,
        tokens: TokenAnswer,
        client: ClientInfo,
        current: AuthenticatedSession | None,
    ) -> str:
        """Record that an agent has authenticated again; return the session's new cookie."""
        linked = await self._store.credential_by_identity(self.identity(claims.subject).key)
        if current is None or linked is None or linked.agent != current.agent.name:
            raise _refused("sign_on_other")
        at, now = self._authenticated_at(claims), self._clock.now()
        if at is None or not happened_within(at, now, REAUTHENTICATION_TIME + CLOCK_LEEWAY):
            raise _refused("sign_on_age", agent=linked.agent)
        token, change = self._sign_in.new_cookie(current.session)
        change = replace(change, proven_at=at)
        if (provider := current.session.provider) is not None:
            login = self._login(claims, tokens, current.session.id)
            kept = login.refresh_token or provider.refresh_token
            change = replace(change, provider=replace(login, refresh_token=kept))
        entry = self._log.new_entry(
            AccessKind.REAUTHENTICATED, agent=linked.agent, origin=client.origin, about=BY_PROVIDER
        )
        await self._store.commit(AccessChanges(changed_session=change, log_entries=(entry,)))
        return token

    def _authenticated_at(self, claims: IdClaims) -> datetime | None:
        """Return when the person authenticated; by the desk's clock never in the future."""
        at, now = claims.authenticated_at, self._clock.now()
        return None if at is None or at > now + CLOCK_LEEWAY else min(at, now)

    def _login(self, claims: IdClaims, tokens: TokenAnswer, session_id: bytes) -> ProviderLogin:
        key = self._session_key(claims.session) if claims.session else _own_key(session_id)
        return ProviderLogin(key, self._clock.now(), tokens.id_token, tokens.refresh_token)

    async def _all_claims(self, claims: IdClaims, tokens: TokenAnswer) -> Mapping[str, Any]:
        """Return the claims of an ID token, and those of the userinfo endpoint if it lacks any.

        Raises:
            RefusedByProviderError: the provider gives no claims for the access token.
        """
        settings = self.settings
        wanted = [settings.role_claim.partition(".")[0]] if settings.role_claim else []
        if settings.match:
            wanted.append(settings.match)
        has_all = all(
            name in claims.claims or settings.role_claim in claims.claims for name in wanted
        )
        if has_all or not (await self._provider.metadata()).userinfo:
            return claims.claims
        more = await self._provider.userinfo(tokens.access_token)
        if more.get("sub") != claims.subject:
            # Core 1.0, section 5.3.2: it could be about somebody else.
            raise _refused("sign_on_token")
        return {**more, **claims.claims}

    async def _known_name(self, claims: IdClaims) -> str:
        linked = await self._store.credential_by_identity(self.identity(claims.subject).key)
        return "" if linked is None else linked.agent

    # -- keeping in step -------------------------------------------------------------------------

    async def revalidate(self) -> int:
        """Confirm the sessions that are due with the provider; return how many were.

        A refresh token works once at many providers, so one process at a time does this.
        """
        lease = await Lease.claim(
            self._tasks, self._clock, _TASK, duration=_LEASE, max_postponement=_ROUND_PAUSE
        )
        if lease is None:
            return 0
        now, every = self._clock.now(), self.settings.check_every
        due = [
            session
            for session in await self._store.provider_sessions()
            if session.provider is not None
            and session.provider.refresh_token
            and not happened_within(session.provider.checked_at, now, every)
        ]
        for start in range(0, len(due), _AT_ONCE):
            if not await lease.renew_if_needed():
                return start
            await asyncio.gather(*(self._recheck(one) for one in due[start : start + _AT_ONCE]))
        await lease.finish(self._clock.now() + _ROUND_PAUSE)
        return len(due)

    async def _recheck(self, session: StaffSession) -> None:
        assert session.provider is not None
        # Before the provider is asked, so that its answer changes nothing that came after it.
        credential = await self._store.credential(session.agent)
        try:
            tokens = await self._provider.refresh(session.provider.refresh_token)
            login = replace(
                session.provider,
                checked_at=self._clock.now(),
                id_token=tokens.id_token or session.provider.id_token,
                refresh_token=tokens.refresh_token or session.provider.refresh_token,
            )
            # At once, since the token before may not work again.
            change = SessionChange(session.id, provider=login)
            await self._store.commit(AccessChanges(changed_session=change))
            await self._apply_claims(session, credential, tokens)
            await self._confirm_agent(credential)
        except RefusedByProviderError as refused:
            if refused.error in _FINAL_REFUSALS:
                await self._end([session], "sign_on_denied")
            else:
                _log.warning("sign_on_check_failed", error=refused.error[:64])
        except UnavailableError as error:
            _log.warning("sign_on_check_failed", error=error.data.get("reason"))
        except DeskError as error:
            await self._end([session], str(error.data.get("reason", "sign_on_token")))

    async def _confirm_agent(self, credential: Credential | None) -> None:
        """Record that the provider still lets an agent in, unless that was recorded lately."""
        if credential is None or not credential.is_linked:
            return
        confirmed_at, now = credential.confirmed_at, self._clock.now()
        if confirmed_at and happened_within(confirmed_at, now, CONFIRMATION_PRECISION):
            return
        changed = replace(credential, confirmed_at=now, version=credential.version + 1)
        # Changed meanwhile, perhaps by a logout token: the next confirmation counts.
        with suppress(StaleError):
            await self._store.commit(AccessChanges(credential=changed))

    async def _apply_claims(
        self, session: StaffSession, credential: Credential | None, tokens: TokenAnswer
    ) -> None:
        """Take over what a renewal says about the person."""
        if credential is None or credential.identity is None:
            raise _refused("sign_on_unknown")
        subject = credential.identity.subject
        claims = IdClaims(subject, "", None, {})
        if tokens.id_token:
            claims = await self._tokens.verify_id_token(
                tokens.id_token, access_token=tokens.access_token, nonce=None
            )
        if claims.subject != subject:
            raise _refused("sign_on_token")
        if not self.settings.role_claim:
            return
        everything = await self._all_claims(claims, tokens)
        if not everything:
            return
        role = self.settings.role_of(everything)
        agents = {agent.name: agent for agent in await self._reader.agents()}
        if role is None:
            raise _refused("sign_on_role")
        changes = self._role_changes(_active(agents.get(session.agent)), role)
        if changes.changed_agent is not None:
            await self._store.commit(changes)

    async def log_out(self, logout_token: str) -> int:
        """End sessions by a logout token of the provider; return how many.

        Sessions that began after the token was issued go on.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``sign_on_token`` if the token is not valid,
                or was used before.
            UnavailableError: the provider's keys can't be fetched.
        """
        claims = await self._tokens.verify_logout_token(logout_token)
        used = self._hashing.lookup("logout_token", f"{self.settings.issuer}\n{claims.token_id}")
        if not claims.token_id or not await self._store.use_token(used, self._clock.now()):
            raise _refused("sign_on_token")
        agent = ""
        if claims.subject:
            linked = await self._store.credential_by_identity(self.identity(claims.subject).key)
            if linked is None:
                return 0
            agent = linked.agent
        key = self._session_key(claims.session) if claims.session else None
        until = claims.issued_at + CLOCK_LEEWAY
        sessions = [
            session
            for session in await self._store.provider_sessions(key)
            if session.started_at <= until and agent in ("", session.agent)
        ]
        await self._end(sessions, "signed_out", agent=agent, until=until)
        return len(sessions)

    async def _end(
        self,
        sessions: Sequence[StaffSession],
        about: str,
        *,
        agent: str = "",
        until: datetime | None = None,
    ) -> None:
        """End sessions, and let their agents' API tokens open nothing until the next sign-on.

        Args:
            sessions: the sessions.
            about: why they end.
            agent: an agent whose tokens are concerned, even without a session; empty for none.
            until: tokens of agents whom the provider confirmed later go on.
        """
        names = dict.fromkeys([*(session.agent for session in sessions), agent])
        for name in filter(None, names):
            own = tuple(session.id for session in sessions if session.agent == name)
            await self._withdraw(name, own, about, until)

    async def _withdraw(
        self, name: str, sessions: tuple[StaffSessionId, ...], about: str, until: datetime | None
    ) -> None:
        """End sessions of an agent, and what rests on the provider's last confirmation."""
        for _ in range(_MAX_TRIES):
            credential = await self._store.credential(name)
            if credential is not None and not _is_concerned(credential, until):
                credential = None
            if credential is None and not sessions:
                return
            if credential is not None:
                credential = replace(credential, confirmed_at=None, version=credential.version + 1)
            changes = AccessChanges(
                credential=credential,
                ended_sessions=sessions,
                log_entries=(self._entry(AccessKind.SESSION_ENDED, name, about),),
            )
            try:
                await self._store.commit(changes)
            except StaleError:
                continue
            return
        raise StaleError("the credential changes all the time")

    async def sign_out_address(self, session: StaffSession) -> str:
        """Return where a browser is sent to sign out at the provider, too; empty if nowhere."""
        if session.provider is None:
            return ""
        try:
            endpoint = (await self._provider.metadata()).end_session_endpoint
        except UnavailableError:
            return ""
        parameters = {
            "client_id": self.settings.client_id,
            "id_token_hint": session.provider.id_token,
            "post_logout_redirect_uri": f"{self.settings.desk_url}/console/sign-in",
        }
        return _with_query(endpoint, parameters) if endpoint else ""

    async def probe_provider(self) -> None:
        """Fetch discovery document and keys of the provider.

        Raises:
            UnavailableError: it can't be used.
        """
        await self._provider.metadata()
        await self._provider.keys()

    # -- internals -------------------------------------------------------------------------------

    def identity(self, subject: str) -> Identity:
        """Return the identity of an account at the provider."""
        return new_identity(self.settings.issuer, subject, self._hashing)

    def _session_key(self, session: str) -> LookupHash:
        return self._hashing.lookup("sign_on_session", f"{self.settings.issuer}\n{session}")

    def _entry(self, kind: AccessKind, name: str, about: str = "") -> AccessEntry:
        return self._log.new_entry(kind, agent=name, by=BY_PROVIDER, about=about)


def new_identity(issuer: str, subject: str, hashing: Hashing) -> Identity:
    """Return the identity of an account at a provider."""
    return Identity(issuer, subject, hashing.lookup("sign_on_identity", f"{issuer}\n{subject}"))


def linked_credential(
    name: str, before: Credential | None, identity: Identity | None, now: datetime
) -> Credential:
    """Return an agent's credential with another identity; one without a password if it is new."""
    if before is None:
        return Credential(name, "", now, identity=identity)
    return replace(before, identity=identity, confirmed_at=None, version=before.version + 1)


def _active(agent: Agent | None) -> Agent:
    if agent is None or not agent.active or agent.is_program:
        raise _refused("sign_on_disabled", agent="" if agent is None else agent.name)
    return agent


def _is_concerned(credential: Credential, until: datetime | None) -> bool:
    """Return whether a refusal, or a logout up to an instant, concerns a linked agent."""
    at = credential.confirmed_at
    return credential.is_linked and (until is None or at is None or at <= until)


def _own_key(session_id: bytes) -> LookupHash:
    return LookupHash(sha256(session_id).digest())


def _refused(reason: str, **data: Any) -> DeskError:
    return DeskError(
        f"not signed in by the provider: {reason}",
        code=ErrorCode.UNAUTHENTICATED,
        reason=reason,
        **data,
    )


def _with_query(address: str, parameters: Mapping[str, str]) -> str:
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{address}{'&' if urlsplit(address).query else '?'}{query}"


def _base64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
