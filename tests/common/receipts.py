"""Receipts to verify, receipts that were tampered with, and verifiers that are not the desk's."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import scitt_cose
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.common.npm import give_up

from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Outcome
from privacydesk.receipts.cose import PublicKey, SigningKey, read_key_set, write_key_set
from privacydesk.receipts.merkle import GrowingTree, hash_leaf
from privacydesk.receipts.receipt import (
    attach_items,
    attach_proof,
    sign_head,
    sign_statement,
)
from privacydesk.receipts.statement import Statement, disclose, hash_disclosure
from privacydesk.web.assets import STATIC

AT = datetime(2026, 5, 4, 8, 30, 7, tzinfo=UTC)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_RECEIPTS, _PROOFS, _INCLUSION, _ITEMS = 394, 396, -1, "items"
_OUTCOMES = (Outcome.FULFILLED, Outcome.PARTLY_FULFILLED, Outcome.REFUSED, Outcome.WITHDRAWN)


@dataclass
class Log:
    """A log of receipts that was filled at once."""

    key: SigningKey
    id: bytes = b"log-of-the-tests"
    files: list[bytes] = field(default_factory=list)

    @property
    def key_set(self) -> bytes:
        return write_key_set({self.key.public.id: self.key.public})

    @property
    def keys(self) -> dict[bytes, PublicKey]:
        return read_key_set(self.key_set)


def make_log(count: int, key: SigningKey, *, id: bytes = b"log-of-the-tests") -> Log:  # noqa: A002
    """Return a log of receipts with none, one or two items each."""
    log, tree, entries = Log(key, id), GrowingTree(), []
    for index in range(count):
        items = [
            disclose({"label": f"动态 {n}", "decision": "grant"}, b"salt-%010d%d" % (index, n))
            for n in range(index % 3)
        ]
        statement = Statement(
            number=f"PD-{index:04}-{index * 7919 % 10000:04}",
            kind=RequestKind.DELETION,
            outcome=_OUTCOMES[index % len(_OUTCOMES)],
            received_at=AT,
            verified_at=AT if index % 2 else None,
            answered_at=AT + timedelta(hours=index),
            closed_at=AT + timedelta(days=1),
            log=id,
            entry=index,
            items=tuple(map(hash_disclosure, items)),
        )
        entry = sign_statement(statement, "MoChat", AT, key)
        tree.append(hash_leaf(entry))
        entries.append((entry, items))
    head = sign_head(id, tree.size, tree.root, issuer="MoChat", at=AT, key=key)
    for index, (entry, items) in enumerate(entries):
        proved = attach_proof(entry, head, size=count, index=index, path=tree.path(index))
        log.files.append(attach_items(proved, items))
    return log


# -- verifiers of others -----------------------------------------------------------------------


def library_accepts(data: bytes, keys: dict[bytes, PublicKey]) -> bool:
    """Return what scitt-cose, a library by others, says of a receipt.

    Signatures, encodings and the tree are the library's; what the desk's profile binds beyond the
    standards (size and place, which the COSE receipt leaves unsigned, and the hashes of the items)
    is compared here.
    """
    try:
        return _verify_with_library(data, keys)
    except (scitt_cose.CoseError, cbor2.CBORError, ValueError, TypeError, LookupError):
        return False
    except AttributeError:
        return False  # what should be a message is none


def _verify_with_library(data: bytes, keys: dict[bytes, PublicKey]) -> bool:
    (receipt,) = scitt_cose.extract_receipts(data)
    protected, header, payload, signature = _parts(data)
    if header.keys() - {_RECEIPTS, _ITEMS}:
        return False
    key = pem(keys[cbor2.loads(protected)[4]])
    entry = _sign1(protected, {}, payload, signature)
    said = scitt_cose.parse_signed_statement(entry, public_key_pem=key)
    if said["signature_verified"] is not True:
        return False
    result = scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=key)
    statement = cbor2.loads(payload)
    disclosed = [hashlib.sha256(item).digest() for item in header.get(_ITEMS, ())]
    return (
        result.ok
        and result.tree_size == result.protected_header_ext["tree-size"]
        and result.leaf_index == statement["entry"]
        and (result.issuer, result.subject) == (said["issuer"], statement["log"].hex())
        and said["subject"] == statement["number"]
        and (_ITEMS not in header or disclosed == list(statement["items"]))
    )


def page_accepts(files: Iterable[bytes], key_set: bytes, folder: Path) -> list[bool]:
    """Return what the script of the page says of receipts, run by Node.js."""
    if shutil.which("node") is None:
        give_up("node is not installed (Debian: apt-get install nodejs)")
    shutil.copy(STATIC / "js" / "receipt.js", folder / "receipt.mjs")
    (folder / "run.mjs").write_text(_RUN, "utf-8")
    given = {
        "keys": base64.b64encode(key_set).decode(),
        "files": [base64.b64encode(one).decode() for one in files],
    }
    done = subprocess.run(  # noqa: S603 - a fixed command
        ["node", str(folder / "run.mjs")],  # noqa: S607
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    accepted: list[bool] = json.loads(done.stdout)
    return accepted


_RUN = """
import { readFileSync } from "node:fs";
import { ReceiptError, verifyReceipt } from "./receipt.mjs";
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const given = JSON.parse(readFileSync(0, "utf-8"));
const accepted = [];
for (const file of given.files) {
  try {
    await verifyReceipt(bytes(file), bytes(given.keys));
    accepted.push(true);
  } catch (error) {
    accepted.push(false);
  }
}
console.log(JSON.stringify(accepted));
"""


def pem(key: PublicKey) -> bytes:
    """Return a key as other programs read it."""
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + key.point)
    return point.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


# -- tampering ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tampered:
    """A file that was made from receipts.

    Attributes:
        how: the name of the change.
        same_meaning: whether it says the same in another encoding or with the second valid value
            of a signature, which the standards leave open and the desk does not.
    """

    how: str
    data: bytes
    same_meaning: bool = False


class Tamperer:
    """Changes receipts at random: bits, fields, proofs, parts of other receipts, other keys."""

    def __init__(self, log: Log, seed: int) -> None:
        self._log = log
        self._chance = random.Random(seed)  # noqa: S311 - the same changes each time
        forger = SigningKey(b"a key of the forger's own".ljust(32))
        self._forged = make_log(len(log.files), forger, id=log.id)
        self._genuine = {*log.files, *map(_without_items, log.files)}

    def changes(self, count: int) -> list[Tampered]:
        """Return files that are none of the log's."""
        found: list[Tampered] = []
        while len(found) < count:
            how = self._chance.choice(self._ways)
            try:
                data = how(self, self._chance.choice(self._log.files))
            except (IndexError, KeyError, ValueError):
                continue  # there is nothing of the kind in this one
            if data not in self._genuine:
                name = how.__name__.strip("_")
                found.append(Tampered(name, data, name in _SAME_MEANING))
        return found

    def _flip_bits(self, file: bytes) -> bytes:
        changed = bytearray(file)
        for _ in range(self._chance.choice((1, 1, 1, 2, 8))):
            changed[self._chance.randrange(len(changed))] ^= 1 << self._chance.randrange(8)
        return bytes(changed)

    def _change_bytes(self, file: bytes) -> bytes:
        start = self._chance.randrange(len(file))
        length = self._chance.randrange(4)
        put = self._chance.randbytes(self._chance.randrange(4))
        return file[:start] + put + file[start + length :]

    def _cut_or_extend(self, file: bytes) -> bytes:
        if self._chance.random() < 0.5:
            return file[: self._chance.randrange(len(file))]
        return file + self._chance.randbytes(self._chance.randrange(1, 9))

    def _swap_a_part(self, file: bytes) -> bytes:
        parts, others = _parts(file), _parts(self._chance.choice(self._log.files))
        place = self._chance.randrange(len(parts))
        parts[place] = others[place]
        return _sign1(*parts)

    def _swap_a_part_of_the_proof(self, file: bytes) -> bytes:
        other = _parts(self._chance.choice(self._log.files))[1][_RECEIPTS][0]
        place = self._chance.randrange(4)

        def swap(parts: list[Any]) -> None:
            parts[place] = _parts(other)[place]

        return _with_receipt(file, swap)

    def _change_the_statement(self, file: bytes) -> bytes:
        parts = _parts(file)
        fields = dict(cbor2.loads(parts[2]))
        name = self._chance.choice(sorted(fields))
        fields[name] = {
            "number": "PD-9999-9999",
            "kind": "access",
            "outcome": self._chance.choice([one.value for one in Outcome]),
            "log": self._chance.randbytes(16),
            "entry": self._chance.randrange(20),
            "items": [self._chance.randbytes(32) for _ in fields["items"]],
        }.get(name, "2027-01-01T00:00:00Z")
        parts[2] = _dumps(fields)
        return _sign1(*parts)

    def _change_the_proof(self, file: bytes) -> bytes:
        def change(parts: list[Any]) -> None:
            size, index, path = cbor2.loads(parts[1][_PROOFS][_INCLUSION][0])
            path, way = list(path), self._chance.randrange(7)
            if way == 0:
                size += self._chance.randint(-3, 30)
            elif way == 1:
                index += self._chance.randint(-3, 3)
            elif way == 2:
                self._chance.shuffle(path)
            elif way == 3:
                del path[self._chance.randrange(len(path))]
            elif way == 4:
                path.append(self._chance.randbytes(32))
            elif way == 5:
                path[self._chance.randrange(len(path))] = self._chance.randbytes(32)
            else:
                size, index = bool(size), bool(index)
            parts[1] = {_PROOFS: {_INCLUSION: [_dumps([size, index, path])]}}

        return _with_receipt(file, change)

    def _change_the_items(self, file: bytes) -> bytes:
        parts = _parts(file)
        items = list(parts[1][_ITEMS])
        way = self._chance.randrange(4)
        place = self._chance.randrange(len(items))
        if way == 0:
            salt, text = cbor2.loads(items[place])
            items[place] = _dumps([salt, text.replace("grant", "refuse")])
        elif way == 1:
            _, text = cbor2.loads(items[place])
            items[place] = _dumps([self._chance.randbytes(16), text])
        elif way == 2:
            del items[place]
        else:
            items.reverse()
        parts[1] = {**parts[1], _ITEMS: items}
        return _sign1(*parts)

    def _add_a_header(self, file: bytes) -> bytes:
        parts = _parts(file)
        parts[1] = {**parts[1], self._chance.choice([1, 4, 33, "note"]): b"x"}
        return _sign1(*parts)

    def _sign_anew(self, file: bytes) -> bytes:
        """Return a forged receipt of the same number: by another key, in part or as a whole."""
        forged = self._forged.files[self._log.files.index(file)]
        theirs, ours = _parts(forged), _parts(file)
        for place in range(4):
            if self._chance.random() < 0.3:
                theirs[place] = ours[place]
        return _sign1(*theirs)

    def _name_the_key_of_the_desk(self, file: bytes) -> bytes:
        """Return a forged receipt whose headers name the desk's key."""
        forged = self._forged.files[self._log.files.index(file)]
        theirs, ours = self._forged.key.public.id, self._log.key.public.id
        return forged.replace(theirs, ours)

    def _write_the_proof_otherwise(self, file: bytes) -> bytes:
        def change(parts: list[Any]) -> None:
            proof = parts[1][_PROOFS][_INCLUSION][0]
            size, index, path = cbor2.loads(proof)
            head = b"\x83\x19" + size.to_bytes(2, "big") + b"\x19" + index.to_bytes(2, "big")
            parts[1] = {_PROOFS: {_INCLUSION: [head + _dumps(list(path))]}}

        return _with_receipt(file, change)

    def _take_the_other_signature(self, file: bytes) -> bytes:
        def change(parts: list[Any]) -> None:
            s = int.from_bytes(parts[3][32:], "big")
            parts[3] = parts[3][:32] + (_ORDER - s).to_bytes(32, "big")

        return _with_receipt(file, change)

    _ways: Sequence[Callable[[Tamperer, bytes], bytes]] = (
        _flip_bits,
        _flip_bits,
        _flip_bits,
        _flip_bits,
        _change_bytes,
        _change_bytes,
        _cut_or_extend,
        _swap_a_part,
        _swap_a_part_of_the_proof,
        _change_the_statement,
        _change_the_proof,
        _change_the_proof,
        _change_the_items,
        _add_a_header,
        _sign_anew,
        _name_the_key_of_the_desk,
        _write_the_proof_otherwise,
        _take_the_other_signature,
    )


_SAME_MEANING = {"write_the_proof_otherwise", "take_the_other_signature"}


def _parts(data: bytes) -> list[Any]:
    message = cbor2.loads(data)
    protected, header, payload, signature = message.value
    return [protected, dict(header), payload, signature]


def _sign1(*parts: Any) -> bytes:
    return _dumps(cbor2.CBORTag(18, list(parts)))


def _with_receipt(data: bytes, change: Callable[[list[Any]], None]) -> bytes:
    parts = _parts(data)
    receipt = _parts(parts[1][_RECEIPTS][0])
    change(receipt)
    parts[1] = {**parts[1], _RECEIPTS: [_sign1(*receipt)]}
    return _sign1(*parts)


def _without_items(data: bytes) -> bytes:
    parts = _parts(data)
    parts[1] = {_RECEIPTS: parts[1][_RECEIPTS]}
    return _sign1(*parts)


def _dumps(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)
