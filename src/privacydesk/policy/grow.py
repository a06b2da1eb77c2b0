"""Growing a document's tree from its lines, irregular numbering included.

    line ── title, date, contents ───────────────► leaf under the open heading
      │
      ├── heading form, Markdown heading ────────► closes headings of its rank, opens its own
      ├── number that continues a *heading* row ─► the same, with a note on the slip
      ├── number, letter, bullet ────────────────► item of the open list, nested, or a new list
      ├── bare number before another label ──────► unplaced, with a note
      └── text ──────────────────────────────────► paragraph of an item or of the heading

Every line ends in exactly one node's own lines or in exactly one `unplaced_line` note.
"""

from __future__ import annotations

from privacydesk.policy.contents import Contents, entry_title, find_contents
from privacydesk.policy.draft import Counter, Node, OpenList, freeze
from privacydesk.policy.form import Form, read_form
from privacydesk.policy.heads import Stretch, read_date
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
from privacydesk.policy.notes import Note, NoteCode
from privacydesk.policy.tree import PassageKind, PolicyDate, PolicyDocument

_WRAPPED_LENGTH = 50
_DEEPEST_ITEM = 8


def grow_document(
    stretch: Stretch, key: str, source: str
) -> tuple[PolicyDocument, tuple[Note, ...]]:
    """Return one document's tree, and notes on what was noticed."""
    body = stretch.lines[stretch.title_lines :]
    # Title lines may look like numbering to nobody; dates must not, "2022.1.1" being 1.1-like.
    dated = {stretch.lines[at].number for at in stretch.dates}
    marks = tuple(None if line.number in dated else read_mark(line) for line in body)
    contents = find_contents(body, marks)
    rest = [at for at in range(len(body)) if at not in contents.positions]
    form = read_form([body[at] for at in rest], [marks[at] for at in rest])
    grower = _Grower(key, stretch, form, contents)
    for line in stretch.lines[: stretch.title_lines]:
        grower.leaf(PassageKind.TITLE, "title", line, at_root=True)
    for at, line in enumerate(body):
        if line.number in dated:
            grower.leaf(PassageKind.DATE, "date", line, at_root=True)
        elif at in contents.positions:
            grower.leaf(PassageKind.CONTENTS, "toc", line)
        else:
            following = marks[at + 1] if at + 1 < len(body) else None
            ends_here = at + 1 == len(body)
            grower.read(line, marks[at], before_label=ends_here or following is not None)
    dates = tuple(read_date(stretch.lines[at]) for at in stretch.dates)
    document = PolicyDocument(
        key=key,
        title=stretch.title,
        dates=tuple(day for day in dates if isinstance(day, PolicyDate)),
        root=freeze(grower.root, source),
    )
    return document, tuple(grower.notes)


class _Grower:
    """The open headings and items while the lines of one document are read."""

    def __init__(self, key: str, stretch: Stretch, form: Form, contents: Contents) -> None:
        first = stretch.lines[0]
        self.root = Node(
            kind=PassageKind.DOCUMENT,
            anchor=key,
            label="",
            number=None,
            title=stretch.title,
            line=first.number,
            last_line=0,
            start=first.start,
            head_end=first.start,
            rank=-1.0,
        )
        self.notes: list[Note] = []
        self._form = form
        self._contents = contents
        self._headings = [self.root]
        self._items: list[Node] = []
        self._anchors: dict[str, int] = {}
        self._last: Node | None = None

    def leaf(self, kind: PassageKind, word: str, line: Line, *, at_root: bool = False) -> Node:
        """Add a line that has neither a number nor children."""
        parent = self.root if at_root else self._headings[-1]
        counter = parent.counter(word)
        counter.meet(counter.highest + 1)
        node = self._node(kind, self._anchor(parent, f"{word}{counter.highest}"), line, None)
        parent.children.append(node)
        self._last = None
        return node

    def read(self, line: Line, mark: Mark | None, *, before_label: bool) -> None:
        """Place one line. `before_label`: a numbered line follows, or nothing does."""
        if self._continues(line, mark):
            assert self._last is not None
            self._last.take(line)
        elif not line.has_words:
            self._note(line, NoteCode.UNPLACED_LINE, "a line without words")
            self._last = None
        elif mark is None:
            if line.level:
                self._heading(line, None)
            else:
                self._paragraph(line)
        elif line.level or mark.style in HEADING_STYLES:
            self._heading(line, mark)
        elif mark.style is Style.DECIMAL:
            self._decimal(line, mark)
        elif not mark.rest and before_label:
            self._note(
                line, NoteCode.UNPLACED_LINE, f"the number {mark.label} stands alone, without text"
            )
            self._last = None
        elif self._heads_section(line, mark):
            self._heading(line, mark)
        elif (slipped := self._slipped_heading(mark)) is not None:
            self._note(
                line,
                NoteCode.STYLE_SLIP,
                f"{mark.label} continues the headings of the form {slipped.style.value}; "
                f"it is placed among them as number {mark.number}",
            )
            self._heading(line, slipped)
        else:
            self._item(line, mark)

    # -- deciding ----------------------------------------------------------------------------

    def _continues(self, line: Line, mark: Mark | None) -> bool:
        """Whether the line is the rest of the one before: hard-wrapped prose, or a table's row."""
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

    def _heads_section(self, line: Line, mark: Mark) -> bool:
        """Whether a plain number heads a section, in a document numbered that way."""
        if not self._form.numbers_head or mark.style not in PLAIN_NUMBERS:
            return False
        if entry_title(line, mark) in self._contents.titles:
            return True
        expected = self.root.counter("sec").highest + 1
        if not (line.bold or looks_like_title(mark.rest)) or (
            # Where headings are listed, a number before the first of them belongs to a list.
            expected == 1 and self._contents.titles
        ):
            return False
        if mark.number == expected:
            return not self._continues_list(mark)
        return mark.number > expected > 1 and not self._items and line.blanks_before > 0

    def _slipped_heading(self, mark: Mark) -> Mark | None:
        """Return the mark of the heading that a number was meant for, if no list can have it.

        （2） after （一） and no （1）, or `5、` after 四、 and no `4、`, continue the headings.
        """
        if mark.number < 2 or not looks_like_title(mark.rest):  # noqa: PLR2004 - 1 opens a list
            return None
        if mark.style is Style.ROUND:
            meant = Style.BRACKETED
        elif mark.style in PLAIN_NUMBERS:
            meant = Style.COUNTED
        else:
            return None
        if self._continues_list(mark):
            return None
        for heading in reversed(self._headings):
            if heading.style is meant:
                return (
                    Mark(meant, mark.path, mark.label, mark.rest)
                    if heading.number == mark.number - 1
                    else None
                )
        return None

    def _continues_list(self, mark: Mark) -> bool:
        open_lists = [node.list for node in (*self._items, self._headings[-1])]
        return any(
            row is not None and _akin(row.style, mark.style) and row.last == mark.number - 1 > 0
            for row in open_lists
        )

    # -- placing -----------------------------------------------------------------------------

    def _heading(self, line: Line, mark: Mark | None) -> None:
        rank = self._form.rank(line, mark)
        while self._headings[-1].rank >= rank:
            self._headings.pop()
        self._items = []
        parent = self._headings[-1]
        segment = self._form.segment(mark, parent.kind)
        # Articles count through all parts, so that their anchors need not name the part.
        owner = self.root if segment.kind is PassageKind.ARTICLE else parent
        counter = owner.counter(segment.word)
        number = mark.number if mark is not None else counter.highest + 1
        if mark is not None:
            self._check(line, mark, counter, "heading")
        counter.meet(number)
        node = self._node(segment.kind, self._anchor(owner, f"{segment.word}{number}"), line, mark)
        node.rank = rank
        rest = plain_title(mark.rest if mark is not None else line.bare)
        node.title = rest if line.level or _titles(rest, line) else ""
        parent.children.append(node)
        self._headings.append(node)

    def _decimal(self, line: Line, mark: Mark) -> None:
        # "3.5 million people" isn't a heading: the number before the last must be open above.
        if any(heading.number == mark.path[-2] for heading in self._headings[1:]):
            self._heading(line, mark)
        else:
            self._paragraph(line)

    def _paragraph(self, line: Line) -> None:
        while self._items and not self._belongs_to(self._items[-1], line):
            self._items.pop()
        if not self._items and self._headings[-1].list is not None:
            self._headings[-1].list.interrupted = True
        parent = self._items[-1] if self._items else self._headings[-1]
        counter = parent.counter("p")
        counter.meet(counter.highest + 1)
        node = self._node(
            PassageKind.PARAGRAPH, self._anchor(parent, f"p{counter.highest}"), line, None
        )
        node.is_table = line.text.startswith("|")
        parent.children.append(node)

    def _belongs_to(self, item: Node, line: Line) -> bool:
        """Whether text after an item is its body: the item is a title, and its row has bodies."""
        # Text indented further than the document's other text is the item's, as in Markdown.
        if line.indent > max(item.indent + 1, self._form.text_indent):
            return True
        return (
            item.style not in LETTERS
            and item.style is not Style.BULLET
            and bool(item.title)
            and item.may_have_body
            and item.list is None
        )

    def _item(self, line: Line, mark: Mark) -> None:
        level = self._item_level(line, mark)
        parent = self._items[level - 1] if level else self._headings[-1]
        previous = self._items[level] if level < len(self._items) else None
        row = self._row(parent, mark)
        if row.style is not mark.style:
            self._note(
                line,
                NoteCode.STYLE_SLIP,
                f"{mark.label} continues a list of the form {row.style.value}",
            )
        bullet = mark.style is Style.BULLET
        # Markdown renumbers lists, so many people write 1. before each item.
        lazy = self._form.is_markdown and mark.number == 1 and mark.style is Style.POINT
        number = row.last + 1 if bullet or lazy else mark.number
        if not (bullet or lazy):
            self._check(line, mark, row.counter, "list item")
        word = mark.label.strip("(（.．、)）").lower() if mark.style in LETTERS else f"item{number}"
        word = f"point{number}" if bullet else word
        prefix = f"list{row.order}." if row.order > 1 else ""
        row.counter.meet(number)
        row.interrupted = False
        node = self._node(PassageKind.ITEM, self._anchor(parent, prefix + word), line, mark)
        node.number = number
        node.indent = line.indent
        node.title = plain_title(mark.rest) if looks_like_title(mark.rest) else ""
        # The first item of a row may have a body; a later one only if the one before has.
        node.may_have_body = previous is None or bool(previous.children)
        parent.children.append(node)
        del self._items[level:]
        self._items.append(node)

    def _item_level(self, line: Line, mark: Mark) -> int:
        """Return the depth among the open items at which a new one stands."""
        bullet = mark.style is Style.BULLET
        while not bullet and self._items and self._items[-1].style is Style.BULLET:
            if line.indent > self._items[-1].indent:
                break
            # A number divides a bullet point only if it is indented further.
            self._items.pop()
        if (
            self._items
            and line.indent > self._items[-1].indent + 1
            and (bullet or mark.number == 1)
        ):
            return min(len(self._items), _DEEPEST_ITEM)
        same = [at for at, item in enumerate(self._items) if item.style is mark.style]
        if bullet and same:
            return next(
                (a for a in reversed(same) if self._items[a].indent <= line.indent), same[0]
            )
        nexts = [at for at in same if self._items[at].number == mark.number - 1]
        if nexts or same:
            return (nexts or same)[-1]
        for at in reversed(range(len(self._items))):
            item = self._items[at]
            if (
                item.style is not None
                and _akin(item.style, mark.style)
                and item.number == mark.number - 1
            ):
                return at
        return min(len(self._items), _DEEPEST_ITEM)

    @staticmethod
    def _row(parent: Node, mark: Mark) -> OpenList:
        """Return the list of the parent that the item continues, or a new one."""
        row = parent.list
        if row is not None:
            same = row.style is mark.style
            restarts = mark.number <= 1 and row.interrupted
            akin = _akin(row.style, mark.style) and mark.number == row.last + 1
            if (same and not restarts) or akin:
                return row
        parent.lists += 1
        parent.list = OpenList(mark.style, parent.lists)
        return parent.list

    # -- helpers -----------------------------------------------------------------------------

    def _check(self, line: Line, mark: Mark, counter: Counter, what: str) -> None:
        number, expected = mark.number, counter.highest + 1
        if number in counter.met:
            self._note(
                line,
                NoteCode.DUPLICATE_NUMBER,
                f"the {what} {mark.label} has a number used before; its anchor ends in ~2 or more",
            )
        elif number != expected:
            after = f"after number {counter.highest}" if counter.highest else "at the start"
            self._note(
                line,
                NoteCode.NUMBERING_GAP,
                f"the {what} {mark.label} stands {after}, where number {expected} was expected",
            )

    def _note(self, line: Line, code: NoteCode, explanation: str) -> None:
        self.notes.append(Note(line.number, code, explanation))

    def _anchor(self, parent: Node, word: str) -> str:
        joint = ":" if parent is self.root else "."
        wanted = f"{parent.anchor}{joint}{word}"
        copy = self._anchors.get(wanted, 0) + 1
        self._anchors[wanted] = copy
        return wanted if copy == 1 else f"{wanted}~{copy}"

    def _node(self, kind: PassageKind, anchor: str, line: Line, mark: Mark | None) -> Node:
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


def _titles(rest: str, line: Line) -> bool:
    # A title may end in a full stop by mistake; a sentence with commas, as in laws, is text.
    closed = line.bare[-1:] in {"。", "."} and any(comma in rest for comma in "，,；;")
    return looks_like_title(rest) and not closed


def _akin(one: Style, other: Style) -> bool:
    return one is other or (one in PLAIN_NUMBERS and other in PLAIN_NUMBERS)
