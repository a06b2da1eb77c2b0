"""Decides which addresses webhooks may be sent to: public ones and allowed networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from yarl import URL

from privacydesk.connectors.addresses import Address, Network, is_public, is_within, parse_ip
from privacydesk.errors import InvalidRequestError

_MAX_URL_LENGTH: Final = 2_000
_REFUSALS: Final = {
    "webhook_url": "an endpoint needs a web address: https, a host, no fragment, ASCII",
    "webhook_user": "no name and password in the address: a path or query may hold a token",
    "webhook_https": "an endpoint needs https",
    "webhook_address": "this address is not one that the desk may call",
}

AddressCheck = Callable[[Address], bool]
"""Returns whether a connection to an address is allowed."""


class AddressRules:
    """The rules for the URLs of webhooks.

    Args:
        networks: networks allowed besides public addresses; also without TLS.
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def check(self, url: str) -> None:
        """Refuse a URL that webhooks can never be sent to.

        Whatever address a host name resolves to is checked on each connection instead.

        Raises:
            InvalidRequestError: ``data`` has the ``reason``.
        """
        try:
            parsed = URL(url)
            host = parsed.host
            # Raises if a label is too long for the name to be resolved.
            (parsed.raw_host or "").encode("idna")
        except ValueError:
            raise _refusal("webhook_url") from None
        readable = url.isascii() and url.isprintable() and " " not in url
        if parsed.scheme not in {"https", "http"} or not host or not readable:
            raise _refusal("webhook_url")
        if len(url) > _MAX_URL_LENGTH or parsed.fragment:
            raise _refusal("webhook_url")
        if parsed.user is not None or parsed.password is not None:
            raise _refusal("webhook_user")
        if parsed.scheme == "http" and not self._networks:
            raise _refusal("webhook_https")
        address = parse_ip(host)
        if address is not None and not self.address_check(parsed.scheme)(address):
            raise _refusal("webhook_address")

    def address_check(self, scheme: str) -> AddressCheck:
        """Return the check of addresses for ``https`` or ``http``."""
        networks = self._networks
        if scheme == "https":
            return lambda address: is_public(address) or is_within(address, networks)
        return lambda address: is_within(address, networks)


def _refusal(reason: str) -> InvalidRequestError:
    return InvalidRequestError(_REFUSALS[reason], reason=reason)
