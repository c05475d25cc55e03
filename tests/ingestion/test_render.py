"""Files are opened, counted and drawn, and hostile ones refused with a code."""

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from config.engines import EngineError
from ingestion import render, render_image, render_pdf, render_text
from ingestion.engines.base import Limits

LIMITS = Limits(max_pages=10, max_pixels=20_000_000, max_side_px=2500, ocr_dpi=300)


def pdf_of(
    path: Path, pages: int = 1, password: str = "", size: tuple[float, float] = (300, 200)
) -> str:
    encryption = StandardEncryption(password) if password else None
    canvas = Canvas(str(path), pagesize=size, encrypt=encryption)
    canvas.setTitle("Rechnung 7")
    for number in range(1, pages + 1):
        canvas.drawString(40, 100, f"This is page {number}")
        canvas.showPage()
    canvas.save()
    return str(path)


def picture_of(path: Path, image: Image.Image, **options: Any) -> str:
    image.save(path, **options)
    return str(path)


def described(path: str, media_type: str, password: str = "", limits: Limits = LIMITS) -> int:
    return render.describe(path=path, media_type=media_type, password=password, limits=limits).pages


def drawn(path: str, media_type: str, number: int = 1, limits: Limits = LIMITS) -> render.Raster:
    return render.draw(path=path, media_type=media_type, number=number, dpi=150, limits=limits)


def code_of(fault: pytest.ExceptionInfo[EngineError]) -> str:
    return fault.value.code


def test_a_pdf_is_counted_titled_and_split(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", pages=3)
    facts = render.describe(path=path, media_type=render.PDF, password="", limits=LIMITS)
    assert (facts.pages, facts.title) == (3, "Rechnung 7")
    second, third = render.split(path=path, media_type=render.PDF, first=2, last=3)
    assert (second.number, second.width_pt, second.height_pt) == (2, 300, 200)
    assert (third.number, third.error) == (3, "")


def test_a_pdf_page_is_drawn_at_the_resolution_asked_for(tmp_path: Path) -> None:
    raster = drawn(pdf_of(tmp_path / "a.pdf"), render.PDF)
    assert raster.dpi == pytest.approx(150)
    assert raster.image.size == (625, 417)


def test_a_page_of_absurd_size_is_drawn_small(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "huge.pdf", size=(2_000_000, 3_000_000))
    image = drawn(path, render.PDF).image
    assert max(image.size) <= render_pdf.RASTER_SIDE_PX
    assert image.width * image.height <= LIMITS.max_pixels


def test_the_raster_of_a_pdf_page_stays_within_the_pixel_limit(tmp_path: Path) -> None:
    limits = Limits(max_pages=1, max_pixels=50_000, max_side_px=2500, ocr_dpi=300)
    image = drawn(pdf_of(tmp_path / "a.pdf"), render.PDF, limits=limits).image
    assert image.width * image.height <= 51_000


def test_more_pages_than_allowed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as fault:
        described(pdf_of(tmp_path / "a.pdf", pages=11), render.PDF)
    assert code_of(fault) == "too_many_pages"


def test_an_encrypted_pdf_asks_for_its_password(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", password="päss")
    with pytest.raises(EngineError) as missing:
        described(path, render.PDF)
    with pytest.raises(EngineError) as wrong:
        described(path, render.PDF, password="other")
    assert (code_of(missing), code_of(wrong)) == ("password_required", "password_wrong")
    assert described(path, render.PDF, password="päss") == 1


def test_a_decrypted_copy_needs_no_password(tmp_path: Path) -> None:
    path = pdf_of(tmp_path / "a.pdf", pages=2, password="secret")
    copy = pdfium.PdfDocument(render.decrypt(path, "secret"))
    assert len(copy) == 2
    assert "page 2" in copy[1].get_textpage().get_text_bounded()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n%%EOF", b"%PDF-1.4 " + bytes(range(256)) * 9])
def test_a_pdf_that_nothing_opens_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    with pytest.raises(EngineError) as fault:
        described(str(path), render.PDF)
    assert code_of(fault) == "file_damaged"


def test_a_page_that_is_not_there_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as fault:
        drawn(pdf_of(tmp_path / "a.pdf"), render.PDF, number=5)
    assert code_of(fault) == "page_damaged"


def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    frames = [Image.new("1", (40 + n, 30)) for n in range(3)]
    path = picture_of(
        tmp_path / "a.tif", frames[0], save_all=True, append_images=frames[1:], dpi=(300, 300)
    )
    assert described(path, "image/tiff") == 3
    raster = drawn(path, "image/tiff", 3)
    assert (raster.image.width, raster.image.mode, raster.dpi) == (42, "L", 300)


def test_an_animation_is_one_page(tmp_path: Path) -> None:
    frames = [Image.new("P", (40, 30), n) for n in range(3)]
    path = picture_of(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert described(path, "image/gif") == 1


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif"])
def test_pictures_of_every_format_are_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    try:
        Image.new("RGB", (64, 48), "white").save(path)
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        pytest.skip(f"this machine cannot write {suffix} files: {error}")
    assert drawn(str(path), f"image/{suffix}").image.size == (64, 48)


# 64 x 48 pixels, white, the upper left quarter red; nothing installed here can write the format.
HEIC = (
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAADMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34"
    "+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5"
    "uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAA"
    "AAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAA"
    "AAAAAAEAAQWBAgMFhAAAADttZGF0AAAALygBrxmA94UN/98KfGuDakh+TgYF0RpkZ7ibWVxkYq7x8gj+Kre+6Xa4"
    "kQa4hnGI"
)


def test_a_heic_photo_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    path.write_bytes(base64.b64decode(HEIC))
    picture = drawn(str(path), "image/heic").image.convert("RGB")
    assert picture.size == (64, 48)
    red, green, _ = picture.resize((1, 1), box=(4, 4, 20, 16)).tobytes()
    assert red > 150 > 60 > green


def test_a_picture_is_upright_by_its_exif_orientation(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40), "white")
    image.paste("black", (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees clockwise
    path = picture_of(tmp_path / "a.jpg", image, exif=exif, quality=95)
    upright = drawn(path, "image/jpeg").image
    assert upright.size == (40, 60)
    corner = upright.convert("L").crop((37, 3, 38, 4))
    assert corner.tobytes()[0] < 50


def test_transparent_parts_become_white_paper(tmp_path: Path) -> None:
    path = picture_of(tmp_path / "a.png", Image.new("RGBA", (20, 20), (0, 0, 0, 0)))
    assert drawn(path, "image/png").image.getpixel((5, 5)) == (255, 255, 255)


def test_deep_greys_are_not_clipped(tmp_path: Path) -> None:
    path = picture_of(tmp_path / "a.png", Image.new("I;16", (20, 20), 0x4000))
    assert drawn(path, "image/png").image.convert("L").getpixel((5, 5)) == pytest.approx(64, abs=2)


def test_a_large_picture_is_reduced_and_its_dpi_with_it(tmp_path: Path) -> None:
    image = Image.new("L", (6000, 3000), 255)
    path = picture_of(tmp_path / "a.png", image, dpi=(600, 600))
    raster = drawn(path, "image/png")
    assert raster.image.size == (3000, 1500)
    assert raster.dpi == pytest.approx(300, abs=1)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x"))
    with pytest.raises(EngineError) as fault:
        described(str(path), "image/png")
    assert code_of(fault) == "image_too_large"


def test_a_picture_cut_short_near_its_end_is_drawn(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((400, 400), 80).save(buffer, "JPEG")
    path = tmp_path / "a.jpg"
    path.write_bytes(buffer.getvalue()[: int(buffer.tell() * 0.9)])
    assert described(str(path), "image/jpeg") == 1
    assert drawn(str(path), "image/jpeg").image.size == (400, 400)


def test_a_picture_of_which_little_is_left_is_damaged(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((400, 400), 80).save(buffer, "JPEG")
    path = tmp_path / "a.jpg"
    path.write_bytes(buffer.getvalue()[: int(buffer.tell() * 0.2)])
    with pytest.raises(EngineError) as opened:
        described(str(path), "image/jpeg")
    with pytest.raises(EngineError) as read:
        drawn(str(path), "image/jpeg")
    assert (code_of(opened), code_of(read)) == ("file_damaged", "page_damaged")


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif", "webp", "jpg"])
def test_noise_behind_a_picture_header_is_refused(tmp_path: Path, suffix: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(
        buffer, {"tif": "TIFF", "jpg": "JPEG"}.get(suffix, suffix)
    )
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(buffer.getvalue()[:12] + bytes(range(251, 0, -1)))
    with pytest.raises(EngineError) as fault:
        described(str(path), f"image/{suffix}")
    assert code_of(fault) in {"file_damaged", "image_too_large"}


def test_text_is_cut_into_pages_at_paragraphs(tmp_path: Path) -> None:
    paragraph = "word " * 150
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join([paragraph.strip()] * 10), encoding="utf-8")
    pages = render_text.pages(str(path), "text/plain")
    assert all(0 < len(page) <= render_text.PAGE_CHARACTERS for page in pages)
    assert all(page.startswith("word") and page.endswith("word") for page in pages)
    assert sum(page.split().count("word") for page in pages) == 1500
    facts = render.split(path=str(path), media_type="text/plain", first=2, last=3)
    assert [fact.text for fact in facts] == pages[1:3]


def test_a_paragraph_longer_than_a_page_loses_nothing() -> None:
    pages = render_text.cut("x" * 7000)
    assert "".join(pages) == "x" * 7000
    assert max(map(len, pages)) <= render_text.PAGE_CHARACTERS


@pytest.mark.parametrize(
    "content",
    [
        "Größe 5 €".encode(),
        "Größe 5 €".encode("utf-8-sig"),
        "Größe 5 €".encode("utf-16"),
        b"\xfe\xff" + "Größe 5 €".encode("utf-16-be"),
        "Größe 5 €".encode("cp1252"),
    ],
)
def test_text_is_decoded_by_mark_or_by_trial(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert render_text.pages(str(path), "text/plain") == ["Größe 5 €"]


def test_a_text_file_without_text_has_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(" \n\n\t")
    with pytest.raises(EngineError) as fault:
        described(str(path), "text/plain")
    assert code_of(fault) == "no_pages"


def test_html_becomes_the_text_that_a_reader_sees(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        "<html><head><title>An  offer</title><style>p {x: y}</style></head><body>"
        "<script>alert(1)</script><h1>Offer</h1><p>One <b>bold</b>ly said<br>second line</p>"
        "<table><tr><td>Total</td><td>7.00</td></tr><tr><td>Tax</td><td>1.00</td></tr></table>"
        "</body></html>"
    )
    assert render_text.pages(str(path), "text/html") == [
        "Offer\n\nOne boldly said\nsecond line\n\nTotal\t7.00\nTax\t1.00"
    ]
    facts = render.describe(path=str(path), media_type="text/html", password="", limits=LIMITS)
    assert facts.title == "An offer"


def test_the_size_of_a_page_that_is_no_number_is_refused() -> None:
    for size in ((0.0, 10.0), (float("nan"), 10.0), (float("inf"), 10.0), (-5.0, 10.0)):
        with pytest.raises(EngineError):
            render_pdf.fitting_scale(*size, dpi=300, max_pixels=10**6)


def test_pillow_keeps_no_limit_of_its_own() -> None:
    assert Image.MAX_IMAGE_PIXELS is None
    assert "PSD" not in render_image.FORMATS
