"""Pictures, PDFs and policies that were valid before somebody changed their parts.

What is changed are chunks, segments, objects and lines, with their checksums and lengths right
again or left wrong, so that changes reach the decoders. Whatever comes: a file is taken and what is
made of it is a picture in its limits, or it is refused with a reason; the next one is taken; and no
program runs into its time limit.

Each run tries the same changes; with ``UPLOAD_FUZZING_SECONDS`` each kind goes on for so long with
new ones.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import io
import itertools
import os
import re
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from structlog.testing import capture_logs
from tests.common.pdfs import document, stream
from tests.unit.policy.samples import ENGLISH, MARKDOWN, TRADITIONAL, TWO_DOCUMENTS, assert_covers

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.policy.importer import decode_policy, read_policy
from privacydesk.services import decoding, rasterising
from privacydesk.services.uploads import PictureConverter

T = TypeVar("T")

_SECONDS: Final = float(os.environ.get("UPLOAD_FUZZING_SECONDS", "0"))
pytestmark = pytest.mark.timeout(900 + _SECONDS)
_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_NUMBERS: Final = st.sampled_from(
    [0, 1, 2, 7, 8, 255, 256, 2**15, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1]
)
_ORIENTATION: Final = 0x0112


def saved(kind: str, **options: object) -> bytes:
    """Return a picture with metadata and some detail in it."""
    image = Image.effect_mandelbrot((48, 32), (-2, -1.5, 1, 1.5), 20).convert("RGB")
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    body = io.BytesIO()
    image.save(body, kind, exif=exif, **options)
    return body.getvalue()


Parts = list[tuple[bytes, bytes]]


def png_parts(raw: bytes) -> Parts:
    parts, at = Parts(), len(_HEAD)
    while at < len(raw):
        (size,) = struct.unpack_from(">I", raw, at)
        parts.append((raw[at + 4 : at + 8], raw[at + 8 : at + 8 + size]))
        at += size + 12
    return parts


def png_of(parts: Parts) -> bytes:
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )
    return _HEAD + b"".join(chunks)


def jpeg_parts(raw: bytes) -> Parts:
    parts, at = Parts(), 2
    while raw[at + 1] != 0xDA:
        (size,) = struct.unpack_from(">H", raw, at + 2)
        parts.append((raw[at : at + 2], raw[at + 4 : at + 2 + size]))
        at += size + 2
    return [*parts, (raw[at : at + 2], raw[at + 2 :])]


def jpeg_of(parts: Parts) -> bytes:
    body = b"".join(
        name + (b"" if name == b"\xff\xda" else struct.pack(">H", (len(part) + 2) & 0xFFFF)) + part
        for name, part in parts
    )
    return b"\xff\xd8" + body


def webp_parts(raw: bytes) -> Parts:
    parts, at = Parts(), 12
    while at < len(raw):
        (size,) = struct.unpack_from("<I", raw, at + 4)
        parts.append((raw[at : at + 4], raw[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return parts


def webp_of(parts: Parts) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for name, part in parts
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pdf_parts(raw: bytes) -> Parts:
    """Return what is between two ends of objects: references keep their numbers."""
    return [(b"", part) for part in re.split(rb"(?<=endobj\n)", raw)]


def pdf_of(parts: Parts) -> bytes:
    return b"".join(part for _, part in parts)


def line_parts(raw: bytes) -> Parts:
    return [(b"", line) for line in raw.splitlines(keepends=True)]


SAMPLES: Final = {
    "png": ([saved("PNG"), saved("PNG", bits=4)], png_parts, png_of),
    "jpeg": ([saved("JPEG"), saved("JPEG", progressive=True)], jpeg_parts, jpeg_of),
    "webp": ([saved("WEBP"), saved("WEBP", lossless=True)], webp_parts, webp_of),
    "pdf": (
        [
            document(2),
            document(
                content="/F 12 Tf (x) Tj /I Do",
                resources="/Font << /F 4 0 R >> /XObject << /I 5 0 R >>",
                more=[
                    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
                    stream(
                        "\xff" * 12,
                        "/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8"
                        " /ColorSpace /DeviceRGB",
                    ),
                ],
            ),
        ],
        pdf_parts,
        pdf_of,
    ),
    "policy": (
        [one.encode() for one in (ENGLISH, MARKDOWN, TRADITIONAL, TWO_DOCUMENTS)],
        line_parts,
        pdf_of,
    ),
}  # fmt: skip
_PDF_WORDS: Final = st.sampled_from(
    [
        b"/FlateDecode", b"/Filter [/ASCIIHexDecode /LZWDecode]", b"/DCTDecode", b"/JPXDecode",
        b"/CCITTFaxDecode", b"/JBIG2Decode", b"2 0 R", b"1 0 R", b"5 0 R", b"<<", b">>", b"[", b"]",
        b"/Kids [2 0 R 2 0 R]", b"/Rotate 77", b"/UserUnit 1e9", b"/MediaBox [0 0 1e38 1]",
        b"/SMask 5 0 R", b"/Pattern", b"/Type /ObjStm", b"-1", b"1e99", b"99999999999", b"q " * 99,
        b"/I Do", b"(((", b"<FF", b"null",
    ]
)  # fmt: skip


def _change(draw: st.DrawFn, kind: str, parts: Parts) -> None:
    """Change one of the parts."""
    at = draw(st.integers(0, len(parts) - 1))
    name, body = parts[at]
    match draw(st.integers(0, 6)):
        case 0:
            del parts[at]
        case 1:
            parts.insert(draw(st.integers(0, len(parts))), parts[at])
        case 2:
            parts[at] = (name, body[: draw(st.integers(0, len(body)))])
        case 3:
            parts[at] = (name, body * draw(st.sampled_from([2, 3, 50])))
        case 4:
            number = draw(_NUMBERS)
            form = draw(st.sampled_from([">I", "<I", ">H", "<H", "B"]))
            size = struct.calcsize(form)
            packed = struct.pack(form, number % (1 << (8 * size)))
            place = draw(st.integers(0, max(0, min(len(body), 64) - size)))
            parts[at] = (name, body[:place] + packed + body[place + size :])
        case 5 if kind in {"pdf", "policy"}:
            words = re.split(rb"([ \n]+)", body)
            place = draw(st.integers(0, len(words) - 1))
            words[place] = draw(_PDF_WORDS | st.binary(max_size=8))
            parts[at] = (name, b"".join(words))
        case 5 if name == b"IDAT":
            parts[at] = (name, zlib.compress(draw(st.binary(max_size=99)) * 999))
        case _:
            place = draw(st.integers(0, len(body)))
            parts[at] = (name, body[:place] + draw(st.binary(max_size=8)) + body[place + 1 :])


@st.composite
def changed(draw: st.DrawFn, kind: str) -> bytes:
    """Return a file of a kind with some of its parts changed."""
    samples, split, join = SAMPLES[kind]
    parts = split(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 3))):
        if parts:
            _change(draw, kind, parts)
    raw = join(parts)
    if draw(st.integers(0, 3)) == 0:
        # And now and then what makes lengths and checksums wrong again.
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.binary(max_size=4)) + raw[place + 2 :]
    return raw


@pytest.fixture
def tried() -> Iterator[collections.Counter[str]]:
    """Count how files ended, and show it."""
    counted: collections.Counter[str] = collections.Counter()
    yield counted
    sys.stdout.write(f"{dict(counted.most_common())}\n")


def fuzz(kind: str, count: int, check: Callable[[bytes], str], tried: dict[str, int]) -> None:
    """Check changed files: the same ones each time, or new ones for the time that was given."""

    def attempt(seed: int, examples: int, *, derandomize: bool) -> None:
        @settings(
            max_examples=examples,
            derandomize=derandomize,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if _SECONDS else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(changed(kind))
        def example(raw: bytes) -> None:
            ended = check(raw)
            tried[ended] = tried.get(ended, 0) + 1

        del seed
        example()

    if not _SECONDS:
        attempt(0, count, derandomize=True)
        assert len(tried) > 1, "changes are refused, and some are taken"
        return
    ends = time.monotonic() + _SECONDS
    for seed in itertools.takewhile(lambda _: time.monotonic() < ends, itertools.count()):
        attempt(seed, 50, derandomize=False)


def _reason(refused: DeskError, expected: ErrorCode) -> str:
    assert refused.code is expected
    return str(refused.data.get("reason", "broken"))


@contextlib.contextmanager
def converting() -> Iterator[Callable[[bytes], list[bytes] | str]]:
    """Give what makes pictures of a file as an upload does, or says why not."""
    with asyncio.Runner() as runner:
        converter = PictureConverter()

        async def convert(raw: bytes) -> list[bytes] | str:
            try:
                return [one.body for one in await converter.convert_pages(raw)]
            except DeskError as refused:
                return _reason(refused, ErrorCode.UNSUPPORTED_MEDIA)

        try:
            yield lambda raw: runner.run(convert(raw))
        finally:
            runner.run(converter.__aexit__(None, None, None))


@pytest.mark.parametrize(
    ("kind", "count"), [("png", 250), ("jpeg", 250), ("webp", 150), ("pdf", 12)]
)
def test_a_changed_picture_or_pdf_is_drawn_or_refused(
    kind: str, count: int, tried: dict[str, int]
) -> None:
    limit = rasterising.SIDE if kind == "pdf" else decoding.MAX_SIDE
    with converting() as convert:

        def check(raw: bytes) -> str:
            with capture_logs() as logs:
                made = convert(raw)
            given_up = {str(one["fault"]) for one in logs}
            # A program may end at its memory limit or in its library; it may not be slow.
            assert "TimeoutError" not in given_up
            if isinstance(made, str):
                return " ".join([made, *given_up])
            for one in made:
                picture = Image.open(io.BytesIO(one))
                picture.load()
                assert (picture.format, picture.mode) == ("JPEG", "RGB")
                assert max(picture.size) <= limit
                assert not picture.getexif()
            return "taken"

        fuzz(kind, count, check, tried)
        assert not isinstance(convert(SAMPLES[kind][0][0]), str)


def test_a_changed_policy_is_read_whole_or_refused(tried: dict[str, int]) -> None:
    def check(raw: bytes) -> str:
        try:
            report = read_policy(decode_policy(raw).text, name="fuzz")
        except DeskError as refused:
            return _reason(refused, ErrorCode.POLICY_UNREADABLE)
        assert_covers(report)
        return "taken"

    fuzz("policy", 150, check, tried)
