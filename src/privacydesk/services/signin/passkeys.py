"""Passkeys (WebAuthn) of staff: adding and removing them, signing in and authenticating again.

Using a passkey takes the device and a PIN or a feature of its owner's body (user verification is
required), and its answer names the site that asked. So it counts as password and code together.

Nothing is stored when a page asks for a passkey. A challenge is an instant, a random value and the
keyed hash of both with the browser's cookie, so each process can tell that it is one of the desk's,
for this session, and not too old. A challenge is stored once its answer was accepted, so that it
works once.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import orjson
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.cleaning import clean_text
from privacydesk.domain.ids import LookupHash, StaffSessionId
from privacydesk.domain.instants import CLOCK_TOLERANCE, happened_within
from privacydesk.domain.signin import AccessKind, AuthenticatedSession, Credential, Passkey, Stage
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotFoundError
from privacydesk.ports import AccessChanges, Hashing, IdGenerator, StaffAccess
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.signin.agent_account import AgentAccount
from privacydesk.services.signin.sign_in import ClientInfo, SignIn, SignInStep

MAX_PASSKEYS: Final = 10
MAX_NAME: Final = 64
CHALLENGE_LIFETIME: Final = timedelta(minutes=5)

_BY_PASSKEY: Final = "passkey"
"""What the access log says about sign-ins by a passkey."""

_MAX_ANSWER: Final = 16_384
"""Length of an answer; a certificate of the authenticator, which nobody reads, is the longest."""

_ALGORITHMS: Final = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)
"""What authenticators sign with; the library knows more."""

_EXPLAINED: Final = frozenset({"passkey_late", "passkey_copied"})
"""Causes of a refusal that its page explains; all others look alike."""

_R = TypeVar("_R", AuthenticationResponse, RegistrationResponse)


class Passkeys:
    """Adds, removes and checks passkeys.

    Args:
        store: stores credentials, sessions and used challenges.
        sign_in: makes sessions, and holds the settings.
        account: finds the agent's session.
        log: records sign-ins, refusals and changes of access.
        minter: generates random values.
        hashing: makes keyed hashes.
        clock: source of the current time.
        server: checks answers; see ``make_passkeys``.
    """

    def __init__(
        self,
        *,
        store: StaffAccess,
        sign_in: SignIn,
        account: AgentAccount,
        log: AccessLog,
        minter: IdGenerator,
        hashing: Hashing,
        clock: Clock,
        server: Fido2Server,
    ) -> None:
        self._store = store
        self._sign_in = sign_in
        self._account = account
        self._log = log
        self._minter = minter
        self._hashing = hashing
        self._clock = clock
        self._server = server

    async def of_agent(self, agent: Agent) -> tuple[Passkey, ...]:
        """Return an agent's passkeys that may be used: none without a password that may be."""
        if not await self._account.has_password(agent):
            return ()
        credential = await self._store.credential(agent.name)
        return () if credential is None else credential.passkeys

    # -- asking ----------------------------------------------------------------------------------

    async def request_options(self, cookie: str, agent: Agent | None) -> Mapping[str, Any]:
        """Return what a page asks the browser for (``PublicKeyCredentialRequestOptions``).

        Args:
            cookie: the browser's session token, which the answer is bound to.
            agent: whose passkey it has to be; None for anybody's.
        """
        own = () if agent is None else await self.of_agent(agent)
        options, _ = self._server.authenticate_begin(
            [_credential_data(passkey) for passkey in own] or None,
            user_verification=UserVerificationRequirement.REQUIRED,
            challenge=self._challenge(cookie),
        )
        return dict(options["publicKey"])

    async def creation_options(self, cookie: str, agent: Agent) -> Mapping[str, Any]:
        """Return what a page asks the browser to make (``PublicKeyCredentialCreationOptions``)."""
        options, _ = self._server.register_begin(
            PublicKeyCredentialUserEntity(
                id=self._hashing.lookup("staff_passkey", agent.name),
                name=agent.name,
                display_name=agent.display_name,
            ),
            [_credential_data(passkey) for passkey in await self.of_agent(agent)],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
            challenge=self._challenge(cookie),
        )
        return dict(options["publicKey"])

    # -- signing in, and again -------------------------------------------------------------------

    async def sign_in(
        self, cookie: str, answer: str, client: ClientInfo, current: AuthenticatedSession | None
    ) -> SignInStep:
        """Sign an agent in by a passkey alone, or instead of a code.

        Args:
            cookie: the browser's session token.
            answer: what the browser answered, as JSON.
            client: the client of the request.
            current: the session at the stage of the code; None without one.

        Raises:
            DeskError: ``UNAUTHENTICATED`` with reason ``wrong_passkey``, ``passkey_late`` or
                ``passkey_copied``.
            StaleError: the passkey or the session was used by another request.
        """
        response = await self._read(AuthenticationResponse, answer, client)
        credential = await self._store.credential_by_passkey(sha256(response.raw_id).digest())
        agent = None if credential is None else await self._sign_in.find_agent(credential.agent)
        is_other = current is not None and (agent is None or agent.name != current.agent.name)
        if credential is None or agent is None or is_other or not credential.password:
            raise await self._refused(
                "passkey_unknown", client, "" if agent is None else agent.name
            )
        changed = await self._use(credential, cookie, response, client)
        token, session = self._sign_in.new_session(
            agent.name, credential.stage_after_passkey(), client
        )
        entry = self._log.new_entry(
            AccessKind.SIGNED_IN, agent=agent.name, origin=client.origin, about=_BY_PASSKEY
        )
        await self._store.commit(
            AccessChanges(
                credential=changed,
                new_session=session,
                replaced_session=None if current is None else current.session.id,
                log_entries=(entry,) if session.stage is Stage.OPEN else (),
            )
        )
        return SignInStep(token, session.stage)

    async def reauthenticate(
        self,
        agent: Agent,
        cookie: str,
        *,
        answer: str,
        client: ClientInfo,
    ) -> str:
        """Check that an agent authenticated again by a passkey; return the session's new cookie.

        Raises:
            DeskError: as ``sign_in``; reason ``signed_out`` if the session has ended.
            StaleError: the passkey or the cookie was used by another request.
        """
        response = await self._read(AuthenticationResponse, answer, client, agent.name)
        credential = await self._store.credential(agent.name)
        if credential is None or not await self.of_agent(agent):
            raise await self._refused("passkey_unknown", client, agent.name)
        changed = await self._use(credential, cookie, response, client)
        token, change = await self._sign_in.replace_cookie(agent, cookie)
        entry = self._log.new_entry(
            AccessKind.REAUTHENTICATED, agent=agent.name, origin=client.origin, about=_BY_PASSKEY
        )
        await self._store.commit(
            AccessChanges(
                credential=changed,
                changed_session=replace(change, proven_at=self._clock.now()),
                log_entries=(entry,),
            )
        )
        return token

    async def _use(
        self,
        credential: Credential,
        cookie: str,
        response: AuthenticationResponse,
        client: ClientInfo,
    ) -> Credential:
        """Check an answer; return the credential with the passkey's new counter.

        The counter is looked at last: an answer that nobody has signed says nothing about copies.
        """
        name, client_data = credential.agent, response.response.client_data
        if not self._is_current(client_data, cookie):
            raise await self._refused("passkey_late", client, name)
        passkey = next((one for one in credential.passkeys if one.id == response.raw_id), None)
        if passkey is None:
            raise await self._refused("passkey_unknown", client, name)
        try:
            self._server.authenticate_complete(
                _state(client_data), [_credential_data(passkey)], response
            )
        except Exception as error:
            raise await self._refused("passkey_wrong", client, name) from error
        counter, now = response.response.authenticator_data.counter, self._clock.now()
        if (counter or passkey.counter) and counter <= passkey.counter:
            raise await self._refused("passkey_copied", client, name)
        await self._spend(client_data, client, name)
        used = replace(passkey, counter=counter, used_at=now)
        return replace(
            credential,
            passkeys=tuple(used if one is passkey else one for one in credential.passkeys),
            version=credential.version + 1,
        )

    # -- adding and removing ---------------------------------------------------------------------

    async def add(
        self, agent: Agent, name: str, *, cookie: str, answer: str, client: ClientInfo
    ) -> None:
        """Add a passkey to an agent's access.

        Raises:
            InvalidRequestError: the name is empty or too long, reason ``passkey_name``; or there
                are as many as there may be, reason ``passkey_many``.
            DeskError: ``UNAUTHENTICATED`` as for ``sign_in``; ``CONFLICT`` with reason
                ``passkey_taken`` if it is known already.
            StaleError: the agent's access was changed by another request.
        """
        credential = await self._store.credential(agent.name)
        if credential is None or not await self._account.has_password(agent):
            raise NotFoundError("there is no password beside which a passkey works")
        called = _checked_name(name, len(credential.passkeys))
        response = await self._read(RegistrationResponse, answer, client, agent.name)
        client_data = response.response.client_data
        if not self._is_current(client_data, cookie):
            raise await self._refused("passkey_late", client, agent.name)
        try:
            made = self._server.register_complete(_state(client_data), response)
        except Exception as error:
            raise await self._refused("passkey_wrong", client, agent.name) from error
        assert made.credential_data is not None
        key = made.credential_data.public_key
        if key[3] not in _ALGORITHMS:
            raise await self._refused("passkey_wrong", client, agent.name)
        await self._spend(client_data, client, agent.name)
        passkey = Passkey(
            made.credential_data.credential_id,
            cbor.encode(dict(key)),
            called,
            made.counter,
            self._clock.now(),
        )
        if passkey.id in {one.id for one in credential.passkeys}:
            raise DeskError(
                "this passkey is known", code=ErrorCode.CONFLICT, reason="passkey_taken"
            )
        entry = self._log.new_entry(
            AccessKind.PASSKEY_ADDED, agent=agent.name, origin=client.origin
        )
        await self._store.commit(
            AccessChanges(
                credential=replace(
                    credential,
                    passkeys=(*credential.passkeys, passkey),
                    version=credential.version + 1,
                ),
                log_entries=(entry,),
            )
        )

    async def check_new(self, agent: Agent, name: str) -> str:
        """Return the name of a new passkey as it will be kept.

        Raises:
            InvalidRequestError: as for ``add``.
        """
        return _checked_name(name, len(await self.of_agent(agent)))

    async def remove(
        self, agent: Agent, session_id: StaffSessionId, digest: bytes, client: ClientInfo
    ) -> None:
        """Remove one of an agent's passkeys, and end all their sessions except ``session_id``.

        Raises:
            NotFoundError: there is no such passkey.
            StaleError: the agent's access was changed by another request.
        """
        credential = await self._store.credential(agent.name)
        own = () if credential is None else credential.passkeys
        kept = tuple(passkey for passkey in own if passkey.digest != digest)
        if credential is None or len(kept) == len(own):
            raise NotFoundError("there is no such passkey")
        entry = self._log.new_entry(
            AccessKind.PASSKEY_REMOVED, agent=agent.name, origin=client.origin
        )
        await self._store.commit(
            AccessChanges(
                credential=replace(credential, passkeys=kept, version=credential.version + 1),
                end_all_of=agent.name,
                kept_session=session_id,
                log_entries=(entry,),
            )
        )

    # -- challenges and answers ------------------------------------------------------------------

    def _challenge(self, cookie: str) -> bytes:
        instant = int(self._clock.now().timestamp())
        head = f"{instant}.{self._minter.token()}"
        return f"{head}.{self._signature(head, cookie)}".encode()

    def _signature(self, head: str, cookie: str) -> str:
        signed = self._hashing.lookup("staff_challenge", f"{head}|{cookie}")
        return urlsafe_b64encode(signed).decode()

    def _is_current(self, client_data: CollectedClientData, cookie: str) -> bool:
        """Return whether an answer is to a challenge of this session that is not too old."""
        try:
            head, _, signature = client_data.challenge.decode("ascii").rpartition(".")
            asked_at = datetime.fromtimestamp(int(head.partition(".")[0]), UTC)
        except (ValueError, OverflowError, OSError):
            return False
        if not cookie or not hmac.compare_digest(signature, self._signature(head, cookie)):
            return False
        now = self._clock.now()
        return happened_within(asked_at, now, CHALLENGE_LIFETIME, ahead=CLOCK_TOLERANCE)

    async def _spend(self, client_data: CollectedClientData, client: ClientInfo, name: str) -> None:
        used = LookupHash(sha256(client_data.challenge).digest())
        if not await self._store.use_token(used, self._clock.now()):
            raise await self._refused("passkey_late", client, name)

    async def _read(self, kind: type[_R], answer: str, client: ClientInfo, name: str = "") -> _R:
        """Return a browser's answer."""
        try:
            response: _R = kind.from_dict(orjson.loads(answer[:_MAX_ANSWER]))
        except Exception as error:
            raise await self._refused("passkey_wrong", client, name) from error
        # Another site may show a page of the desk in a frame, if the operator allows it to.
        if response.response.client_data.cross_origin:
            raise await self._refused("passkey_wrong", client, name)
        return response

    async def _refused(self, cause: str, client: ClientInfo, name: str) -> DeskError:
        """Return the error of an answer that is refused, after an entry in the access log."""
        await self._log.record(
            AccessKind.WRONG_PASSKEY, agent=name, origin=client.origin, about=cause
        )
        reason = cause if cause in _EXPLAINED else "wrong_passkey"
        return DeskError("no right passkey", code=ErrorCode.UNAUTHENTICATED, reason=reason)


def make_passkeys(*, sign_in: SignIn, **services: Any) -> Passkeys | None:
    """Return the service; None if the desk's origin has an address instead of a name.

    Browsers make passkeys for names alone.

    Args:
        sign_in: makes sessions, and holds the settings: the desk's origin and name.
        **services: the other arguments of ``Passkeys``.
    """
    origin, name = sign_in.settings.origin, sign_in.settings.issuer
    host = urlsplit(origin).hostname or ""
    if _is_address(host):
        return None
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=host, name=name),
        AttestationConveyancePreference.NONE,
        verify_origin=lambda told: told == origin,
    )
    server.allowed_algorithms = [one for one in server.allowed_algorithms if one.alg in _ALGORITHMS]
    server.timeout = int(CHALLENGE_LIFETIME.total_seconds() * 1_000)  # type: ignore[assignment]
    return Passkeys(sign_in=sign_in, server=server, **services)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _checked_name(name: str, present: int) -> str:
    called = " ".join(clean_text(name).split())
    if not 0 < len(called) <= MAX_NAME:
        raise InvalidRequestError("a passkey needs a name", reason="passkey_name")
    if present >= MAX_PASSKEYS:
        raise InvalidRequestError("there are as many as may be", reason="passkey_many")
    return called


def _credential_data(passkey: Passkey) -> AttestedCredentialData:
    key = CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(passkey.key)))
    return AttestedCredentialData.create(Aaguid.NONE, passkey.id, key)


def _state(client_data: CollectedClientData) -> dict[str, Any]:
    """Return the library's state: the challenge, once it has proved to be the desk's own."""
    return {
        "challenge": websafe_encode(client_data.challenge),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }
