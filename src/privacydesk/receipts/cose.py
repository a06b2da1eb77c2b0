"""COSE_Sign1 (RFC 9052) with ES256, in one encoding only, and the keys that sign.

The same content could be encoded in several ways, and an ECDSA signature has a second valid value.
What is not in the one form that is written here is refused, so a file that was changed in any bit
is never taken for the one that was given out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct

from privacydesk.errors import DeskError, ErrorCode

ALG: Final = 1
KID: Final = 4
ES256: Final = -7
_SIGN1: Final = b"\xd2"
"""The encoded tag of COSE_Sign1, 18."""
_MAX_DEPTH: Final = 8
_MAX_SIZE: Final = 1_000_000

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256 (SEC 2, section 2.4.2)."""
_COORDINATE_BYTES: Final = 32
_KEY_TYPE, _EC2 = 1, 2
_CURVE, _P256, _X, _Y = -1, 1, -2, -3


class ReceiptError(DeskError):
    """A receipt was changed, was not signed by these keys, or is none at all."""

    code = ErrorCode.INVALID_REQUEST


def encode(value: Any) -> bytes:
    """Return a value in deterministic CBOR (RFC 8949, section 4.2)."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Any:
    """Return the value of deterministic CBOR.

    Raises:
        ReceiptError: it is not CBOR, or not in the deterministic encoding.
    """
    try:
        value = cbor2.loads(
            data, max_depth=_MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False
        )
        if encode(value) == data:
            return value
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise ReceiptError("it is not the CBOR that the desk writes")


class Sign1(Struct, frozen=True):
    """A COSE_Sign1 message.

    Attributes:
        protected: the encoded protected header.
        unprotected: the unprotected header.
        payload: the payload; None if it is detached.
        signature: the signature.
    """

    protected: bytes
    unprotected: Mapping[Any, Any]
    payload: bytes | None
    signature: bytes

    def encode(self) -> bytes:
        """Return the tagged message."""
        parts = [self.protected, dict(self.unprotected), self.payload, self.signature]
        return _SIGN1 + encode(parts)


def read_sign1(data: bytes) -> Sign1:
    """Return the COSE_Sign1 message in ``data``.

    Raises:
        ReceiptError: there is none.
    """
    if len(data) > _MAX_SIZE:
        raise ReceiptError("it is larger than any receipt")
    if data.startswith(_SIGN1):
        match decode(data.removeprefix(_SIGN1)):
            case [bytes(protected), dict(unprotected), bytes() | None as payload, bytes(signature)]:
                return Sign1(protected, unprotected, payload, signature)
    raise ReceiptError("it is not a COSE_Sign1 message")


class PublicKey(Struct, frozen=True):
    """A key that verifies signatures.

    Attributes:
        point: its point on P-256, as the coordinates x and y.
    """

    point: bytes

    @property
    def id(self) -> bytes:
        """Its thumbprint (RFC 9679), which names it in headers."""
        return hashlib.sha256(encode(self._parameters())).digest()

    def record(self) -> dict[int, Any]:
        """Return it as a COSE_Key (RFC 9052, section 7)."""
        return self._parameters() | {2: self.id, 3: ES256}

    def verify(self, protected: bytes, payload: bytes, signature: bytes) -> None:
        """Check a signature.

        Raises:
            ReceiptError: it is not the signature of this header and payload.
        """
        r = int.from_bytes(signature[:_COORDINATE_BYTES], "big")
        s = int.from_bytes(signature[_COORDINATE_BYTES:], "big")
        numbers = ec.EllipticCurvePublicNumbers(*self._coordinates(), ec.SECP256R1())
        try:
            if len(signature) == 2 * _COORDINATE_BYTES and s <= _ORDER // 2:
                key = numbers.public_key()
                signed = _signed_bytes(protected, payload)
                key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
                return
        except (InvalidSignature, ValueError):
            pass
        raise ReceiptError("its signature is wrong")

    def _coordinates(self) -> tuple[int, int]:
        x, y = self.point[:_COORDINATE_BYTES], self.point[_COORDINATE_BYTES:]
        return int.from_bytes(x, "big"), int.from_bytes(y, "big")

    def _parameters(self) -> dict[int, Any]:
        x, y = self.point[:_COORDINATE_BYTES], self.point[_COORDINATE_BYTES:]
        return {_KEY_TYPE: _EC2, _CURVE: _P256, _X: x, _Y: y}


class SigningKey:
    """The key that signs receipts while a ring key is the current one.

    It is derived from the ring key, and so it is where the ring is: no backup can lack it, and
    destroying the ring key destroys it.

    Attributes:
        public: the key that verifies its signatures.

    Args:
        ring_key: a key of the operator's ring.
    """

    def __init__(self, ring_key: bytes) -> None:
        # 384 bits, so that the remainder is as good as uniform (FIPS 186-5, A.2.1).
        derived = HKDF(SHA256(), 48, salt=None, info=b"privacydesk receipts ES256").derive(ring_key)
        scalar = int.from_bytes(derived, "big") % (_ORDER - 1) + 1
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self.public = PublicKey(
            b"".join(value.to_bytes(_COORDINATE_BYTES, "big") for value in (numbers.x, numbers.y))
        )

    def sign(self, header: Mapping[Any, Any], payload: bytes) -> tuple[bytes, bytes]:
        """Sign a payload; return the protected header with algorithm and key, and the signature."""
        protected = encode({ALG: ES256, KID: self.public.id, **header})
        der = self._key.sign(_signed_bytes(protected, payload), ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        pair = (r, min(s, _ORDER - s))
        return protected, b"".join(value.to_bytes(_COORDINATE_BYTES, "big") for value in pair)


def write_key_set(keys: Mapping[bytes, PublicKey]) -> bytes:
    """Return keys as a COSE_KeySet."""
    return encode([key.record() for key in keys.values()])


def read_key_set(data: bytes) -> dict[bytes, PublicKey]:
    """Return the keys of a COSE_KeySet, by their ids.

    Raises:
        ReceiptError: it is not one that ``write_key_set`` wrote.
    """
    records = decode(data)
    try:
        keys = [PublicKey(record[_X] + record[_Y]) for record in records]
        if [key.record() for key in keys] == records:
            return {key.id: key for key in keys}
    except (KeyError, TypeError):
        pass
    raise ReceiptError("it is not a set of the desk's keys")


def _signed_bytes(protected: bytes, payload: bytes) -> bytes:
    return encode(["Signature1", protected, b"", payload])
