"""PDFs become pictures in processes of their own, and what can't is refused with a reason."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image
from structlog.testing import capture_logs
from tests.common.pdfs import document, stream

from privacydesk.domain import evidence
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services import rasterising, uploads
from privacydesk.services.rasterising import (
    ACTIVE,
    BROKEN,
    LOCKED,
    SIDE,
    TOO_MANY_PAGES,
    rasterise,
)
from privacydesk.services.uploads import PictureConverter

SCRIPT = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
ENCRYPTED = (
    f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'ab' * 32}> /U <{'cd' * 32}> >>"
    f" /ID [<{'01' * 16}> <{'01' * 16}>]"
)


def pages(raw: bytes) -> list[Image.Image]:
    verdict, made = rasterise(raw)
    assert verdict == rasterising.ACCEPTED
    return [Image.open(io.BytesIO(page)) for page in made]


def colour(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Return the colour at a place of an A4 page, in points from its lower left corner."""
    scale = SIDE / 842
    found = image.getpixel((int(x * scale), SIDE - 1 - int(y * scale)))
    assert isinstance(found, tuple)
    return found


def test_each_page_becomes_a_picture_with_what_is_drawn_on_it() -> None:
    first, second = pages(document(2))
    assert (first.format, first.height, second.size) == ("JPEG", SIDE, first.size)
    red, green, _ = colour(first, 200, 200)
    assert red > 240
    assert green < 40
    assert min(colour(first, 9, 9)) > 250


@pytest.mark.parametrize("size", [(14_400, 14_400), (10, 14), (1_000_000, 900_000)])
def test_a_page_of_any_size_is_drawn_in_the_same_number_of_pixels(size: tuple[int, int]) -> None:
    assert max(pages(document(size=size))[0].size) == SIDE


def test_a_seal_that_is_a_signed_field_is_drawn() -> None:
    square = "0 0 1 rg 0 0 100 100 re f"
    seal = (
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (s) /F 4 /Rect [100 100 200 200]"
        " /AP << /N 5 0 R >> >>"
    )
    look = stream(square, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]")
    raw = document(
        content="", more=(seal, look), catalog="/AcroForm << /Fields [4 0 R] /SigFlags 3 >>"
    ).replace(b"/Contents 3 0 R", b"/Annots [4 0 R]")
    red, _, blue = colour(pages(raw)[0], 150, 150)
    assert red < 40
    assert blue > 200


def test_what_was_filled_into_a_form_is_drawn() -> None:
    field = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (s) /V (MMMM) /DA (/Helv 40 Tf 0 g)"
        " /F 4 /Rect [100 100 400 200] >>"
    )
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    fields = "/Fields [4 0 R] /NeedAppearances true /DR << /Font << /Helv 5 0 R >> >>"
    raw = document(content="", more=(field, font), catalog=f"/AcroForm << {fields} >>")
    drawn = pages(raw.replace(b"/Contents 3 0 R", b"/Annots [4 0 R]"))[0]
    assert min(drawn.convert("L").tobytes()) < 40


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        (b"", BROKEN),
        (b"%PDF-1.7 and so on", BROKEN),
        (document()[:120], BROKEN),
        (document(0), BROKEN),
        (document(size=(2_000, 20)), BROKEN),
        (document(rasterising.MAX_PAGES + 1), TOO_MANY_PAGES),
        (document(trailer=ENCRYPTED), LOCKED),
        (document(catalog=f"/OpenAction {SCRIPT}"), ACTIVE),
        (document(catalog=f"/Names << /JavaScript << /Names [(a) {SCRIPT}] >> >>"), ACTIVE),
        (document(catalog="/OpenAction << /S /Launch /F (calc.exe) >>"), ACTIVE),
        (document(catalog="/AcroForm << /Fields [] /XFA (x) >>"), ACTIVE),
    ],
    ids=[
        "nothing",
        "only a head",
        "cut off",
        "no page",
        "a strip",
        "many pages",
        "a password",
        "a script at the start",
        "a script by name",
        "another program",
        "a dynamic form",
    ],
)
def test_anything_else_is_refused_with_its_reason(raw: bytes, verdict: bytes) -> None:
    assert rasterise(raw) == (verdict, [])


def test_as_many_pages_are_drawn_as_a_file_may_have() -> None:
    assert rasterising.MAX_PAGES == evidence.MAX_PAGES
    assert len(pages(document(rasterising.MAX_PAGES))) == rasterising.MAX_PAGES


async def test_a_pdf_is_drawn_by_a_confined_process() -> None:
    async with PictureConverter() as pictures:
        made = await pictures.convert_pages(document(3))
        assert [Image.open(io.BytesIO(one.body)).height for one in made] == [SIDE] * 3
        (one,) = await pictures.convert_pages(made[0].body)
        assert one.media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (document(trailer=ENCRYPTED), "pdf_locked"),
        (document(catalog=f"/OpenAction {SCRIPT}"), "pdf_active"),
        (document(11), "pdf_pages"),
        (b"%PDF-1.7 and so on", "pdf_broken"),
        (b"words", "neither_picture_nor_pdf"),
    ],
)
async def test_the_reason_of_a_refusal_is_told(raw: bytes, reason: str) -> None:
    async with PictureConverter() as pictures:
        with pytest.raises(DeskError) as caught:
            await pictures.convert_pages(raw)
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA
    assert caught.value.data["reason"] == reason


async def test_a_page_that_never_ends_is_refused_and_its_process_ended() -> None:
    # Each of eight forms draws the next one thirty times.
    forms = [
        stream(
            "/F Do " * 30 if place < 8 else "0 0 9 9 re f",
            "/Type /XObject /Subtype /Form /BBox [0 0 900 900]"
            f" /Resources << /XObject << /F {5 + place} 0 R >> >>",
        )
        for place in range(9)
    ]
    raw = document(content="/F Do", resources="/XObject << /F 4 0 R >>", more=forms)
    async with PictureConverter(decode_timeout=1.5) as pictures:
        with pytest.raises(DeskError) as caught:
            await asyncio.wait_for(pictures.convert_pages(raw), 10)
    assert caught.value.data["reason"] == "pdf_broken"


async def test_a_process_that_ends_early_is_told_in_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import library_that_is_missing")
    monkeypatch.setattr(uploads, "_PDF_PROGRAM", program)
    with capture_logs() as told:
        async with PictureConverter() as pictures:
            with pytest.raises(DeskError) as caught:
                await pictures.convert_pages(document())
    assert caught.value.data["reason"] == "pdf_broken"
    assert [(line["event"], line["fault"]) for line in told] == [("picture_given_up", "exit 1")]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"+",
        b"+\x01",
        b"+\x01\x00\x00\x00\x09abc",
        b"+\x01\x00\x00\x00\x00",
        b"+\x02\x00\x00\x00\x01a",
    ],
)
def test_an_answer_that_is_cut_short_is_a_refusal(answer: bytes) -> None:
    assert uploads._read_pages(answer) == (BROKEN, [])


def test_a_whole_answer_is_the_verdict_and_its_pages() -> None:
    assert uploads._read_pages(b"+\x02\x00\x00\x00\x01a\x00\x00\x00\x02bc") == (b"+", [b"a", b"bc"])
    assert uploads._read_pages(b"*\x00") == (LOCKED, [])
