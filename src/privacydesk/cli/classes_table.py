"""A table of how well messages are classified, by texts that are not learnt from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from privacydesk.nlu.pipeline import Pipeline
    from privacydesk.services.classifiers import Classifiers

_OTHER: Final = "other"
_OF_MESSAGES: Final = (
    ("speakers", "speaker", 1),
    ("remarks", "about", 2),
    ("dangers", "danger", 3),
)
"""The name of the files, the field with the class, and its place in ``MessageClasses``."""


def classes_table(
    pipeline: Pipeline, classifiers: Classifiers, files: Mapping[str, str], today: date
) -> str:
    """Return precision and recall of the classes of messages, as a table in Markdown.

    Args:
        pipeline: reads the messages.
        classifiers: classify them.
        files: texts with their classes, by name; see ``data.short_text_files``.
        today: the day on which they are read.
    """
    told, wanted, right = Counter[str](), Counter[str](), Counter[str]()

    def count(kind: str, known: Iterable[str], found: Iterable[str]) -> None:
        known, found = {*known}, {*found}
        for counts, names in ((told, found), (wanted, known), (right, found & known)):
            counts.update(f"{kind}: {name}" for name in names)
            counts[kind] += len(names)

    for kind, key, at in _OF_MESSAGES:
        for text, name in _lines(files, kind, key):
            meaning = pipeline.parse(text, today).meaning
            found = classifiers.messages(text, meaning)[at]
            count(kind, {name} - {_OTHER}, {found} - {""})
    for text, names in _lines(files, "child_wishes", "wants"):
        count("child wishes", names, classifiers.child_wishes(text, pipeline.meaning(text)))
    lines = ["| class | texts | of those told, right | of those it is, told |", "| --- " * 4 + "|"]
    for name in sorted(wanted):
        shares = (right[name] / max(1, counts[name]) for counts in (told, wanted))
        lines.append(f"| {name} | {wanted[name]} | {' | '.join(f'{s:.3f}' for s in shares)} |")
    return "\n".join(lines)


def _lines(files: Mapping[str, str], kind: str, key: str) -> Iterator[tuple[str, Any]]:
    for name, text in files.items():
        if name.rpartition("/")[2].startswith(kind):
            for line in map(msgspec.json.decode, text.splitlines()):
                yield line["text"], line[key]
