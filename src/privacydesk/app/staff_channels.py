"""Group chats of staff in the settings: what each is told, and the connections to them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from privacydesk.clock import Clock
from privacydesk.connectors.staff_channels import ChannelAddress, connect_staff_channels
from privacydesk.connectors.webhook_addresses import AddressRules
from privacydesk.domain.staff_channels import StaffChannel, StaffChannelSender
from privacydesk.errors import SettingsError
from privacydesk.outages import Outages
from privacydesk.settings import Settings


def staff_channels(settings: Settings) -> tuple[StaffChannel, ...]:
    """Return what each group chat is told.

    Raises:
        SettingsError: two have the same name.
    """
    channels = tuple(
        StaffChannel(one.name, frozenset(one.alarms), one.language.replace("-", "_"))
        for one in settings.staff_channels
    )
    if len({channel.name for channel in channels}) < len(channels):
        raise SettingsError(
            "PRIVACYDESK_STAFF_CHANNELS: two have the same name", key="staff_channels"
        )
    return channels


def channel_addresses(settings: Settings) -> tuple[ChannelAddress, ...]:
    """Return where the group chats take messages."""
    return tuple(
        ChannelAddress(
            one.name, one.platform, one.url.get_secret_value(), one.secret.get_secret_value()
        )
        for one in settings.staff_channels
    )


def connect_channels(
    settings: Settings, clock: Clock, outages: Outages
) -> AbstractAsyncContextManager[Mapping[str, StaffChannelSender]]:
    """Open the senders of the group chats in the settings.

    Raises:
        SettingsError: an address has not the form of its service.
    """
    rules = AddressRules(settings.webhook_networks)
    return connect_staff_channels(channel_addresses(settings), rules, clock, outages)
