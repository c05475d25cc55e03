"""Two readings of a page are merged word by word, and the better-believed word is kept."""

import pytest

from ingestion.engines import doubt
from ingestion.engines.base import Box, Word
from ingestion.engines.layout import Line, Reading
from ingestion.engines.merging import merged

HEIGHT = 20
LETTER = 10


def at(left: float, top: float, text: str, confidence: float = 0.999) -> Word:
    box = Box(left=left, top=top, right=left + LETTER * len(text), bottom=top + HEIGHT)
    return Word(text=text, box=box, confidence=confidence)


def row(top: float, *texts: str, left: float = 0, confidence: float = 0.999) -> Line:
    words = []
    for text in texts:
        words.append(at(left, top, text, confidence))
        left += LETTER * (len(text) + 1)
    return tuple(words)


def rapid(*lines: Line) -> Reading:
    return Reading(lines=lines, engine="rapidocr", version="3.4")


def tesseract(*lines: Line) -> Reading:
    return Reading(lines=lines, engine="tesseract", version="5.3")


INVOICE = row(0, "Hardware", "Store", "of", "Springfield")


def test_a_doubted_word_gives_way_to_one_that_is_sure_on_its_place() -> None:
    total = row(40, "Total", "amount", "due")
    misread = (total[0], at(60, 40, "ammunt", 0.6), total[2])
    sure = row(41, "Total", "amount", "due", confidence=0.96)
    assert merged(rapid(INVOICE, misread), tesseract(sure)).text.endswith("Total amount due")


def test_a_sure_word_is_kept_against_a_doubted_one() -> None:
    other = row(1, "Hardwave", "Stone", "of", "Spring", confidence=0.8)
    assert merged(rapid(INVOICE), tesseract(other)).text == "Hardware Store of Springfield"


def test_engines_count_their_confidence_differently() -> None:
    """RapidOCR is right less often at 0.90 than Tesseract at 0.96, both where they differ."""
    ours, theirs = row(40, "INV0ICE", confidence=0.9), row(40, "INVOICE", confidence=0.96)
    assert merged(rapid(INVOICE, ours), tesseract(theirs)).lines[1][0].text == "INVOICE"
    firm = row(40, "INV0ICE", confidence=0.999)
    assert merged(rapid(INVOICE, firm), tesseract(theirs)).lines[1][0].text == "INV0ICE"


def test_what_two_engines_read_alike_is_believed_more() -> None:
    first, second = row(0, "Total:", confidence=0.9), row(0, "TOTAL", confidence=0.8)
    (word,) = merged(rapid(first), tesseract(second)).words
    assert word.text == "Total:"
    assert word.confidence == pytest.approx(0.98)


def test_an_engine_that_repeats_itself_is_not_believed_more() -> None:
    first, second = row(0, "Total", confidence=0.9), row(0, "Total", confidence=0.8)
    reading = merged(tesseract(first), tesseract(second))
    assert [word.confidence for word in reading.words] == [0.9]
    assert (reading.engine, reading.version) == ("tesseract", "5.3")


def test_a_word_that_only_one_engine_saw_joins_the_line_it_stands_on() -> None:
    gappy = (INVOICE[0], *INVOICE[2:])
    seen = (at(90, 2, "Store", 0.96),)
    reading = merged(rapid(gappy), tesseract(seen))
    assert reading.text == "Hardware Store of Springfield"
    assert reading.words[1].box == seen[0].box


def test_a_line_that_only_one_engine_saw_follows_the_line_read_before_it() -> None:
    last = row(80, "Thank", "you", "for", "your", "order")
    other = (INVOICE, row(40, "Total", "84.50", confidence=0.96), last)
    reading = merged(rapid(INVOICE, last), tesseract(*other))
    assert reading.text.splitlines()[1:] == ["Total 84.50", "Thank you for your order"]


def test_specks_and_doubted_words_that_only_one_engine_saw_are_left_out() -> None:
    other = (at(400, 0, "|", 0.96), at(400, 40, "smudge", 0.7))
    assert merged(rapid(INVOICE), tesseract(other)).text == "Hardware Store of Springfield"


def test_words_run_together_are_split_where_the_other_engine_is_sure_of_the_parts() -> None:
    together = row(40, "off the".replace(" ", ""))
    parts = (at(0, 40, "off", 0.95), at(35, 40, "the", 0.95))
    assert merged(rapid(INVOICE, together), tesseract(parts)).text.endswith("off the")
    doubted = (at(0, 40, "off", 0.95), at(35, 40, "the", 0.6))
    assert merged(rapid(INVOICE, together), tesseract(doubted)).text.endswith("offthe")


def test_columns_keep_the_order_of_the_better_reading() -> None:
    left = [row(40 * n, "left", "column", str(n)) for n in range(3)]
    right = [row(40 * n, "right", "column", left=400) for n in range(3)]
    other = [row(40 * n + 1, "left", "column", confidence=0.8) for n in range(3)]
    end = (at(550, 41, "ends", 0.96),)
    reading = merged(rapid(*left, *right), tesseract(*other, end))
    assert reading.text.splitlines() == [
        *(f"left column {n}" for n in range(3)),
        *("right column", "right column ends", "right column"),
    ]


def test_a_merged_reading_names_both_engines_the_better_one_first() -> None:
    few = row(0, "Hardware", confidence=0.96)
    for pair in ((rapid(INVOICE), tesseract(few)), (tesseract(few), rapid(INVOICE))):
        reading = merged(*pair)
        assert (reading.engine, reading.version) == ("rapidocr+tesseract", "3.4+5.3")


def test_an_empty_reading_adds_nothing() -> None:
    assert merged(tesseract(), rapid(INVOICE)) == rapid(INVOICE)
    assert merged(tesseract(), rapid()).words == ()


def test_numbers_that_differ_by_their_point_or_sign_are_no_agreement() -> None:
    for one, other in (("1250.00", "12500.0"), ("100", "-100")):
        made = merged(rapid(row(0, one, confidence=0.9)), tesseract(row(0, other, confidence=0.9)))
        (word,) = made.words
        assert (word.text, word.confidence) == (one, 0.9)


def test_a_merged_reading_has_a_merit() -> None:
    made = merged(rapid(row(0, "word", confidence=0.6)), tesseract(row(0, "word", confidence=0.6)))
    assert "+" in made.engine
    assert doubt.merit(made) > 0
