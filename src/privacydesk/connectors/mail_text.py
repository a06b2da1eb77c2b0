"""The text that a person wrote in a mail: HTML as text, without quotations and signature."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript"})
_QUOTES: Final = frozenset({"blockquote"})
_BLOCKS: Final = frozenset(
    {
        "p",
        "blockquote",
        "div",
        "br",
        "li",
        "tr",
        "table",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
        "h4",
        "hr",
        "pre",
    }
)
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "col", "wbr"})

_QUOTE_BEGINS: Final = re.compile(
    r"^(?:"
    r"On\b.{4,200}\bwrote:"
    r"|.{0,120}(?:写道|寫道|来信|來信)\s*[:：]"
    r"|-{2,}\s*(?:Original Message|Forwarded message|原始邮件|原始郵件|转发邮件|轉寄郵件)\s*-{2,}"
    r"|(?:From|发件人|寄件者|寄件人)\s*[:：].*@.*"
    r")\s*$",
    re.IGNORECASE,
)
_SIGNATURE: Final = re.compile(
    r"^(?:-- ?|—|发自我的.{1,20}|從我的.{1,20}傳送|Sent from my .{1,30})$"
)


def written(text: str) -> str:
    """Return what stands above the first quotation or signature, without quoted lines.

    A mail that is nothing but a quotation has no words of its own: the text is empty then.
    """
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        bare = line.strip()
        if _QUOTE_BEGINS.match(bare) or _SIGNATURE.match(bare):
            break
        if not bare.startswith(">"):
            lines.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def text_of_html(page: str, *, quotations: bool = False) -> str:
    """Return the visible text of a page, without scripts and styles.

    Args:
        page: HTML.
        quotations: whether what is quoted stays.
    """
    reader = _Reader(quotations=quotations)
    reader.feed(page)
    reader.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.said).split("\n"))
    return "\n".join(lines)


class _Reader(HTMLParser):
    """Collects words; never fails, as browsers never do."""

    def __init__(self, *, quotations: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._quotations = quotations
        self.said: list[str] = []
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        quoted = tag in _QUOTES or "gmail_quote" in (dict(attrs).get("class") or "")
        quoted = quoted and not self._quotations
        if self._skipped or tag in _UNSEEN or quoted:
            if tag not in _VOID:
                self._skipped.append(tag)
        elif tag in _BLOCKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag in self._skipped:
                # Elements left open inside end with it.
                while self._skipped.pop() != tag:
                    pass
        elif tag in _BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.said.append(data.replace("\n", " "))
