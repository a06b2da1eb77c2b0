"""Capitals of terms that stand by themselves."""

from __future__ import annotations


def capitalize_first(text: str) -> str:
    """Return text capitalised for use outside a sentence, such as on a button or in a table row.

    The catalogs contain terms in the form used within a sentence. A first word with capitals of its
    own ("iPhone") is left unchanged, as are scripts without capitals.
    """
    first_word = text.split(maxsplit=1)[0] if text else ""
    return text[0].upper() + text[1:] if first_word.islower() else text
