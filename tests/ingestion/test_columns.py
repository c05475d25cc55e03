"""Columns of prose are read one after the other, tables line by line."""

from ingestion.engines.base import Box, Word
from ingestion.engines.columns import in_reading_order
from ingestion.engines.layout import text_of

TALE = "gently he talked with her about life and love until she fell asleep at last"
PROSE = TALE.split()


def row(text: str, left: float, top: float) -> list[Word]:
    words = []
    for word in text.split():
        box = Box(left=left, top=top, right=left + 10 * len(word), bottom=top + 20)
        words.append(Word(text=word, box=box, confidence=1))
        left = box.right + 8
    return words


def page(left: list[str], right: list[str], gap: float) -> list[Word]:
    words = []
    for number, (a, b) in enumerate(zip(left, right, strict=True)):
        words += row(a, 50, 40 * number) + row(b, gap, 40 * number + 3)
    return words


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    left = [" ".join(PROSE[n : n + 5]) for n in range(8)]
    right = [" ".join(PROSE[n + 2 : n + 7]) for n in range(8)]
    assert text_of(in_reading_order(page(left, right, 420))) == "\n".join(left + right)


def test_a_heading_across_the_columns_comes_first() -> None:
    left = [" ".join(PROSE[n : n + 5]) for n in range(8)]
    right = [" ".join(PROSE[n + 2 : n + 7]) for n in range(8)]
    heading = row("a long heading that goes across the whole page and both columns", 50, -60)
    text = text_of(in_reading_order([*page(left, right, 420), *heading]))
    assert text.splitlines()[:2] == [" ".join(word.text for word in heading), left[0]]


def test_the_amounts_of_a_table_stay_beside_their_items() -> None:
    left = [f"Nougat of the abbey {n} g" for n in range(8)]
    right = [f"{n} Unit(s) 4.55 10% {n}04.75" for n in range(8)]
    lines = text_of(in_reading_order(page(left, right, 420))).splitlines()
    assert lines == [f"{a} {b}" for a, b in zip(left, right, strict=True)]


def test_labels_stay_beside_their_values() -> None:
    left = ["Invoice number", "Date of supply", "Terms of payment"] * 3
    right = ["RE 815", "May third", "thirty days net"] * 3
    lines = text_of(in_reading_order(page(left, right, 420))).splitlines()
    assert lines == [f"{a} {b}" for a, b in zip(left, right, strict=True)]


def test_nothing_has_no_lines() -> None:
    assert in_reading_order([]) == ()
