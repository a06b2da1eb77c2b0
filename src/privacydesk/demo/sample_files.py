"""Pictures that sample people upload: documents that are clearly marked as samples."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_SIZE: Final = (860, 540)
_PAPER: Final = "#eef3f1"
_INK: Final = "#33423d"
_FAINT: Final = "#c3d2cc"
_STAMP: Final = "#b3261e"


def sample_document(title: str, lines: tuple[str, ...]) -> bytes:
    """Return the picture of a document, as PNG.

    Args:
        title: its heading, in Latin letters: no other font can be relied on.
        lines: the lines below the heading.
    """
    image = Image.new("RGB", _SIZE, _PAPER)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((16, 16, _SIZE[0] - 16, _SIZE[1] - 16), 24, outline=_INK, width=4)
    draw.text((56, 48), title, fill=_INK, font=ImageFont.load_default(40))
    draw.rectangle((600, 130, 790, 370), fill=_FAINT)
    draw.ellipse((655, 160, 735, 240), fill=_PAPER)
    draw.pieslice((625, 255, 765, 455), 180, 360, fill=_PAPER)
    for index, line in enumerate(lines):
        top = 140 + 62 * index
        draw.text((56, top), line, fill=_INK, font=ImageFont.load_default(28))
        draw.line((56, top + 44, 560, top + 44), fill=_FAINT, width=2)
    draw.text((56, 450), "SPECIMEN - NOT A REAL DOCUMENT", fill=_STAMP,
              font=ImageFont.load_default(34))  # fmt: skip
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
