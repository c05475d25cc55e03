"""Rows of items in tables that are drawn narrow, wide, or with a heading of two lines."""

from documents import schemas
from ingestion.engines.base import Box, PageInput, TextSource, Word
from ingestion.engines.rules import RulesExtractor
from tests.ingestion.drawn_pages import page


def items_of(paper: PageInput) -> list[dict[str, object]]:
    made = RulesExtractor().extract(
        type="bill", schema=schemas.shipped_text("bill"), pages=(paper,)
    )
    rows: dict[str, dict[str, object]] = {}
    for one in made.readings:
        if one.pointer.startswith("/line_items/"):
            _, _, row, name = one.pointer.split("/")
            rows.setdefault(row, {})[name] = one.value
    return [rows[key] for key in sorted(rows, key=int)]


def amounts_of(paper: PageInput) -> dict[str, object]:
    made = RulesExtractor().extract(
        type="bill", schema=schemas.shipped_text("bill"), pages=(paper,)
    )
    return {one.pointer[1:]: one.value for one in made.readings if "line_items" not in one.pointer}


HEAD = "Selvam Machinery Stores\nTax Invoice No. 211/24-25   Dated 7-Jun-24\n"


def test_taxes_that_stand_in_the_table_are_no_items() -> None:
    paper = page(
        HEAD
        + """
Sl  Description of Goods     HSN/SAC     Quantity    Rate      per    Amount
1   Copper lug 25 sq mm      85369090    60 Nos      12.40     Nos      744.00
2   Ceiling fan 1200 mm      84145120    5 Nos       1,480.00  Nos    7,400.00
                                                                      8,144.00
    Output CGST 9%                                   9         %        732.96
    Output SGST 9%                                   9         %        732.96
    Round Off                                                             0.08
    Total                                                             9,610.00
"""
    )
    assert [one["description"] for one in items_of(paper)] == [
        "Copper lug 25 sq mm",
        "Ceiling fan 1200 mm",
    ]
    found = amounts_of(paper)
    assert (found["cgst_amount"], found["sgst_amount"]) == ("732.96", "732.96")
    assert found["total_amount"] == "9610.00"


def test_codes_of_goods_and_what_stands_in_columns_of_words_are_no_description() -> None:
    paper = page(
        HEAD
        + """
Item     Product Name         Pack    HSN         Batch    Exp.     Qty   Rate     Amount
WG-100   Pantop 40 tab        1*10    30049099    BT361    04/26     15   78.20   1,173.00
WG-112   Betadine ointment    20g     30049087    BT153    08/26     39   94.90   3,701.10
Grand Total                                                                       4,874.10
"""
    )
    assert [(one["description"], one["quantity"]) for one in items_of(paper)] == [
        ("Pantop 40 tab", "15"),
        ("Betadine ointment", "39"),
    ]


def test_numbers_far_from_their_headings_keep_the_order_of_the_columns() -> None:
    paper = page(
        HEAD
        + """
ITEM     DESCRIPTION              QTY       RATE       AMOUNT
WG-100   Widget guard, steel            26        24.95      648.70
HD-220   Heavy-duty hinge 4 in.         12         7.15       85.80
Total                                                        734.50
"""
    )
    assert [(one["quantity"], one["unit_price"]) for one in items_of(paper)] == [
        ("26", "24.95"),
        ("12", "7.15"),
    ]


def test_a_rate_and_an_amount_left_and_right_of_their_tax_are_its_own() -> None:
    paper = page(
        HEAD
        + """
#  Item &           HSN        Qty        Rate      CGST            SGST          Amount
   Description      /SAC                         %     Amt       %     Amt
1  Steel cupboard   94032010   2.00   8,650.00   9%   1,557.00   9%   1,557.00   17,300.00
                               nos
Sub Total   17,300.00
CGST9 (9%)   1,557.00
SGST9 (9%)   1,557.00
Total       20,414.00
"""
    )
    (item,) = items_of(paper)
    assert (item["tax_rate"], item["unit"], item["description"]) == ("18", "nos", "Steel cupboard")


def test_a_number_set_close_to_its_unit_is_a_quantity() -> None:
    """As OCR boxes them: four pixels between "6" and "BAG"."""
    paper = page(
        HEAD
        + """
Description                  HSN         Quantity Unit    Rate        Amount
Basmati rice, packed 25 kg   10063020    6 BAG            100.00      600.00
Total                                                                 600.00
"""
    )
    (bag,) = [word for word in paper.words if word.text == "BAG"]
    assert bag.box is not None
    (six,) = [word for word in paper.words if word.text == "6"]
    assert six.box is not None
    wide = Box(left=six.box.left, top=six.box.top, right=bag.box.left - 1, bottom=six.box.bottom)
    words = tuple(Word(text="6", box=wide, confidence=0.9) if w is six else w for w in paper.words)
    scan = PageInput(
        number=1, text=paper.text, words=words, width_px=1200, height_px=400, source=TextSource.OCR
    )
    (item,) = items_of(scan)
    assert (item["description"], item["quantity"], item["unit"]) == (
        "Basmati rice, packed 25 kg",
        "6",
        "BAG",
    )


def test_a_misread_heading_of_a_column_is_still_one() -> None:
    paper = page(
        HEAD
        + """
S.No Deseription          HSN         Qty    Rate      Amount
1    Ball bearing 6205    84821011    100    119.33    11,933.00
Total                                                  11,933.00
"""
    )
    (item,) = items_of(paper)
    assert item["description"] == "Ball bearing 6205"


def test_a_sum_brought_forward_opens_the_page_and_does_not_end_the_table() -> None:
    head = "Pos   Bezeichnung          Menge     Preis       Betrag\n"
    first = (
        "Sommer KG\nRechnung AR10042\n"
        + head
        + "1     Ersatzteil eins      2         10,00        20,00\n"
    )
    second = head + "      Übertrag                                   20,00\n"
    second += "2     Ersatzteil zwei      3         10,00        30,00\n"
    second += "Gesamtbetrag                                     50,00\n"
    pages = (
        page(first + "      Übertrag                                   20,00\n"),
        page(second, number=2),
    )
    made = RulesExtractor().extract(type="bill", schema=schemas.shipped_text("bill"), pages=pages)
    found = [one.value for one in made.readings if one.pointer.endswith("/description")]
    assert found == ["Ersatzteil eins", "Ersatzteil zwei"]
