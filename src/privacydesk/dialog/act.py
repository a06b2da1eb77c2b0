"""The context of actions and guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from privacydesk.dialog.running import Running
from privacydesk.dialog.schema import Flow
from privacydesk.dialog.script import Script


class Act(Struct, frozen=True):
    """The context of an action or a guard.

    Attributes:
        script: the turn being written.
        frame: the running flow that it belongs to.
        flow: the frame's flow.
        params: the parameters that the flow gives under ``with``.
    """

    script: Script
    frame: Running
    flow: Flow
    params: Mapping[str, Any]
