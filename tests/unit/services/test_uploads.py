from __future__ import annotations

import asyncio
import io
import struct
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services import decoding, uploads
from privacydesk.services.decoding import ACCEPTED, REFUSED, TOO_MANY_PIXELS, reencode
from privacydesk.services.uploads import MAX_BYTES, PictureConverter, read_all


def picture(kind: str, size: tuple[int, int] = (64, 40), **options: object) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, "#8899aa").save(body, kind, **options)
    return body.getvalue()


def opened(raw: bytes) -> Image.Image:
    verdict, body = reencode(raw)
    assert verdict == ACCEPTED
    return Image.open(io.BytesIO(body))


def with_metadata() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # turned by a quarter
    return picture("JPEG", exif=exif, comment=b"a hidden note")


def with_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan is there so often."""
    whole = picture("JPEG", progressive=True)
    last = whole.rfind(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * (count - whole.count(b"\xff\xda")) + b"\xff\xd9"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_written_anew(kind: str) -> None:
    made = opened(picture(kind))
    assert (made.format, made.size) == ("JPEG", (64, 40))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_a_picture_of_any_mode_is_taken(mode: str) -> None:
    body = io.BytesIO()
    Image.new(mode, (64, 40)).save(body, "PNG")
    assert opened(body.getvalue()).mode == "RGB"


def test_metadata_goes_and_what_it_says_about_turning_is_done() -> None:
    raw = with_metadata()
    assert b"taken at home" in raw
    _, body = reencode(raw)
    for trace in (b"taken at home", b"a hidden note", b"Exif"):
        assert trace not in body
    assert Image.open(io.BytesIO(body)).size == (40, 64)


def test_what_is_hidden_behind_a_picture_goes() -> None:
    assert b"<script>" not in reencode(picture("PNG") + b"<script>alert(1)</script>")[1]


def test_a_large_picture_is_made_smaller() -> None:
    assert opened(picture("PNG", (4_000, 1_000))).size == (3_000, 750)


def test_a_photo_of_48_megapixels_is_taken() -> None:
    assert opened(picture("JPEG", (8_000, 6_000))).size == (3_000, 2_250)


def test_a_photo_with_a_second_picture_in_it_is_taken() -> None:
    body = io.BytesIO()
    more = [Image.new("RGB", (32, 20))]
    Image.new("RGB", (64, 40)).save(body, "MPO", save_all=True, append_images=more)
    assert opened(body.getvalue()).size == (64, 40)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_refused(kind: str) -> None:
    more = [Image.new("RGB", (64, 40), "#112233")]
    assert reencode(picture(kind, save_all=True, append_images=more)) == (REFUSED, b"")


def test_a_picture_with_more_scans_than_cameras_write_is_refused() -> None:
    assert reencode(with_scans(20))[0] == ACCEPTED
    assert reencode(with_scans(21))[0] == REFUSED


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    body = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(body, "PNG")
    assert reencode(body.getvalue()) == (TOO_MANY_PIXELS, b"")


def test_whatever_a_decoder_raises_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a JPEG whose MPF entries are damaged makes Pillow raise, and what it may do tomorrow.
    for error in (TypeError(), struct.error(), KeyError(), MemoryError(), RecursionError()):

        def fail(_raw: bytes, error: Exception = error) -> bytes:
            raise error

        monkeypatch.setattr(decoding, "_reencode", fail)
        assert reencode(b"") == (REFUSED, b"")


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
    ],
    ids=["nothing", "svg", "pdf", "cut off", "bmp", "gif", "tiff", "only a head"],
)
def test_anything_else_is_refused(make: Callable[[], bytes]) -> None:
    assert reencode(make()) == (REFUSED, b"")


async def test_pictures_are_written_anew_by_processes_that_stay() -> None:
    async with PictureConverter(max_processes=2) as pictures:
        made = await asyncio.gather(*(pictures.convert(picture("PNG")) for _ in range(4)))
        assert {one.media_type for one in made} == {"image/jpeg"}
        assert all(Image.open(io.BytesIO(one.body)).size == (64, 40) for one in made)
        with pytest.raises(DeskError) as caught:
            await pictures.convert(b"no picture")
        assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA
        body = io.BytesIO()
        Image.new("1", (9_000, 9_000)).save(body, "PNG")
        with pytest.raises(DeskError) as caught:
            await pictures.convert(body.getvalue())
        assert caught.value.data["reason"] == "too_many_pixels"


def _program(monkeypatch: pytest.MonkeyPatch, folder: Path, words: str) -> None:
    path = folder / "program.py"
    path.write_text(words)
    monkeypatch.setattr(uploads, "_PROGRAM", path)


async def test_a_picture_that_takes_too_long_is_refused_and_its_process_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _program(monkeypatch, tmp_path, "import threading; threading.Event().wait()")
    async with PictureConverter(max_processes=1, decode_timeout=0.2) as pictures:
        for _ in range(2):
            with pytest.raises(DeskError) as caught:
                await pictures.convert(picture("PNG"))
            assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


async def test_a_picture_that_brings_its_process_down_is_refused_and_the_next_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with PictureConverter(max_processes=1) as pictures:
        with monkeypatch.context() as patched:
            _program(patched, tmp_path, "import os; os.abort()")
            with pytest.raises(DeskError) as caught:
                await pictures.convert(picture("PNG"))
            assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA
        assert (await pictures.convert(picture("PNG"))).body


async def test_where_no_process_can_be_started_the_client_keeps_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    async with PictureConverter() as pictures:
        with pytest.raises(DeskError) as caught:
            await pictures.convert(picture("PNG"))
        assert caught.value.code is ErrorCode.UNAVAILABLE


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
