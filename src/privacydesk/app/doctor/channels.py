"""Checks of the group chats of staff: only their settings, since a message would be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from privacydesk.app.desk_address import desk_origin
from privacydesk.app.findings import Finding, Level
from privacydesk.app.staff_channels import channel_addresses, staff_channels
from privacydesk.connectors.staff_channels import address_warning, check_address
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.errors import SettingsError
from privacydesk.settings import Settings

_CHECK: Final = "staff channels"


def find_channel_faults(settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with the settings of group chats, or unusual.

    Raises:
        SettingsError: two have the same name, or the console's origin is none.
    """
    staff_channels(settings)
    if not desk_origin(settings):
        yield Finding(
            _CHECK,
            Level.WARNING,
            "messages have no link to the console: set PRIVACYDESK_DESK_URL",
        )
    rules = AddressRules(settings.webhook_networks)
    for address in channel_addresses(settings):
        try:
            check_address(address, rules)
        except SettingsError as error:
            yield Finding(_CHECK, Level.FAULT, error.message)
            continue
        if warning := address_warning(address):
            yield Finding(_CHECK, Level.WARNING, f"{address.name}: {warning}")
