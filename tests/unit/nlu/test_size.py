"""The room stays small: what is misread is mended by the corpus, not by rules."""

from __future__ import annotations

import ast
from pathlib import Path

import privacydesk.nlu
import privacydesk.training

_ROOM = Path(privacydesk.nlu.__file__).parent
"""What runs with the desk."""
_TRAINING = Path(privacydesk.training.__file__).parent
"""What the desk never loads."""
_MOST_EXPRESSIONS = 80
_MOST_LINES = 3_940
_MOST_LINES_OF_TRAINING = 2_400
"""A hundred of them teach what short texts are, which no list of words tells any more."""
_MAKES = frozenset(
    {"compile", "match", "search", "fullmatch", "findall", "finditer", "sub", "split"}
)


def test_expressions_are_few() -> None:
    made = [
        f"{file.name}:{node.lineno}"
        for file in _ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _MAKES
    ]
    assert 0 < len(made) <= _MOST_EXPRESSIONS, made


def test_lines_are_few() -> None:
    assert 0 < _lines(_ROOM) <= _MOST_LINES
    assert 0 < _lines(_TRAINING) <= _MOST_LINES_OF_TRAINING


def _lines(folder: Path) -> int:
    return sum(len(file.read_text("utf-8").splitlines()) for file in folder.rglob("*.py"))
