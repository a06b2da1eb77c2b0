"""The addresses that webhooks may be posted to: public ones, and networks the operator allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from yarl import URL

from privacydesk.connectors.addresses import Address, Network, is_public, is_within, parse
from privacydesk.errors import InvalidRequestError

_LONGEST_URL: Final = 2_000
_REFUSALS: Final = {
    "webhook_url": "an endpoint needs a web address: https, a host, no fragment, ASCII",
    "webhook_user": "no name and password in the address: a path or query may hold a token",
    "webhook_https": "an endpoint needs https",
    "webhook_address": "this address is not one that the desk may call",
}

Allows = Callable[[Address], bool]
"""Whether a connection may go to an address."""


class AddressRules:
    """The rules for addresses of webhooks.

    Args:
        networks: allowed besides public addresses; there even without TLS.
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def check(self, url: str) -> None:
        """Refuse an address that no message could ever be sent to.

        The address that a name resolves to is checked when connecting, each time.

        Raises:
            InvalidRequestError: ``data`` names the ``reason``.
        """
        try:
            parsed = URL(url)
            host = parsed.host
            # As it will be resolved: each label of a name has a maximum length.
            (parsed.raw_host or "").encode("idna")
        except ValueError:
            raise _refusal("webhook_url") from None
        readable = url.isascii() and url.isprintable() and " " not in url
        if parsed.scheme not in {"https", "http"} or not host or not readable:
            raise _refusal("webhook_url")
        if len(url) > _LONGEST_URL or parsed.fragment:
            raise _refusal("webhook_url")
        if parsed.user is not None or parsed.password is not None:
            raise _refusal("webhook_user")
        if parsed.scheme == "http" and not self._networks:
            raise _refusal("webhook_https")
        address = parse(host)
        if address is not None and not self.allows(parsed.scheme)(address):
            raise _refusal("webhook_address")

    def allows(self, scheme: str) -> Allows:
        """Return the check whether a connection may go to an address."""
        networks = self._networks
        if scheme == "https":
            return lambda address: is_public(address) or is_within(address, networks)
        return lambda address: is_within(address, networks)


def _refusal(reason: str) -> InvalidRequestError:
    return InvalidRequestError(_REFUSALS[reason], reason=reason)
