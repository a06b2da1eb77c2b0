from __future__ import annotations

import hashlib
from pathlib import Path

import cbor2
import pytest
from tests.common.receipts import AT, Tamperer, library_accepts, make_log, page_accepts

from privacydesk.domain.ticket import Outcome
from privacydesk.receipts.cose import (
    PublicKey,
    ReceiptError,
    SigningKey,
    decode,
    read_key_set,
    read_sign1,
    write_key_set,
)
from privacydesk.receipts.receipt import Receipt, entry_of, verify

KEY = SigningKey(b"k" * 32)
LOG = make_log(11, KEY)


def is_accepted(data: bytes) -> bool:
    try:
        verify(data, LOG.keys)
    except ReceiptError:
        return False
    return True


def test_a_receipt_says_how_a_request_ended() -> None:
    receipt = verify(LOG.files[5], LOG.keys)
    assert isinstance(receipt, Receipt)
    assert receipt.statement.number == "PD-0005-9595"
    assert receipt.statement.outcome is Outcome.PARTLY_FULFILLED
    assert (receipt.statement.entry, receipt.tree_size) == (5, 11)
    assert (receipt.issuer, receipt.signed_at) == ("MoChat", AT)
    assert receipt.items is not None
    assert [item["label"] for item in receipt.items] == ["动态 0", "动态 1"]


def test_a_library_of_others_and_the_page_accept_what_the_desk_signs(tmp_path: Path) -> None:
    assert all(is_accepted(file) for file in LOG.files)
    assert all(library_accepts(file, LOG.keys) for file in LOG.files)
    assert all(page_accepts(LOG.files, LOG.key_set, tmp_path))


@pytest.mark.by_turns(2)
def test_none_of_ten_thousand_tampered_receipts_is_accepted() -> None:
    tampered = Tamperer(LOG, seed=9162).changes(10_000)
    assert len({one.how for one in tampered}) > 12
    assert not [one.how for one in tampered if is_accepted(one.data)]
    # Encodings and signatures of the same meaning are refused by the desk alone.
    others = [one for one in tampered if not one.same_meaning]
    assert len(others) > 8500
    assert not [one.how for one in others if library_accepts(one.data, LOG.keys)]


def test_the_page_accepts_none_of_a_thousand(tmp_path: Path) -> None:
    tampered = Tamperer(LOG, seed=6962).changes(1000)
    accepted = page_accepts([one.data for one in tampered], LOG.key_set, tmp_path)
    assert len(accepted) == 1000
    assert not [one.how for one, said_yes in zip(tampered, accepted, strict=True) if said_yes]


def test_every_single_bit_counts() -> None:
    file = LOG.files[1]
    for place in range(len(file) * 8):
        changed = bytearray(file)
        changed[place // 8] ^= 1 << place % 8
        assert not is_accepted(bytes(changed)), place


def test_receipts_of_an_older_key_are_verified_beside_a_newer_one() -> None:
    newer = make_log(3, SigningKey(b"n" * 32), id=b"log after a turn")
    keys = LOG.keys | newer.keys
    assert read_key_set(write_key_set(keys)) == keys
    for file in (*LOG.files, *newer.files):
        verify(file, keys)
    with pytest.raises(ReceiptError, match="no such key"):
        verify(newer.files[0], LOG.keys)


def test_a_receipt_without_its_items_is_a_receipt() -> None:
    file = LOG.files[5]
    message = cbor2.loads(file)
    protected, header, payload, signature = message.value
    parts = [protected, {394: header[394]}, payload, signature]
    bare = cbor2.dumps(cbor2.CBORTag(18, parts), canonical=True)
    receipt = verify(bare, LOG.keys)
    assert receipt.items is None
    assert len(receipt.statement.items) == 2
    assert entry_of(bare) == entry_of(file)


def test_nobody_finds_an_item_by_its_hash_alone() -> None:
    """The hash covers sixteen random bytes that only the person's file has."""
    receipt = verify(LOG.files[5], LOG.keys)
    guess = b'{"decision":"grant","label":"\xe5\x8a\xa8\xe6\x80\x81 0"}'
    hashes = set(receipt.statement.items)
    assert hashlib.sha256(guess).digest() not in hashes
    assert guess not in entry_of(LOG.files[5])


def test_a_key_follows_from_the_ring_key() -> None:
    assert SigningKey(b"k" * 32).public == KEY.public
    assert SigningKey(b"j" * 32).public != KEY.public
    assert KEY.public.record()[2] == KEY.public.id


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd2",
        b"\xd2\x80",
        b"\x80",
        b"\xd2\x84\x40\xa0\xf6\x40",
        b"\xd2\x9f\xff",
        b"\xff" * 100,
        b"\xd2" * 100_000,
        b"\x81" * 100_000,
        b"\xd2\x9b" + b"\xff" * 8,
        bytes(2_000_000),
    ],
)
def test_what_is_no_receipt_is_refused_quickly(data: bytes) -> None:
    assert not is_accepted(data)


@pytest.mark.parametrize(
    "data", [b"\x18\x01", b"\x9f\x01\xff", b"\xa2\x02\x01\x01\x01", b"\x01\x01"]
)
def test_only_one_encoding_is_read(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        decode(data)


def test_a_set_of_keys_has_nothing_else() -> None:
    assert read_key_set(LOG.key_set) == {KEY.public.id: KEY.public}
    record = KEY.public.record()
    for wrong in ({**record, 2: b"other"}, {**record, -2: b"x"}, {1: 2}, 7):
        with pytest.raises(ReceiptError):
            read_key_set(cbor2.dumps([wrong], canonical=True))
    with pytest.raises(ReceiptError):
        PublicKey(bytes(64)).verify(b"", b"", read_sign1(LOG.files[0]).signature)
