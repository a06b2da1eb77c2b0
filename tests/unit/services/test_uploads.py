from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable

import pytest
from PIL import Image

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.uploads import MAX_BYTES, read_all, rewrite


def picture(kind: str, **options: object) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (64, 40), "#8899aa").save(body, kind, **options)
    return body.getvalue()


def with_metadata() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # turned by a quarter
    return picture("JPEG", exif=exif, comment=b"a hidden note")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_written_anew(kind: str) -> None:
    made = rewrite(picture(kind))
    assert made.media_type == "image/jpeg"
    assert Image.open(io.BytesIO(made.body)).size == (64, 40)


def test_metadata_goes_and_what_it_says_about_turning_is_done() -> None:
    raw = with_metadata()
    assert b"taken at home" in raw
    made = rewrite(raw)
    for trace in (b"taken at home", b"a hidden note", b"Exif"):
        assert trace not in made.body
    assert Image.open(io.BytesIO(made.body)).size == (40, 64)


def test_what_is_hidden_behind_a_picture_goes() -> None:
    assert b"<script>" not in rewrite(picture("PNG") + b"<script>alert(1)</script>").body


def _huge() -> bytes:
    body = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(body, "PNG")
    return body.getvalue()


def test_a_large_picture_is_made_smaller() -> None:
    body = io.BytesIO()
    Image.new("RGB", (4_000, 1_000)).save(body, "PNG")
    assert Image.open(io.BytesIO(rewrite(body.getvalue()).body)).size == (3_000, 750)


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        lambda: b"%PDF-1.7 and so on",
        lambda: picture("PNG")[:60],
        lambda: picture("BMP"),
        lambda: picture("GIF"),
        lambda: picture("TIFF"),
        lambda: b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        _huge,
    ],
    ids=[
        "nothing",
        "svg",
        "pdf",
        "cut off",
        "bmp",
        "gif",
        "tiff",
        "only a head",
        "too many pixels",
    ],
)
def test_anything_else_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(DeskError) as caught:
        rewrite(make())
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


async def test_a_file_that_is_too_large_is_not_read_to_its_end() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1_000_000

    with pytest.raises(DeskError) as caught:
        await read_all(endless())
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert read == MAX_BYTES // 1_000_000 + 1
