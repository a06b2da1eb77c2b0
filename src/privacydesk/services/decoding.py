"""The program that decodes pictures, run by ``uploads`` in a process of its own.

Decoders are where a hostile file does its harm: it may ask for more memory or time than there is,
or crash what reads it. Here it can take down nothing but this process, which is ``confined`` and
killed when it takes too long. So this file is run by its path and imports nothing of the package:
it starts quickly, and holds no secret.

It reads a length of four bytes and that many bytes of a file, and answers with a verdict of one
byte, a length, and the re-encoded picture; repeatedly, until its input ends.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import BinaryIO

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

TAKEN, REFUSED, TOO_MANY_PIXELS = b"+", b"-", b"#"

MAX_PIXELS = 24_000_000
"""Pixels of a picture that has to be decoded whole."""
MAX_JPEG_PIXELS = 64_000_000
"""Pixels of a JPEG, which is decoded at a reduced size, close to the size kept."""
LONGEST_SIDE = 3_000
MAX_SCANS = 20
"""Scans of a JPEG. Each is decoded over all pixels and can be a few bytes; cameras and editors
write a dozen at most."""
MEMORY = 768 * 1024 * 1024
"""Bytes that the process may use."""
_QUALITY = 88
_START_OF_SCAN = b"\xff\xda"
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_KINDS: Mapping[bytes, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
}


class _RefusedError(Exception):
    """The file is not taken; the argument is the verdict."""


def rewritten(raw: bytes) -> tuple[bytes, bytes]:
    """Return the verdict on a file, and the picture re-encoded: upright, without metadata."""
    try:
        # Pillow warns and raises at limits of its own; ours are checked below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TAKEN, _rewritten(raw)
    except _RefusedError as error:
        return error.args[0], b""
    except Exception:  # noqa: BLE001 - decoders raise whatever they like at a broken file
        return REFUSED, b""


def _rewritten(raw: bytes) -> bytes:
    opened = next((kind for head, kind in _KINDS.items() if raw.startswith(head)), None)
    if opened is None:
        raise _RefusedError(REFUSED)
    with opened(io.BytesIO(raw)) as image:
        jpeg = isinstance(image, JpegImagePlugin.JpegImageFile)
        if image.width * image.height > (MAX_JPEG_PIXELS if jpeg else MAX_PIXELS):
            raise _RefusedError(TOO_MANY_PIXELS)
        if jpeg:
            # Within the data of a scan, 0xff is never followed by this second byte.
            if raw.count(_START_OF_SCAN) > MAX_SCANS:
                raise _RefusedError(REFUSED)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            if image.width * image.height > MAX_PIXELS:
                raise _RefusedError(TOO_MANY_PIXELS)
        elif getattr(image, "n_frames", 1) > 1:
            raise _RefusedError(REFUSED)
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
        flat = image.convert("RGB")
    # Shrink first: rotating makes a copy.
    flat.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if turn is not None:
        flat = flat.transpose(turn)
    fresh = Image.new("RGB", flat.size)
    fresh.paste(flat)
    body = io.BytesIO()
    fresh.save(body, "JPEG", quality=_QUALITY, optimize=True)
    return body.getvalue()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer one file after the other."""
    while len(head := source.read(4)) == 4:  # noqa: PLR2004 - the length's own length
        verdict, body = rewritten(source.read(int.from_bytes(head, "big")))
        sink.write(verdict + len(body).to_bytes(4, "big") + body)
        sink.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
