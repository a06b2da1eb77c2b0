"""Receipts as files: signing statements and heads of the log, and verifying what a file says.

COSE_Sign1                      the statement, signed; with an empty unprotected header it is
  unprotected                   the entry of the log
    394: [COSE_Sign1]           the COSE receipt: the root of the tree, signed; its payload is
      unprotected               detached
        396: {-1: [proof]}      size of the tree, place of the entry, path to the root
    "items": [[salt, item] …]   what the hashes of the statement stand for
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.receipts import ReceiptRecord, Standing
from privacydesk.receipts.cose import (
    ALG,
    ES256,
    KID,
    PublicKey,
    ReceiptError,
    Sign1,
    SigningKey,
    decode,
    encode,
    read_sign1,
)
from privacydesk.receipts.merkle import hash_leaf, root_of_path
from privacydesk.receipts.statement import (
    Statement,
    hash_disclosure,
    read_disclosure,
    read_statement,
)

CONTENT_TYPE: Final = "application/vnd.privacydesk.outcome+cbor"
_CONTENT_TYPE: Final = 3
_CLAIMS: Final = 15
_ISSUER, _SUBJECT, _ISSUED_AT = 1, 2, 6
_RECEIPTS: Final = 394
_STRUCTURE: Final = 395
_RFC9162_SHA256: Final = 1
_PROOFS: Final = 396
_INCLUSION: Final = -1
_ITEMS: Final = "items"
_TREE_SIZE: Final = "tree-size"
"""A root alone would also fit proofs that name a few other sizes."""
_HASH_BYTES: Final = 32


class TreeHead(Struct, frozen=True):
    """The signed root of a log's tree at one size.

    Attributes:
        protected: the protected header, which has the size.
        signature: the signature over header and root.
    """

    protected: bytes
    signature: bytes


class Receipt(Struct, frozen=True):
    """A receipt that was verified.

    Attributes:
        statement: how the request ended.
        issuer: the operator's app, as the signed header names it.
        signed_at: when the statement was signed.
        key_id: the id of the key that signed it.
        leaf: the hash of the entry.
        tree_size: the number of entries when the receipt was given out.
        root: the root of the log at that size.
        items: the items; None if the file was given out without them.
    """

    statement: Statement
    issuer: str
    signed_at: datetime
    key_id: bytes
    leaf: bytes
    tree_size: int
    root: bytes
    items: tuple[Mapping[str, Any], ...] | None

    def record(self, standing: Standing | None) -> ReceiptRecord:
        """Return what it says, as JSON has it.

        Args:
            standing: how it stands to the log of this database; None if that was not looked at.
        """
        said = self.statement
        return ReceiptRecord(
            genuine=True,
            issuer=self.issuer,
            key=self.key_id.hex(),
            number=said.number,
            kind=said.kind,
            outcome=said.outcome,
            received_at=said.received_at,
            verified_at=said.verified_at,
            answered_at=said.answered_at,
            closed_at=said.closed_at,
            signed_at=self.signed_at,
            items=self.items,
            log=said.log.hex(),
            entry=said.entry,
            log_size=self.tree_size,
            standing=standing,
        )


def sign_statement(statement: Statement, issuer: str, at: datetime, key: SigningKey) -> bytes:
    """Return the signed statement: an entry of the log."""
    header = {_CONTENT_TYPE: CONTENT_TYPE, _CLAIMS: _claims(issuer, statement.number, at)}
    payload = statement.encode()
    protected, signature = key.sign(header, payload)
    return Sign1(protected, {}, payload, signature).encode()


def sign_head(
    log: bytes, size: int, root: bytes, *, issuer: str, at: datetime, key: SigningKey
) -> TreeHead:
    """Sign the root of a log at a size."""
    claims = _claims(issuer, log.hex(), at)
    header = {_CLAIMS: claims, _STRUCTURE: _RFC9162_SHA256, _TREE_SIZE: size}
    return TreeHead(*key.sign(header, root))


def attach_proof(
    entry: bytes, head: TreeHead, *, size: int, index: int, path: Sequence[bytes]
) -> bytes:
    """Return an entry with the proof that it is in the log: a receipt without its items."""
    proof = encode([size, index, list(path)])
    receipt = Sign1(head.protected, {_PROOFS: {_INCLUSION: [proof]}}, None, head.signature)
    return _with_header(entry, {_RECEIPTS: [receipt.encode()]})


def attach_items(receipt: bytes, disclosures: Sequence[bytes]) -> bytes:
    """Return a receipt with the items that its hashes stand for, if there are any."""
    if not disclosures:
        return receipt
    header = read_sign1(receipt).unprotected
    return _with_header(receipt, {**header, _ITEMS: list(disclosures)})


def entry_of(receipt: bytes) -> bytes:
    """Return the entry of the log that a receipt is for."""
    return _with_header(receipt, {})


def verify_head(head: TreeHead, root: bytes, log: bytes, size: int, key: PublicKey) -> None:
    """Check the signature of a log's root.

    Raises:
        ReceiptError: it is not the head of this log at this size.
    """
    header = decode(head.protected)
    claims = header.get(_CLAIMS, {})
    if header.get(_TREE_SIZE) != size or claims.get(_SUBJECT) != log.hex():
        raise ReceiptError("it is the head of another tree")
    key.verify(head.protected, root, head.signature)


def verify(data: bytes, keys: Mapping[bytes, PublicKey]) -> Receipt:
    """Verify a receipt and return what it says.

    Args:
        data: the file.
        keys: the desk's public keys, by id.

    Raises:
        ReceiptError: it was changed, was not signed by these keys, or is none at all.
    """
    message = read_sign1(data)
    extra = message.unprotected.keys() - {_RECEIPTS, _ITEMS}
    receipts = message.unprotected.get(_RECEIPTS)
    if extra or not _is_single(receipts) or message.payload is None:
        raise ReceiptError("it is not a receipt of the desk")
    header = _read_header(message.protected, _CONTENT_TYPE)
    if header[_CONTENT_TYPE] != CONTENT_TYPE:
        raise ReceiptError("it is not a receipt of the desk")
    statement = read_statement(message.payload)
    issuer, subject, signed_at = _read_claims(header[_CLAIMS])
    if subject != statement.number:
        raise ReceiptError("its header names another request")
    key = keys.get(header[KID])
    if key is None:
        raise ReceiptError("the desk has no such key")
    key.verify(message.protected, message.payload, message.signature)
    leaf = hash_leaf(replace(message, unprotected={}).encode())
    size, root = _verify_proof(receipts[0], statement, leaf, issuer, key)
    return Receipt(
        statement=statement,
        issuer=issuer,
        signed_at=signed_at,
        key_id=key.id,
        leaf=leaf,
        tree_size=size,
        root=root,
        items=_read_items(message.unprotected, statement),
    )


def _verify_proof(
    data: bytes, statement: Statement, leaf: bytes, issuer: str, key: PublicKey
) -> tuple[int, bytes]:
    """Check the proof that a statement is in the log; return the tree's size and root."""
    message = read_sign1(data)
    header = _read_header(message.protected, _STRUCTURE, _TREE_SIZE)
    proofs = message.unprotected.get(_PROOFS)
    if message.payload is not None or message.unprotected.keys() != {_PROOFS}:
        raise ReceiptError("its proof is not one of the desk's log")
    if not isinstance(proofs, dict) or proofs.keys() != {_INCLUSION}:
        raise ReceiptError("its proof is not one of the desk's log")
    if header[_STRUCTURE] != _RFC9162_SHA256 or not _is_single(proofs[_INCLUSION]):
        raise ReceiptError("its proof is not one of the desk's log")
    issuer_of_proof, log, _ = _read_claims(header[_CLAIMS])
    if (issuer_of_proof, log, header[KID]) != (issuer, statement.log.hex(), key.id):
        raise ReceiptError("its proof is of another log")
    size, index = header[_TREE_SIZE], statement.entry
    root = root_of_path(leaf, index, size, _read_path(proofs[_INCLUSION][0], size, index))
    if root is None:
        raise ReceiptError("its proof leads to no root")
    key.verify(message.protected, root, message.signature)
    return size, root


def _read_path(proof: bytes, size: int, index: int) -> Sequence[bytes]:
    """Return the path of a proof for a place in a tree; both are signed elsewhere."""
    match decode(proof):
        case [_, _, list(path)] if all(map(_is_hash, path)):
            if encode([size, index, path]) == proof:
                return path
    raise ReceiptError("its proof is of another entry")


def _read_items(
    header: Mapping[Any, Any], statement: Statement
) -> tuple[Mapping[str, Any], ...] | None:
    if _ITEMS not in header:
        return None
    disclosures = header[_ITEMS]
    if not isinstance(disclosures, list) or not all(isinstance(one, bytes) for one in disclosures):
        raise ReceiptError("its items can't be read")
    if not disclosures or tuple(map(hash_disclosure, disclosures)) != statement.items:
        raise ReceiptError("its items are others")
    return tuple(map(read_disclosure, disclosures))


def _read_header(protected: bytes, *labels: int | str) -> Mapping[Any, Any]:
    """Return a protected header that has exactly these labels, besides those all have."""
    header = decode(protected)
    if not isinstance(header, dict) or header.keys() != {ALG, KID, _CLAIMS, *labels}:
        raise ReceiptError("its header is not the desk's")
    if header[ALG] != ES256 or not isinstance(header[KID], bytes):
        raise ReceiptError("its header is not the desk's")
    return header


def _claims(issuer: str, subject: str, at: datetime) -> dict[int, Any]:
    return {_ISSUER: issuer, _SUBJECT: subject, _ISSUED_AT: int(at.timestamp())}


def _read_claims(claims: Any) -> tuple[str, str, datetime]:
    match claims:
        case {1: str(issuer), 2: str(subject), 6: int(at)} if len(claims) == len((1, 2, 6)):
            try:
                return issuer, subject, datetime.fromtimestamp(at, UTC)
            except (OverflowError, OSError, ValueError):
                pass
    raise ReceiptError("its header is not the desk's")


def _with_header(data: bytes, unprotected: Mapping[Any, Any]) -> bytes:
    return replace(read_sign1(data), unprotected=unprotected).encode()


def _is_single(value: Any) -> TypeGuard[list[bytes]]:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], bytes)


def _is_hash(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == _HASH_BYTES
