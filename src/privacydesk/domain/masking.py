"""Hiding most of a phone number, name or mail address that is shown."""

from __future__ import annotations


def mask_phone(number: str) -> str:
    """Return an E.164 number with its middle hidden; the last four digits stay."""
    tail = 4
    if len(number) <= 2 * tail:
        return "*" * max(0, len(number) - 2) + number[-2:]
    return f"{number[: -2 * tail]}****{number[-tail:]}"


def mask_name(name: str) -> str:
    """Return a name with all but the first character of each word hidden."""
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())


def mask_mail(address: str) -> str:
    """Return a mail address with its local part hidden but for the first character."""
    local, _, host = address.rpartition("@")
    return f"{local[:1]}***@{host}"
