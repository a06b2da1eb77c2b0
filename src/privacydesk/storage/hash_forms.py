"""The stored forms of keyed hashes, which let the hashing secret be replaced under load.

    value  --HMAC by the first hashing secret-->  hash  --AES-SIV by the present one-->  stored form

The program handles hashes alone, so sealed values that hold one, and digests over one, outlast the
secret. As long as the first secret is the present one, a hash is its own stored form. Later the
first one is kept sealed in the database, where nobody can guess values with it: what is stored
opens only with the present secret.

The encryption is deterministic, so that rows are found by it, and can be undone, so that forms are
made anew without the hashed value. While the secret is being replaced, rows have either of two
forms: statements compare columns with both (``matches``), and all processes write the one that the
database names, since two rows of one hash must conflict.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any, Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_HASH_BYTES: Final = 32
_TAG_BYTES: Final = 16
_STORED_BYTES: Final = _HASH_BYTES + _TAG_BYTES
_PURPOSE: Final = b"privacydesk stored hashes 1"
_OTHER: Final = "_in_other_form"
_STORED: Final = sa.LargeBinary()


class OtherForm(bytes):
    """A hash that a statement compares in the form that is not written."""

    __slots__ = ()


class HashForm:
    """One form: encrypted with a key made of a secret, or, without one, the hash as it is."""

    def __init__(self, secret: bytes | None) -> None:
        key = None if secret is None else hmac.digest(secret, _PURPOSE, hashlib.sha512)
        self._cipher = None if key is None else AESSIV(key)

    def encode(self, value: bytes) -> bytes:
        """Return the form of a value."""
        return bytes(value) if self._cipher is None else self._cipher.encrypt(value, None)

    def decode(self, stored: bytes) -> bytes | None:
        """Return the value of a form; None if it is of another form."""
        if self._cipher is None:
            return None
        try:
            return self._cipher.decrypt(stored, None)
        except (InvalidTag, ValueError):
            return None


AS_IT_IS: Final = HashForm(None)


class HashForms:
    """The forms in use on one database; shared by its engines.

    Attributes:
        written: the form of new rows.
        other: the form that rows may have besides, while the secret is being replaced.
    """

    def __init__(self) -> None:
        self.written = AS_IT_IS
        self.other: HashForm | None = None
        self._is_other_named: Callable[[sa.Connection], bool] | None = None

    def use(
        self,
        written: HashForm,
        other: HashForm | None = None,
        *,
        is_other_named: Callable[[sa.Connection], bool] | None = None,
    ) -> None:
        """Use other forms.

        Args:
            written: the form of new rows.
            other: the form that rows may have besides.
            is_other_named: returns, in a transaction, whether the database names the other form as
                the one to write. It has to keep that from changing until the transaction ends.
        """
        self.written, self.other, self._is_other_named = written, other, is_other_named

    def prepare_to_write(self, connection: sa.Connection) -> None:
        """Write the other form from now on if the database names it; begins each transaction."""
        if self._is_other_named is None or not self._is_other_named(connection):
            return
        assert self.other is not None
        self.use(self.other, self.written)

    def encode(self, value: bytes, *, whole: bool) -> bytes:
        """Return what is stored for a value; values that are no hash are stored as they are."""
        if not whole and len(value) != _HASH_BYTES:
            return bytes(value)
        form = self.other if type(value) is OtherForm and self.other else self.written
        return form.encode(value)

    def reformed(self, stored: bytes, form: HashForm, column: sa.Column[bytes]) -> bytes:
        """Return the other form of what is stored; itself if it is no hash."""
        assert isinstance(column.type, KeyedHash)
        value = self.decode(stored, whole=column.type.whole)
        is_hash = column.type.whole or len(value) == _HASH_BYTES
        return form.encode(value) if is_hash else stored

    def decode(self, stored: bytes, *, whole: bool) -> bytes:
        """Return the value that is stored; what no form explains is returned as it is."""
        if len(stored) != _STORED_BYTES and not (whole and len(stored) >= _TAG_BYTES):
            return stored
        for form in (self.written, self.other):
            value = None if form is None else form.decode(stored)
            if value is not None:
                return value
        return stored


def set_forms(engine: sa.Engine, forms: HashForms) -> None:
    """Have an engine store hashes in these forms; one without forms stores them as they are."""
    engine.dialect.hash_forms = forms  # type: ignore[attr-defined]


class KeyedHash(sa.LargeBinary):
    """The type of columns with keyed hashes of what could be guessed: accounts, contacts, codes.

    Hashes of random secrets, such as cookies and tokens, need no such form: nobody can guess them.

    Args:
        length: of the hash; values of other lengths, such as ids, are stored as they are.
        whole: whether values of any length get a form.
    """

    cache_ok = True

    # SQLAlchemy copies types by the arguments that may be positional.
    def __init__(self, length: int | None = None, whole: bool = False) -> None:
        super().__init__(length)
        self.whole = whole

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any] | None:
        """Return the function that makes forms of values."""
        forms, whole = getattr(dialect, "hash_forms", None), self.whole
        if forms is None:
            return None
        return lambda value: None if value is None else forms.encode(value, whole=whole)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return the function that makes values of forms."""
        del coltype
        forms, whole = getattr(dialect, "hash_forms", None), self.whole
        if forms is None:
            return lambda stored: None if stored is None else bytes(stored)
        return lambda stored: None if stored is None else forms.decode(bytes(stored), whole=whole)


def as_stored(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return a column's stored form, where it has one."""
    is_hash = isinstance(column.type, KeyedHash)
    return sa.type_coerce(column, _STORED) if is_hash else column


def as_stored_value(form: bytes | None) -> sa.ColumnElement[bytes | None]:
    """Return a stored form as a value for a column, to be stored as it is."""
    return sa.literal(form, _STORED)


def matches(column: sa.Column[bytes], parameter: str) -> sa.ColumnElement[bool]:
    """Return the condition that a column has a hash, in either form; see ``hash_params``."""
    return column.in_(
        [sa.bindparam(name, type_=column.type) for name in (parameter, parameter + _OTHER)]
    )


def hash_params(parameter: str, value: bytes) -> dict[str, bytes]:
    """Return the parameters of ``matches``."""
    return {parameter: value, parameter + _OTHER: OtherForm(value)}


def both_forms(values: Iterable[bytes]) -> list[bytes]:
    """Return values to be compared with in a list, each in either form."""
    return [form for value in values for form in (value, OtherForm(value))]
