"""Builds the tree of a document from its lines, which may be numbered irregularly.

    line ── title, date, contents ───────────────► leaf below the open heading
      │
      ├── heading style, Markdown heading ───────► closes headings of its rank, opens a new one
      ├── number that continues the headings ────► the same, with a note on the wrong style
      ├── number, letter, bullet ────────────────► item of the open list, nested, or a new list
      ├── number without text before another ────► unplaced, with a note
      └── text ──────────────────────────────────► paragraph of an item or of the heading

Each line belongs to exactly one node, or has exactly one `unplaced_line` note.
"""

from __future__ import annotations

from privacydesk.policy.contents import Contents, entry_title, find_contents
from privacydesk.policy.documents import DocumentLines, read_date
from privacydesk.policy.lines import Line, looks_like_title
from privacydesk.policy.marks import (
    HEADING_STYLES,
    LETTERS,
    PLAIN_NUMBERS,
    Mark,
    Style,
    plain_title,
    read_mark,
)
from privacydesk.policy.mutable_tree import Counter, Node, OpenList, freeze
from privacydesk.policy.notes import Note, NoteCode
from privacydesk.policy.numbering import Numbering, detect_numbering
from privacydesk.policy.tree import PassageKind, PolicyDate, PolicyDocument

_WRAPPED_LENGTH = 50
_MAX_ITEM_DEPTH = 8


def build_document(
    document_lines: DocumentLines, key: str, source: str
) -> tuple[PolicyDocument, tuple[Note, ...]]:
    """Build the tree of one document, with notes on irregularities."""
    body = document_lines.lines[document_lines.title_lines :]
    # A date such as "2022.1.1" must not be parsed as a number.
    dated = {document_lines.lines[index].number for index in document_lines.dates}
    marks = tuple(None if line.number in dated else read_mark(line) for line in body)
    contents = find_contents(body, marks)
    rest = [index for index in range(len(body)) if index not in contents.positions]
    numbering = detect_numbering([body[index] for index in rest], [marks[index] for index in rest])
    builder = _TreeBuilder(key, document_lines, numbering, contents)
    for line in document_lines.lines[: document_lines.title_lines]:
        builder.add_leaf(PassageKind.TITLE, "title", line, at_root=True)
    for index, line in enumerate(body):
        if line.number in dated:
            builder.add_leaf(PassageKind.DATE, "date", line, at_root=True)
        elif index in contents.positions:
            builder.add_leaf(PassageKind.CONTENTS, "toc", line)
        else:
            following = marks[index + 1] if index + 1 < len(body) else None
            ends_here = index + 1 == len(body)
            builder.add_line(line, marks[index], before_label=ends_here or following is not None)
    dates = tuple(read_date(document_lines.lines[index]) for index in document_lines.dates)
    document = PolicyDocument(
        key=key,
        title=document_lines.title,
        dates=tuple(day for day in dates if isinstance(day, PolicyDate)),
        root=freeze(builder.root, source),
    )
    return document, tuple(builder.notes)


class _TreeBuilder:
    """Adds the lines of one document to a tree, with the open headings and items as its state."""

    def __init__(
        self, key: str, document_lines: DocumentLines, numbering: Numbering, contents: Contents
    ) -> None:
        first = document_lines.lines[0]
        self.root = Node(
            kind=PassageKind.DOCUMENT,
            anchor=key,
            label="",
            number=None,
            title=document_lines.title,
            line=first.number,
            last_line=0,
            start=first.start,
            head_end=first.start,
            rank=-1.0,
        )
        self.notes: list[Note] = []
        self._numbering = numbering
        self._contents = contents
        self._headings = [self.root]
        self._items: list[Node] = []
        self._anchors: dict[str, int] = {}
        self._last: Node | None = None

    def add_leaf(self, kind: PassageKind, word: str, line: Line, *, at_root: bool = False) -> Node:
        """Add a line that has neither a number nor children."""
        parent = self.root if at_root else self._headings[-1]
        counter = parent.counter(word)
        counter.record(counter.highest + 1)
        node = self._make_node(
            kind, self._unique_anchor(parent, f"{word}{counter.highest}"), line, None
        )
        parent.children.append(node)
        self._last = None
        return node

    def add_line(self, line: Line, mark: Mark | None, *, before_label: bool) -> None:
        """Add a line. `before_label`: whether a numbered line follows, or no line."""
        if self._continues(line, mark):
            assert self._last is not None
            self._last.append_line(line)
        elif not line.has_words:
            self._add_note(line, NoteCode.UNPLACED_LINE, "a line without words")
            self._last = None
        elif mark is None:
            if line.level:
                self._add_heading(line, None)
            else:
                self._add_paragraph(line)
        elif line.level or mark.style in HEADING_STYLES:
            self._add_heading(line, mark)
        elif mark.style is Style.DECIMAL:
            self._add_decimal(line, mark)
        elif not mark.rest and before_label:
            self._add_note(
                line, NoteCode.UNPLACED_LINE, f"the number {mark.label} stands alone, without text"
            )
            self._last = None
        elif self._is_section_heading(line, mark):
            self._add_heading(line, mark)
        elif (heading_mark := self._intended_heading(mark)) is not None:
            self._add_note(
                line,
                NoteCode.STYLE_SLIP,
                f"{mark.label} continues the headings of the form {heading_mark.style.value}; "
                f"it is placed among them as number {mark.number}",
            )
            self._add_heading(line, heading_mark)
        else:
            self._add_item(line, mark)

    # -- decisions ---------------------------------------------------------------------------

    def _continues(self, line: Line, mark: Mark | None) -> bool:
        """Whether a line continues the previous one: wrapped text, or a row of a table."""
        last = self._last
        if last is None or last.last_line + 1 != line.number or line.level:
            return False
        if line.text.startswith("|"):
            return last.is_table
        return (
            mark is None
            and line.has_words
            and last.kind in {PassageKind.PARAGRAPH, PassageKind.ITEM}
            and not last.is_table
            and last.last_length >= _WRAPPED_LENGTH
            and not line.is_cjk
            and not line.bold
        )

    def _is_section_heading(self, line: Line, mark: Mark) -> bool:
        """Whether a plain number is a heading, in a document whose headings have such numbers."""
        if not self._numbering.numbers_head or mark.style not in PLAIN_NUMBERS:
            return False
        if entry_title(line, mark) in self._contents.titles:
            return True
        expected = self.root.counter("sec").highest + 1
        if not (line.bold or looks_like_title(mark.rest)) or (
            # In a document with contents, a number before the first heading is a list item.
            expected == 1 and self._contents.titles
        ):
            return False
        if mark.number == expected:
            return not self._continues_list(mark)
        return mark.number > expected > 1 and not self._items and line.blanks_before > 0

    def _intended_heading(self, mark: Mark) -> Mark | None:
        """Return the mark of the heading that a number in a wrong style stands for, if any.

        Such numbers are （2） after （一） without a （1）, or `5、` after 四、 without a `4、`.
        """
        if mark.number < 2 or not looks_like_title(mark.rest):  # noqa: PLR2004 - 1 starts a list
            return None
        if mark.style is Style.ROUND:
            intended = Style.BRACKETED
        elif mark.style in PLAIN_NUMBERS:
            intended = Style.COUNTED
        else:
            return None
        if self._continues_list(mark):
            return None
        for heading in reversed(self._headings):
            if heading.style is intended:
                return (
                    Mark(intended, mark.path, mark.label, mark.rest)
                    if heading.number == mark.number - 1
                    else None
                )
        return None

    def _continues_list(self, mark: Mark) -> bool:
        open_lists = [node.list for node in (*self._items, self._headings[-1])]
        return any(
            item_list is not None
            and _is_same_list(item_list.style, mark.style)
            and item_list.last == mark.number - 1 > 0
            for item_list in open_lists
        )

    # -- adding ------------------------------------------------------------------------------

    def _add_heading(self, line: Line, mark: Mark | None) -> None:
        rank = self._numbering.rank(line, mark)
        while self._headings[-1].rank >= rank:
            self._headings.pop()
        self._items = []
        parent = self._headings[-1]
        segment = self._numbering.segment(mark, parent.kind)
        # Articles are numbered through all parts, so their anchors don't have the part.
        owner = self.root if segment.kind is PassageKind.ARTICLE else parent
        counter = owner.counter(segment.word)
        number = mark.number if mark is not None else counter.highest + 1
        if mark is not None:
            self._check_number(line, mark, counter, "heading")
        counter.record(number)
        node = self._make_node(
            segment.kind, self._unique_anchor(owner, f"{segment.word}{number}"), line, mark
        )
        node.rank = rank
        rest = plain_title(mark.rest if mark is not None else line.bare)
        node.title = rest if line.level or _is_title(rest, line) else ""
        parent.children.append(node)
        self._headings.append(node)

    def _add_decimal(self, line: Line, mark: Mark) -> None:
        # "3.5 million people" isn't a heading: a heading 3 must be open for 3.5.
        if any(heading.number == mark.path[-2] for heading in self._headings[1:]):
            self._add_heading(line, mark)
        else:
            self._add_paragraph(line)

    def _add_paragraph(self, line: Line) -> None:
        while self._items and not self._is_body_of(self._items[-1], line):
            self._items.pop()
        if not self._items and self._headings[-1].list is not None:
            self._headings[-1].list.interrupted = True
        parent = self._items[-1] if self._items else self._headings[-1]
        counter = parent.counter("p")
        counter.record(counter.highest + 1)
        node = self._make_node(
            PassageKind.PARAGRAPH, self._unique_anchor(parent, f"p{counter.highest}"), line, None
        )
        node.is_table = line.text.startswith("|")
        parent.children.append(node)

    def _is_body_of(self, item: Node, line: Line) -> bool:
        """Whether text after an item belongs to it: the item is a title, as its siblings are."""
        # Text that is indented further than other text belongs to the item, as in Markdown.
        if line.indent > max(item.indent + 1, self._numbering.text_indent):
            return True
        return (
            item.style not in LETTERS
            and item.style is not Style.BULLET
            and bool(item.title)
            and item.may_have_body
            and item.list is None
        )

    def _add_item(self, line: Line, mark: Mark) -> None:
        level = self._item_level(line, mark)
        parent = self._items[level - 1] if level else self._headings[-1]
        previous = self._items[level] if level < len(self._items) else None
        item_list = self._list_for(parent, mark)
        if item_list.style is not mark.style:
            self._add_note(
                line,
                NoteCode.STYLE_SLIP,
                f"{mark.label} continues a list of the form {item_list.style.value}",
            )
        bullet = mark.style is Style.BULLET
        # Markdown renumbers lists, so many authors write 1. before each item.
        is_renumbered = (
            self._numbering.is_markdown and mark.number == 1 and mark.style is Style.POINT
        )
        number = item_list.last + 1 if bullet or is_renumbered else mark.number
        if not (bullet or is_renumbered):
            self._check_number(line, mark, item_list.counter, "list item")
        word = mark.label.strip("(（.．、)）").lower() if mark.style in LETTERS else f"item{number}"
        word = f"point{number}" if bullet else word
        prefix = f"list{item_list.order}." if item_list.order > 1 else ""
        item_list.counter.record(number)
        item_list.interrupted = False
        node = self._make_node(
            PassageKind.ITEM, self._unique_anchor(parent, prefix + word), line, mark
        )
        node.number = number
        node.indent = line.indent
        node.title = plain_title(mark.rest) if looks_like_title(mark.rest) else ""
        # An item after the first may have a body only if the previous one has.
        node.may_have_body = previous is None or bool(previous.children)
        parent.children.append(node)
        del self._items[level:]
        self._items.append(node)

    def _item_level(self, line: Line, mark: Mark) -> int:
        """Return the depth of a new item among the open ones."""
        bullet = mark.style is Style.BULLET
        while not bullet and self._items and self._items[-1].style is Style.BULLET:
            if line.indent > self._items[-1].indent:
                break
            # A numbered item is below a bullet point only if it is indented further.
            self._items.pop()
        if (
            self._items
            and line.indent > self._items[-1].indent + 1
            and (bullet or mark.number == 1)
        ):
            return min(len(self._items), _MAX_ITEM_DEPTH)
        same = [index for index, item in enumerate(self._items) if item.style is mark.style]
        if bullet and same:
            return next(
                (a for a in reversed(same) if self._items[a].indent <= line.indent), same[0]
            )
        preceding = [index for index in same if self._items[index].number == mark.number - 1]
        if preceding or same:
            return (preceding or same)[-1]
        for index in reversed(range(len(self._items))):
            item = self._items[index]
            if (
                item.style is not None
                and _is_same_list(item.style, mark.style)
                and item.number == mark.number - 1
            ):
                return index
        return min(len(self._items), _MAX_ITEM_DEPTH)

    @staticmethod
    def _list_for(parent: Node, mark: Mark) -> OpenList:
        """Return the list that the item continues, or a new one."""
        item_list = parent.list
        if item_list is not None:
            same = item_list.style is mark.style
            restarts = mark.number <= 1 and item_list.interrupted
            continues = (
                _is_same_list(item_list.style, mark.style) and mark.number == item_list.last + 1
            )
            if (same and not restarts) or continues:
                return item_list
        parent.lists += 1
        parent.list = OpenList(mark.style, parent.lists)
        return parent.list

    # -- helpers -----------------------------------------------------------------------------

    def _check_number(self, line: Line, mark: Mark, counter: Counter, kind: str) -> None:
        number, expected = mark.number, counter.highest + 1
        if number in counter.numbers:
            self._add_note(
                line,
                NoteCode.DUPLICATE_NUMBER,
                f"the {kind} {mark.label} has a number used before; its anchor ends in ~2 or more",
            )
        elif number != expected:
            after = f"after number {counter.highest}" if counter.highest else "at the start"
            self._add_note(
                line,
                NoteCode.NUMBERING_GAP,
                f"the {kind} {mark.label} stands {after}, where number {expected} was expected",
            )

    def _add_note(self, line: Line, code: NoteCode, explanation: str) -> None:
        self.notes.append(Note(line.number, code, explanation))

    def _unique_anchor(self, parent: Node, word: str) -> str:
        separator = ":" if parent is self.root else "."
        anchor = f"{parent.anchor}{separator}{word}"
        copy = self._anchors.get(anchor, 0) + 1
        self._anchors[anchor] = copy
        return anchor if copy == 1 else f"{anchor}~{copy}"

    def _make_node(self, kind: PassageKind, anchor: str, line: Line, mark: Mark | None) -> Node:
        node = Node(
            kind=kind,
            anchor=anchor,
            label=mark.label if mark is not None else "",
            number=mark.number if mark is not None else None,
            title="",
            line=line.number,
            last_line=line.number,
            start=line.start,
            head_end=line.end,
            last_length=len(line.text),
            style=mark.style if mark is not None else None,
        )
        self._last = node
        return node


def _is_title(rest: str, line: Line) -> bool:
    # A title may end with a full stop by mistake; with commas, too, it is a sentence, as in laws.
    ends_sentence = line.bare[-1:] in {"。", "."} and any(comma in rest for comma in "，,；;")
    return looks_like_title(rest) and not ends_sentence


def _is_same_list(first: Style, second: Style) -> bool:
    return first is second or (first in PLAIN_NUMBERS and second in PLAIN_NUMBERS)
