"""An authenticator for passkeys in software, which signs whatever a test wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

ORIGIN: Final = "https://desk.example.com"
_FLAG: Final = AuthenticatorData.FLAG


@dataclass
class Authenticator:
    """A device with one passkey; what it says of itself and of the site can be changed.

    Attributes:
        origin: the site that it believes to be on.
        flags: who was present, and whether their identity was verified.
        counter: how often it has signed; None if it doesn't count.
    """

    origin: str = ORIGIN
    rp_id: str = "desk.example.com"
    id: bytes = field(default_factory=lambda: token_bytes(32))
    flags: int = _FLAG.UP | _FLAG.UV
    counter: int | None = 0

    def __post_init__(self) -> None:
        self._key = generate_private_key(SECP256R1())

    def make(self, options: Mapping[str, Any], **client: Any) -> str:
        """Make the passkey; returns what the browser answers."""
        told = self._client_data(CollectedClientData.TYPE.CREATE, options, client)
        public = ES256.from_cryptography_key(self._key.public_key())  # type: ignore[no-untyped-call]
        data = AuthenticatorData.create(
            sha256(self.rp_id.encode()).digest(),
            _FLAG(self.flags | _FLAG.AT),
            self._counted(),
            AttestedCredentialData.create(Aaguid.NONE, self.id, public),
        )
        made = AttestationObject.create("none", data, {})
        return self._answer(clientDataJSON=told.b64, attestationObject=websafe_encode(made))

    def sign(self, options: Mapping[str, Any], **client: Any) -> str:
        """Sign a challenge; returns what the browser answers."""
        told = self._client_data(CollectedClientData.TYPE.GET, options, client)
        site = sha256(self.rp_id.encode()).digest()
        data = AuthenticatorData.create(site, _FLAG(self.flags), self._counted())
        signature = self._key.sign(data + told.hash, ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=told.b64,
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signature),
        )

    def _client_data(
        self, kind: str, options: Mapping[str, Any], client: Mapping[str, Any]
    ) -> CollectedClientData:
        challenge = websafe_decode(options["challenge"])
        return CollectedClientData.create(
            **{"type": kind, "challenge": challenge, "origin": self.origin, **client}
        )

    def _counted(self) -> int:
        if self.counter is None:
            return 0
        self.counter += 1
        return self.counter

    def _answer(self, **response: str) -> str:
        name = websafe_encode(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
