"""The commands that the page offers to copy, for acting as an agent."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from privacydesk.domain.agents import Role
from privacydesk.invocation import shell_command

SAMPLE_AGENTS: Final[Sequence[tuple[str, str, Role]]] = (
    ("mei", "小美", Role.AGENT),
    ("wing", "詠欣", Role.AGENT),
    ("tom", "Tom", Role.AGENT),
    ("lao-zhou", "老周", Role.SUPERVISOR),
    ("xiao-chen", "小陈", Role.ADMINISTRATOR),
    ("he-an", "何安", Role.AUDITOR),
    ("li-na", "李娜", Role.DATA_OWNER),
)
"""The agents: name, display name and role."""

SAMPLE_MEMBERS: Final[Mapping[str, Sequence[str]]] = {"li-na": ("content",)}
"""The teams of agents."""


@dataclass(frozen=True, slots=True)
class AgentCommand:
    """A command to copy.

    Attributes:
        name: its purpose; the key ``demo.command.<name>`` explains it.
        line: the command, with NUMBER where a ticket's number goes.
    """

    name: str
    line: str


def agent_commands(data_dir: Path, ticket: str = "NUMBER") -> tuple[AgentCommand, ...]:
    """Return an agent's most common commands, for the demo's folder."""
    folder, program = shlex.quote(str(data_dir)), shell_command()

    def command(name: str, arguments: str) -> AgentCommand:
        return AgentCommand(name, f"{program} {arguments} --data-dir {folder}")

    return (
        command("list", "tickets list"),
        command("show", f"tickets show {ticket}"),
        command("claim", f"tickets claim {ticket} --as mei"),
        # Evidence has to be opened before it is accepted; FILE is an id that ``show`` lists.
        command("open", f"tickets evidence {ticket} --open FILE --to evidence.jpg --as mei"),
        command("examine", f"tickets examine {ticket} --accept --as mei"),
        command("grant", f"tickets decide {ticket} --grant --as mei"),
        command(
            "refuse",
            f"tickets decide {ticket} --refuse --ground rights_of_others"
            " --reason '这部分涉及别人的信息' --as mei",
        ),
        command("talks", "conversations list"),
        command("take", f"conversations take {ticket} --as mei"),
        command("reply", f"conversations reply {ticket} '您好，我是小美' --as mei"),
        command("hand_back", f"conversations hand-back {ticket} --as mei"),
    )
