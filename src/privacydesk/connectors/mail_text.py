"""Extracts what a person wrote in a mail: as plain text, without quotations and signature."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_INVISIBLE_TAGS: Final = frozenset({"script", "style", "head", "title", "template", "noscript"})
_QUOTE_TAGS: Final = frozenset({"blockquote"})
_BLOCK_TAGS: Final = frozenset(
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
_VOID_TAGS: Final = frozenset({"br", "hr", "img", "input", "meta", "link", "area", "col", "wbr"})

_QUOTE_HEADER: Final = re.compile(
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


def strip_quotations(text: str) -> str:
    """Return the text above the first quotation or signature, without quoted lines.

    The text of a mail that is nothing but a quotation is empty.
    """
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        stripped = line.strip()
        if _QUOTE_HEADER.match(stripped) or _SIGNATURE.match(stripped):
            break
        if not stripped.startswith(">"):
            lines.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def html_to_text(page: str, *, quotations: bool = False) -> str:
    """Return the visible text of an HTML document.

    Args:
        page: the HTML.
        quotations: whether to include quoted text.
    """
    collector = _TextCollector(quotations=quotations)
    collector.feed(page)
    collector.close()
    lines = (
        re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(collector.parts).split("\n")
    )
    return "\n".join(lines)


class _TextCollector(HTMLParser):
    """Collects the visible text; accepts malformed HTML, as browsers do."""

    def __init__(self, *, quotations: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._quotations = quotations
        self.parts: list[str] = []
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        quoted = tag in _QUOTE_TAGS or "gmail_quote" in (dict(attrs).get("class") or "")
        quoted = quoted and not self._quotations
        if self._skipped or tag in _INVISIBLE_TAGS or quoted:
            if tag not in _VOID_TAGS:
                self._skipped.append(tag)
        elif tag in _BLOCK_TAGS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag in self._skipped:
                # The end tag also closes the elements that were left open inside.
                while self._skipped.pop() != tag:
                    pass
        elif tag in _BLOCK_TAGS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.parts.append(data.replace("\n", " "))
