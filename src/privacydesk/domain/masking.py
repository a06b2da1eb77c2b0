"""Masking of phone numbers, names and mail addresses for display."""

from __future__ import annotations


def mask_phone(number: str) -> str:
    """Return an E.164 number with four digits masked before the last four."""
    visible = 4
    if len(number) <= 2 * visible:
        return "*" * max(0, len(number) - 2) + number[-2:]
    return f"{number[: -2 * visible]}****{number[-visible:]}"


def mask_name(name: str) -> str:
    """Return a name with all but the first character of each word masked."""
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())


def mask_mail(address: str) -> str:
    """Return a mail address with all but the first character of its local part masked."""
    local, _, host = address.rpartition("@")
    return f"{local[:1]}***@{host}"
