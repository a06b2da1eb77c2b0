"""The program that decodes pictures, run by ``uploads`` in a separate process.

A malicious file can make a decoder use too much memory or time, or crash it. Here it can crash only
this process, which is ``confined`` and is killed when it takes too long. The file is run by its
path and imports nothing of the package, so that it starts quickly and knows no secrets.

Protocol: it reads a file as four bytes of length and the content, and answers with a verdict of one
byte, four bytes of length and the re-encoded picture. It repeats this until its input ends.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import BinaryIO

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

ACCEPTED, REFUSED, TOO_MANY_PIXELS = b"+", b"-", b"#"
"""The verdicts."""

MAX_PIXELS = 24_000_000
"""Maximum number of pixels that are decoded."""
MAX_JPEG_PIXELS = 64_000_000
"""Maximum number of pixels of a JPEG, which can be decoded at a reduced size."""
MAX_SIDE = 3_000
"""Maximum width and height of the re-encoded picture, in pixels."""
MAX_SCANS = 20
"""Maximum number of scans of a JPEG. A scan of a few bytes can make the decoder go over all pixels;
cameras and editors write a dozen scans at most."""
MEMORY_LIMIT = 768 * 1024 * 1024
"""Bytes of memory that the process may use."""
_QUALITY = 88
_START_OF_SCAN = b"\xff\xda"
_ORIENTATION = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DECODERS: Mapping[bytes, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
}


class _RefusedError(Exception):
    """The file is refused; the argument is the verdict."""


def reencode(raw: bytes) -> tuple[bytes, bytes]:
    """Return the verdict on a file, and the picture as an upright JPEG without metadata."""
    try:
        # Ignore the warnings at Pillow's own limits: stricter ones are checked below.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ACCEPTED, _reencode(raw)
    except _RefusedError as error:
        return error.args[0], b""
    except Exception:  # noqa: BLE001 - decoders raise any kind of exception for a broken file
        return REFUSED, b""


def _reencode(raw: bytes) -> bytes:
    decoder = next((found for magic, found in _DECODERS.items() if raw.startswith(magic)), None)
    if decoder is None:
        raise _RefusedError(REFUSED)
    with decoder(io.BytesIO(raw)) as image:
        jpeg = isinstance(image, JpegImagePlugin.JpegImageFile)
        if image.width * image.height > (MAX_JPEG_PIXELS if jpeg else MAX_PIXELS):
            raise _RefusedError(TOO_MANY_PIXELS)
        if jpeg:
            # Scan data never contains these two bytes, so every match is the start of a scan.
            if raw.count(_START_OF_SCAN) > MAX_SCANS:
                raise _RefusedError(REFUSED)
            image.draft("RGB", (MAX_SIDE, MAX_SIDE))
            if image.width * image.height > MAX_PIXELS:
                raise _RefusedError(TOO_MANY_PIXELS)
        elif getattr(image, "n_frames", 1) > 1:
            raise _RefusedError(REFUSED)
        transposition = _TRANSPOSITIONS.get(image.getexif().get(_ORIENTATION, 1))
        pixels = image.convert("RGB")
    # Shrink before transposing, which copies the picture.
    pixels.thumbnail((MAX_SIDE, MAX_SIDE))
    if transposition is not None:
        pixels = pixels.transpose(transposition)
    # A new image has no metadata.
    clean = Image.new("RGB", pixels.size)
    clean.paste(pixels)
    body = io.BytesIO()
    clean.save(body, "JPEG", quality=_QUALITY, optimize=True)
    return body.getvalue()


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer files one after the other until the input ends."""
    while len(head := source.read(4)) == 4:  # noqa: PLR2004 - the bytes of a length
        verdict, body = reencode(source.read(int.from_bytes(head, "big")))
        sink.write(verdict + len(body).to_bytes(4, "big") + body)
        sink.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
