"""Taking in files: what they really are decides, never what they are called.

Pictures are decoded and written anew, so that metadata, scripts and what is hidden behind the
image are gone; anything else is refused.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from privacydesk.errors import DeskError, ErrorCode

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
_LONGEST_SIDE = 3_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture written anew."""

    body: bytes
    media_type: str


async def read_all(content: AsyncIterator[bytes], limit: int = MAX_BYTES) -> bytes:
    """Return a file's bytes.

    Raises:
        DeskError: ``TOO_LARGE`` as soon as the limit is passed; the rest is not read.
    """
    parts: list[bytes] = []
    size = 0
    async for part in content:
        size += len(part)
        if size > limit:
            raise file_too_large(limit)
        parts.append(part)
    return b"".join(parts)


def rewrite(raw: bytes) -> Picture:
    """Decode a picture and write it anew, upright, without metadata. Slow: call it in a thread.

    Raises:
        DeskError: ``UNSUPPORTED_MEDIA`` when it is no picture of a known format, is broken or
            has more pixels than ``MAX_PIXELS``.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns at half the size at which it raises; here both are a refusal.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _refused()
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
                flat = upright.convert("RGB")
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise _refused() from error
    fresh = Image.new("RGB", flat.size)
    fresh.paste(flat)
    body = io.BytesIO()
    fresh.save(body, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(body.getvalue(), "image/jpeg")


def file_too_large(limit: int) -> DeskError:
    """Return the error that tells how large a file may be."""
    size = f"{limit / 1024 / 1024:.0f} MB" if limit >= 1024 * 1024 else f"{limit // 1024} KB"
    return DeskError("the file is too large", code=ErrorCode.TOO_LARGE, limit=limit, size=size)


def _refused() -> DeskError:
    return DeskError(
        "the file is not a picture that can be taken", code=ErrorCode.UNSUPPORTED_MEDIA
    )
