"""What a step of a flow is carried out, or asked, with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.script import Script


class Act(Struct, frozen=True):
    """What an action or a guard gets.

    Attributes:
        script: the turn being written.
        frame: the form it stands in.
        flow: the form's flow.
        params: what the flow gives it under ``with``.
    """

    script: Script
    frame: Running
    flow: Flow
    params: Mapping[str, Any]
