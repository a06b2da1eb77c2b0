"""Text for people keeps to the rules of CONTRIBUTING."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
WIDTH = 100
MOST_WHOEVERS = 5


def _pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("corpus/*.md")])


def _prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a page outside code, tables and pictures, with their numbers."""
    code = False
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if line.lstrip().startswith("```"):
            code = not code
        elif not code and not line.startswith(("|", "![")):
            yield number, line


def test_lines_of_prose_fit_into_a_window() -> None:
    pages = _pages()
    assert len(pages) > 50
    long = [
        f"{page.relative_to(ROOT)}:{number}"
        for page in pages
        for number, line in _prose(page)
        if len(line) > WIDTH
    ]
    assert not long


def test_sentences_name_their_subject() -> None:
    files = [*_pages(), *ROOT.glob("src/**/*.py")]
    said = [one for one in files if "whoever" in one.read_text("utf-8").lower()]
    assert len(said) <= MOST_WHOEVERS, said
