"""The vectors of the desk's own words are kept, and those of what users told are not."""

from __future__ import annotations

from pathlib import Path

from privacydesk.domain.reading import Question
from privacydesk.nlu.heads.parsed import Parser
from privacydesk.nlu.heads.replies import ReplyReader
from privacydesk.nlu.heads.weights import Floats
from privacydesk.nlu.short_texts import SHIPPED

_LINES = "要改成什么？\n先不改了"


class _Counting(Parser):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: list[str] = []

    def states(self, text: str, most: int) -> Floats:
        self.read.append(text)
        return super().states(text, most)


def test_only_the_desks_own_words_are_encoded_once() -> None:
    parser = _Counting(SHIPPED)
    replies, reply = ReplyReader(SHIPPED, parser), parser.states("好", 64)
    told = Question(_LINES, "小明")
    terms = Question(_LINES, "昵称", terms_only=True)
    first, again = replies.read(reply, told), replies.read(reply, told)
    assert (first.acts == again.acts).all()
    for _ in range(2):
        replies.read(reply, terms)
    assert sorted(parser.read) == sorted(["好", "小明", "小明", *_LINES.split("\n"), "昵称"])
