"""The reader takes the cheapest source that can be believed, and hands out upright pages."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from config.engines import EngineError, EngineUnavailable
from ingestion.engines.base import Box, Limits, PageReading, TextSource, Word
from ingestion.engines.layout import Reading, Turned, in_lines
from ingestion.engines.ocr import Ocr
from ingestion.engines.pages import AutoReader
from ingestion.engines.rapid import Rapid
from ingestion.engines.slots import Slots
from ingestion.engines.tesseract import Seen, Tesseract

LIMITS = Limits(max_pages=50, max_pixels=40_000_000, max_side_px=1200, ocr_dpi=200)
LINES = (
    "INVOICE 2024-0815",
    "Hardware Store of Springfield",
    "Four boxes of steel bolts 48.00",
    "Two hammers with wooden handle 31.50",
    "Delivery to your workshop 5.00",
    "Total amount due 84.50",
    "Please pay within thirty days",
    "Thank you for your order",
)
needs_tesseract = pytest.mark.skipif(
    not shutil.which("tesseract"), reason="Tesseract is not installed"
)
needs_poppler = pytest.mark.skipif(not shutil.which("pdftoppm"), reason="poppler is not installed")


@pytest.fixture(scope="module")
def reader() -> AutoReader:
    return AutoReader(tesseract_cmd="", threads=2)


def paper(turn: int = 0) -> Image.Image:
    image = Image.new("RGB", (1000, 1000), "white")
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(LINES):
        pen.text((100, 120 + 90 * number), line, fill="black", font=ImageFont.load_default(34))
    return image.rotate(turn, expand=True)


def saved(path: Path, image: Image.Image) -> str:
    image.save(path)
    return str(path)


def read(
    reader: AutoReader,
    path: str,
    media_type: str,
    *,
    number: int = 1,
    languages: tuple[str, ...] = ("eng",),
    ignore_embedded: bool = False,
) -> PageReading:
    return reader.read(
        path=path,
        media_type=media_type,
        number=number,
        languages=languages,
        ignore_embedded=ignore_embedded,
        limits=LIMITS,
    )


def assert_reads_the_paper(reading: PageReading) -> None:
    found = set(reading.text.lower().split())
    wanted = set(" ".join(LINES).lower().split())
    assert len(found & wanted) >= 0.9 * len(wanted), reading.text
    assert reading.text.index("INVOICE") < reading.text.index("Total") < reading.text.index("Thank")


def test_a_printed_pdf_is_read_from_its_text_layer(reader: AutoReader, tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    for number, line in enumerate(LINES):
        canvas.drawString(72, 700 - 30 * number, line)
    canvas.save()
    reading = read(reader, str(tmp_path / "a.pdf"), "application/pdf")
    assert (reading.source, reading.engine) == (TextSource.LAYER, "pdfium")
    assert reading.text == "\n".join(LINES)
    stored = Image.open(io.BytesIO(reading.image))
    assert (stored.format, stored.size) == ("WEBP", (reading.width_px, reading.height_px))
    assert max(stored.size) <= LIMITS.max_side_px
    assert reading.dpi == pytest.approx(reading.height_px / 842 * 72, rel=0.01)


def test_embedded_data_can_be_ignored(reader: AutoReader, tmp_path: Path) -> None:
    code = zxingcpp.create_barcode("hello", zxingcpp.BarcodeFormat.QRCode)
    picture = Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=6)))
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    canvas.drawImage(ImageReader(paper()), 50, 200, 500, 500)
    canvas.drawImage(ImageReader(picture), 450, 720, 90, 90)
    canvas.drawString(60, 50, "a line of text")
    canvas.save()
    trusting = read(reader, str(tmp_path / "a.pdf"), "application/pdf")
    assert [mark.payload for mark in trusting.marks] == ["hello"]
    box = trusting.marks[0].box
    assert box is not None
    assert 0.7 * trusting.width_px < box.left < box.right < trusting.width_px
    doubting = read(reader, str(tmp_path / "a.pdf"), "application/pdf", ignore_embedded=True)
    assert (doubting.source, doubting.marks) == (TextSource.OCR, ())
    assert_reads_the_paper(doubting)


def test_a_text_file_is_its_own_text(reader: AutoReader, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Offer\n\nTotal: **7.00**")
    reading = read(reader, str(tmp_path / "a.md"), "text/markdown")
    assert (reading.source, reading.image, reading.confidence) == (TextSource.EMBEDDED, b"", 1.0)
    assert reading.text == "# Offer\n\nTotal: **7.00**"
    assert {word.box for word in reading.words} == {None}


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_picture_is_read_the_right_way_up(reader: AutoReader, tmp_path: Path, turn: int) -> None:
    reading = read(reader, saved(tmp_path / "a.png", paper(turn)), "image/png")
    assert reading.source is TextSource.OCR
    assert reading.rotation == turn  # Pillow turns counter-clockwise, the reader back
    assert_reads_the_paper(reading)


def test_places_are_in_pixels_of_the_stored_picture(reader: AutoReader, tmp_path: Path) -> None:
    sheet = Image.new("RGB", (2400, 3000), "white")
    sheet.paste(paper(), (900, 1500))
    reading = read(reader, saved(tmp_path / "a.png", sheet), "image/png")
    grey = np.asarray(Image.open(io.BytesIO(reading.image)).convert("L"))
    assert max(grey.shape) == LIMITS.max_side_px
    for word in reading.words:
        assert word.box is not None
        box = word.box
        inside = grey[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
        assert inside.size
        assert inside.min() < 140, word.text


@needs_tesseract
def test_tesseract_alone_reads_and_turns_a_page(tmp_path: Path) -> None:
    alone = AutoReader(order=("tesseract",))
    reading = read(alone, saved(tmp_path / "a.png", paper()), "image/png")
    assert reading.engine == "tesseract"
    assert reading.engine_version[0].isdigit()
    assert_reads_the_paper(reading)


@needs_tesseract
def test_a_script_that_rapidocr_does_not_know_goes_to_tesseract(tmp_path: Path) -> None:
    reader = AutoReader(threads=2)
    path = saved(tmp_path / "a.png", paper())
    assert read(reader, path, "image/png", languages=("hin", "eng")).engine == "tesseract"


def test_a_blank_page_costs_no_ocr(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.new("L", (800, 1000), 250))
    reading = read(AutoReader(tesseract_cmd=""), path, "image/png")
    assert (reading.text, reading.words, reading.engine) == ("", (), "blank")


def test_without_any_engine_the_page_waits(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        read(AutoReader(order=()), saved(tmp_path / "a.png", paper()), "image/png")


@needs_tesseract
def test_a_tesseract_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    gone = AutoReader(tesseract_cmd="/nowhere/tesseract", order=("tesseract",))
    with pytest.raises(EngineUnavailable):
        read(gone, saved(tmp_path / "a.png", paper()), "image/png")


def test_a_damaged_page_is_an_engine_error(reader: AutoReader, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(EngineError) as fault:
        read(reader, str(tmp_path / "a.png"), "image/png")
    assert fault.value.code == "page_damaged"


@needs_poppler
def test_a_pdf_that_pdfium_refuses_is_read_through_poppler(
    reader: AutoReader, tmp_path: Path
) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    canvas.drawImage(ImageReader(paper()), 50, 200, 500, 500)
    canvas.save()
    content = (tmp_path / "a.pdf").read_bytes()
    page = content.index(b"/Type /Page\n")
    broken = content[:page] + b"/Type /Pane\n" + content[page + 12 :]
    (tmp_path / "b.pdf").write_bytes(broken)
    path = str(tmp_path / "b.pdf")
    facts = reader.open(path=path, media_type="application/pdf", password="", limits=LIMITS)
    assert facts.pages == 1
    assert_reads_the_paper(read(reader, path, "application/pdf"))


class Fixed:
    """An engine that answers with one reading."""

    def __init__(self, name: str, confidence: float, text: str, script: str = "") -> None:
        self.name, self.confidence, self.words = name, confidence, text.split()
        self.script = script

    def read(self, image: Image.Image, languages: object = (), dpi: float | None = None) -> Reading:
        line = tuple(
            Word(
                text=word,
                box=Box(left=60 * n, top=0, right=60 * n + 50, bottom=20),
                confidence=self.confidence,
            )
            for n, word in enumerate(self.words)
        )
        return Reading(lines=(line,), engine=self.name, version="1")

    def look(self, image: Image.Image) -> Seen:
        return Seen(script=self.script, script_sureness=5.0 if self.script else 0.0)

    def language(self, languages: object) -> str:
        return "eng"

    def languages_of(self, script: str) -> tuple[str, ...]:
        return ()


class Busy(Fixed):
    """An engine that has no time."""

    def read(self, image: Image.Image, languages: object = (), dpi: float | None = None) -> Reading:
        raise EngineUnavailable("busy")


class FixedRapid(Fixed):
    """The same as RapidOCR answers, which knows which way up the page stands."""

    def read(self, image: Image.Image, languages: object = ()) -> Turned:  # type: ignore[override]
        return Turned(reading=super().read(image), turn=0)


WORDS = "one two three four five six seven eight nine ten"


def best(rapid: object, tesseract: object) -> Reading:
    ocr = Ocr(order=("rapid", "tesseract"), rapid=rapid, tesseract=tesseract)  # type: ignore[arg-type]
    return ocr.read(paper(), ("eng",)).reading


def test_a_sure_reading_is_taken_without_asking_on() -> None:
    assert best(FixedRapid("rapidocr", 0.99, WORDS), Busy("tesseract", 0, "")).engine == "rapidocr"


def test_two_unsure_readings_are_merged() -> None:
    rapid = FixedRapid("rapidocr", 0.5, WORDS.replace("two", "tvvo"))
    tesseract = Fixed("tesseract", 0.8, WORDS)
    both = best(rapid, tesseract)
    assert (both.text, both.engine) == (WORDS, "tesseract+rapidocr")


class Upturned(FixedRapid):
    """RapidOCR that takes the page for one that stands on its head."""

    def read(self, image: Image.Image, languages: object = ()) -> Turned:  # type: ignore[override]
        return Turned(reading=super().read(image).reading, turn=180)


def test_readings_that_hold_the_page_another_way_up_are_not_merged() -> None:
    assert best(Upturned("rapidocr", 0.5, "x y"), Fixed("tesseract", 0.8, WORDS)).text == WORDS


class Nearsighted(Fixed):
    """A Tesseract that reads half of the words from afar and all of them closer."""

    def read(self, image: Image.Image, languages: object = (), dpi: float | None = None) -> Reading:
        whole = super().read(image)
        return whole if dpi else Reading(lines=(whole.lines[0][:5],), engine=self.name, version="1")


def test_what_tesseract_reads_badly_it_reads_closer_too() -> None:
    def alone(confidence: float) -> str:
        engine = Nearsighted("tesseract", confidence, WORDS)
        ocr = Ocr(order=("tesseract",), rapid=None, tesseract=engine)  # type: ignore[arg-type]
        return ocr.read(paper(), ("eng",)).reading.text

    assert alone(0.62) == WORDS
    assert alone(0.7) == " ".join(WORDS.split()[:5])


def test_a_busy_engine_is_replaced_by_a_sure_one() -> None:
    assert best(Busy("rapidocr", 0, ""), Fixed("tesseract", 0.97, WORDS)).engine == "tesseract"


def test_a_busy_engine_is_waited_for_where_the_other_is_unsure() -> None:
    with pytest.raises(EngineUnavailable):
        best(Busy("rapidocr", 0, ""), Fixed("tesseract", 0.5, WORDS))


def test_a_page_in_a_script_that_nobody_reads_is_hardly_believed() -> None:
    rapid = FixedRapid("rapidocr", 0.35, "TOBapbl 6b1nn")
    found = best(rapid, Fixed("tesseract", 0.4, WORDS, script="Cyrillic"))
    assert found.text == WORDS
    assert found.confidence <= 0.3
    latin = best(rapid, Fixed("tesseract", 0.4, WORDS, script="Latin"))
    assert latin.confidence == pytest.approx(0.4)


def test_a_slot_is_held_until_another_child_waits(tmp_path: Path) -> None:
    given_up: list[str] = []
    first, second = (Slots(str(tmp_path), 1, wait_s=5) for _ in range(2))
    with first.held(lambda: given_up.append("first")):
        pass
    with second.held(lambda: given_up.append("second")):
        assert given_up == ["first"]


def test_a_slot_in_use_is_not_taken(tmp_path: Path) -> None:
    first, second = Slots(str(tmp_path), 1, wait_s=5), Slots(str(tmp_path), 1, wait_s=0.5)
    with first.held(lambda: None), pytest.raises(EngineUnavailable), second.held(lambda: None):
        pass


def test_there_are_as_many_slots_as_asked_for(tmp_path: Path) -> None:
    first, second = (Slots(str(tmp_path), 2, wait_s=0.5) for _ in range(2))
    with first.held(lambda: None), second.held(lambda: None):
        pass


def test_words_on_a_slope_stay_on_their_lines() -> None:
    words = [
        Word(
            text=f"{row}{column}",
            box=Box(
                left=100 * column,
                top=40 * row + 5 * column,
                right=100 * column + 80,
                bottom=40 * row + 5 * column + 25,
            ),
            confidence=1,
        )
        for row in range(4)
        for column in range(8)
    ]
    lines = in_lines(reversed(words))
    assert [[word.text for word in line] for line in lines] == [
        [f"{row}{column}" for column in range(8)] for row in range(4)
    ]


def test_engines_are_named_as_they_are_stored() -> None:
    assert (Rapid.name, Tesseract.name) == ("rapidocr", "tesseract")


@pytest.mark.real_data
def test_real_pages_are_read_whichever_way_they_lie(reader: AutoReader) -> None:
    folder = Path(__file__).parents[3] / "shared/data/ocr_pages"
    if not folder.is_dir():
        pytest.skip("the folder of real input is not beside the project")
    for path in sorted(folder.glob("phototest*")):
        reading = read(reader, str(path), f"image/{path.suffix[1:]}")
        assert "The quick brown dog jumped" in reading.text, path.name
