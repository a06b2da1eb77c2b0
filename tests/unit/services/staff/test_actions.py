"""Every act of staff is counted as taking part in the decision, or excused with a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import privacydesk
from privacydesk.services.staff.actions import PARTICIPATING_ACTIONS

EXCUSED = {
    "account_data_opened": "Looks, and judges nothing.",
    "claim": "The holder counts where nobody is noted as having decided.",
    "assign": "Says who decides, and not what.",
    "note": "Tells colleagues what was found out.",
    "escalate": "Asks, and settles nothing.",
    "evidence_opened": "Looks, and judges nothing.",
    "files_asked": "Asks to look.",
    "files_allowed": "Lets a colleague look.",
    "files_refused": "Keeps a colleague from looking.",
    "words_exported": "Takes a copy, and judges nothing.",
    "hold": "Keeps what there is, whatever is decided.",
    "hold_released": "Keeps it no longer, whatever is decided.",
    "mark_duplicate": "Nobody can object to a duplicate: the other request is decided.",
    "merged": "Is noted on the request that goes on, which is decided later.",
    "task_created": "Asks a team, and settles nothing.",
    "task_taken": "A team's own, which decides nothing.",
    "task_handed_back": "A team's own, which decides nothing.",
    "task_chased": "Reminds a team.",
    "task_answered": "Says what a team found or did; staff decide on it.",
    "task_withdrawn": "Asks no longer, whatever is decided.",
    "restore_asked": "Undoes for an account's owner what a report of a stranger led to.",
}


def names(tree: ast.Module) -> Iterator[str]:
    """Return the names of acts in a module: literals, and variables that hold them."""
    held: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for one in targets:
                if isinstance(one, ast.Name):
                    held.setdefault(one.id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "LogEntryDraft":
            yield from literals(node.args[0], held)


def literals(value: ast.expr, held: dict[str, list[ast.expr]]) -> Iterator[str]:
    if isinstance(value, ast.Constant):
        yield str(value.value)
    elif isinstance(value, ast.IfExp):
        yield from (*literals(value.body, held), *literals(value.orelse, held))
    else:
        assert isinstance(value, ast.Name), f"the name of an act can't be read: {value}"
        for one in held[value.id]:
            yield from literals(one, held)


def test_every_act_is_counted_or_excused() -> None:
    sources = Path(privacydesk.__file__).parent.rglob("*.py")
    # A reply is written by ``StaffActions`` itself.
    found = {"reply"}
    for source in sources:
        found.update(names(ast.parse(source.read_text("utf-8"))))
    assert found == PARTICIPATING_ACTIONS | EXCUSED.keys()
    assert not PARTICIPATING_ACTIONS & EXCUSED.keys()


def test_whoever_writes_to_the_requester_or_rules_on_the_decision_counts() -> None:
    assert {"ask_requester", "extend", "sent_back", "escalation_answered"} <= PARTICIPATING_ACTIONS
