"""What is true of a sample is printed on it, and its codes can be read from a clean print."""

import random
import re
import unicodedata
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from defusedxml import ElementTree
from PIL import Image

from samples import camera
from samples.codes import signed_qr
from samples.maker import make_samples
from samples.money import english, french, german, in_rupee_words, indian
from samples.shelf import FILE_KINDS, Paperwork, draw_file

TURNS = [(kind, turn) for kind in FILE_KINDS for turn in range(10)]
DATE_FORMATS = (
    "%d-%m-%Y",
    "%d/%m/%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d-%m-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%d.%m.%Y",
    "%m/%d/%Y",
)


def squashed(text: str) -> str:
    """Letters and digits only, in lower case: wrapping and spacing do not matter."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def layer(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return texts


def written_forms(name: str, value: str | int) -> list[str]:
    """The ways in which this value may stand on a paper."""
    text = str(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return [f"{date.fromisoformat(text):{form}}" for form in DATE_FORMATS]
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text):
        return [f"{datetime.fromisoformat(text):%d/%m/%Y %I:%M %p}"]
    if re.fullmatch(r"-?\d+\.\d\d", text):
        return [form(Decimal(text)) for form in (indian, english, german, french)]
    return [text]


def drawn(kind: str, turn: int) -> Paperwork:
    return draw_file(random.Random(f"papers:{kind}:{turn}"), kind, turn)


@pytest.mark.parametrize(("kind", "turn"), TURNS)
def test_every_true_value_stands_in_the_text_layer(kind: str, turn: int) -> None:
    paperwork = drawn(kind, turn)
    pages = layer(paperwork.pdf)
    for filed in paperwork.documents:
        text = squashed("".join(pages[number - 1] for number in filed.pages))
        for name, value in filed.fields.items():
            if name in ("line_items", "items"):
                values = [(column, cell) for line in value for column, cell in line.items()]
            else:
                values = [(name, value)] if name != "currency" else []
            for field, single in values:
                forms = written_forms(field, single)
                assert any(squashed(form) in text for form in forms), (filed.layout, field, single)


@pytest.mark.parametrize(("kind", "turn"), TURNS[::3])
def test_the_transcript_has_the_words_of_the_text_layer_page_by_page(kind: str, turn: int) -> None:
    paperwork = drawn(kind, turn)
    pages = layer(paperwork.pdf)
    assert len(pages) == len(paperwork.transcripts)
    for seen, transcript in zip(pages, paperwork.transcripts, strict=True):
        assert Counter(squashed(seen)) == Counter(squashed(transcript))


def test_documents_share_out_all_pages() -> None:
    for kind, turn in TURNS:
        paperwork = drawn(kind, turn)
        pages = [number for filed in paperwork.documents for number in filed.pages]
        assert pages == list(range(1, len(paperwork.transcripts) + 1))


def test_signed_qr_codes_on_all_layouts_decode_from_a_300_dpi_print() -> None:
    seen: set[str] = set()
    for turn in range(40):
        paperwork = drawn("bill", turn)
        filed = paperwork.documents[0]
        if "irn" not in filed.fields or filed.layout in seen:
            continue
        seen.add(filed.layout)
        codes = zxingcpp.read_barcodes(camera.draw_pages(paperwork.pdf)[0])
        assert [len(code.text.split(".")) for code in codes] == [3], filed.layout
    assert len(seen) == 5


def test_the_code_of_an_eway_bill_names_number_generator_and_time() -> None:
    for turn in range(2):
        paperwork = drawn("eway_bill", turn)
        fields = paperwork.documents[0].fields
        texts = [code.text for code in zxingcpp.read_barcodes(camera.draw_pages(paperwork.pdf)[0])]
        qr = next(text for text in texts if "/" in text)
        number, generator, moment = qr.split("/")
        assert number == fields["ewb_number"]
        assert generator == fields["generated_by"][:15]
        generated = datetime.strptime(moment, "%d-%m-%Y %H:%M:%S")
        assert f"{generated:%Y-%m-%dT%H:%M}" == fields["generated_at"]


def test_a_payment_link_on_a_retail_bill_asks_for_its_total() -> None:
    paperwork = drawn("receipt", 3)
    (code,) = zxingcpp.read_barcodes(camera.draw_pages(paperwork.pdf)[0])
    assert code.text.startswith("upi://pay?")
    assert f"am={paperwork.documents[0].fields['total_amount']}" in code.text


def test_a_signed_qr_is_about_as_long_as_a_real_one() -> None:
    text = signed_qr(
        random.Random(1),
        seller_gstin="27AAPFU0939F1ZV",
        buyer_gstin="24AAACJ3770E2ZV",
        number="INV-00001",
        day=date(2025, 7, 1),
        total=Decimal("104571.50"),
        line_count=3,
        main_hsn="73181500",
        irn="0" * 64,
        registered_at=datetime(2025, 7, 1, 12, 30),
    )
    assert 850 < len(text) < 1150


def test_a_hybrid_invoice_carries_the_xml_of_its_page() -> None:
    hybrids = [paper for paper in (drawn("foreign", turn) for turn in range(8)) if paper.attachment]
    assert hybrids
    for paperwork in hybrids:
        shot = camera.take(
            random.Random(0),
            paperwork.pdf,
            variant="born_digital",
            attachment=paperwork.attachment,
        )
        document = pypdfium2.PdfDocument(shot.content)
        attachment = document.get_attachment(0)
        assert attachment.get_name() == "factur-x.xml"
        root = ElementTree.fromstring(bytes(attachment.get_data()))
        document.close()
        texts = {element.tag.rpartition("}")[2]: element.text for element in root.iter()}
        assert texts["GrandTotalAmount"] == paperwork.documents[0].fields["total_amount"]
        assert texts["TaxTotalAmount"] == paperwork.documents[0].fields["tax_amount"]


def test_the_same_count_and_seed_make_the_same_folder(tmp_path: Path) -> None:
    for name in ("first", "second"):
        make_samples(tmp_path / name, count=6, seed=9, variants=("born_digital",))
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("first", "second"))
    assert [file.name for file in first] == [file.name for file in second]
    for one, other in zip(first, second, strict=True):
        if one.suffix == ".jsonl":
            assert one.read_bytes() == other.read_bytes()
        else:
            assert layer(one.read_bytes()) == layer(other.read_bytes())


def test_scans_keep_their_pages_and_photos_are_at_most_12_megapixels(tmp_path: Path) -> None:
    make_samples(tmp_path, count=2, seed=5, variants=("scan", "photo"), kinds=("receipt",))
    scan, photo = sorted(file for file in tmp_path.iterdir() if file.suffix != ".jsonl")
    assert scan.suffix in (".pdf", ".png", ".tiff")
    with Image.open(photo) as picture:
        assert picture.format == "JPEG"
        assert picture.width * picture.height <= 12_000_000


def test_the_photo_of_a_paper_is_the_same_again() -> None:
    paperwork = drawn("receipt", 0)
    first, second = (
        camera.take(random.Random("lens"), paperwork.pdf, variant="photo") for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (
            "104571.50",
            "Rupees One Lakh Four Thousand Five Hundred Seventy One and Fifty Paise Only",
        ),
        ("20000000", "Rupees Two Crore Only"),
        ("0.05", "Rupees Zero and Five Paise Only"),
    ],
)
def test_amounts_in_words_group_by_lakh_and_crore(amount: str, words: str) -> None:
    assert in_rupee_words(Decimal(amount)) == words


def test_amounts_group_as_in_their_country() -> None:
    amount = Decimal("1234567.5")
    assert indian(amount) == "12,34,567.50"
    assert english(amount) == "1,234,567.50"
    assert german(amount) == "1.234.567,50"
    assert french(amount) == "1 234 567,50"
    assert indian(Decimal("-0.4")) == "-0.40"


def test_a_bill_that_is_too_long_for_its_paper_is_made_up_anew() -> None:
    # The first draw of this one ran over the foot of the page.
    drawn = draw_file(random.Random("20261:400:164"), "bill", 20305)

    printed = squashed("".join(layer(drawn.pdf)))
    assert squashed(str(drawn.documents[0].fields["document_number"])) in printed
