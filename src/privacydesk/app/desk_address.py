"""The desk's address, as browsers see it."""

from __future__ import annotations

from urllib.parse import urlsplit

from privacydesk.connectors.addresses import is_this_machine
from privacydesk.errors import SettingsError
from privacydesk.settings import Settings


def desk_origin(settings: Settings) -> str:
    """Return the desk's origin, such as ``https://desk.example.com``; empty if none is set.

    Raises:
        SettingsError: the setting is no origin, or has no TLS outside this machine.
    """
    if not settings.desk_url:
        return ""
    desk = urlsplit(settings.desk_url)
    is_origin = desk.path in {"", "/"} and not (desk.query or desk.fragment or desk.username)
    fault = ""
    if desk.scheme not in {"https", "http"} or not desk.hostname or not is_origin:
        fault = "needs the desk's origin, such as https://desk.example.com"
    elif desk.scheme == "http" and not is_this_machine(desk.hostname):
        fault = "needs https unless it is on this machine"
    if fault:
        raise SettingsError(f"PRIVACYDESK_DESK_URL: {fault}", key="desk_url")
    return settings.desk_url.rstrip("/")
