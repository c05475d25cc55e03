"""Draws one file's papers onto a sheet and keeps what is true of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from samples import truth
from samples.abroad import foreign_bill
from samples.cii import factur_x
from samples.gst import EWAY_BILL_FLOOR, eway_bill, eway_bill_over, gst_bill
from samples.layouts_abroad import FORM_LAYOUT, LETTER_LAYOUT, LOCALES
from samples.layouts_eway import DETAILED_LAYOUT, SLIP_LAYOUT
from samples.layouts_gst_upright import BAND_LAYOUT, BOXED_LAYOUT
from samples.layouts_gst_wide import COMPACT_LAYOUT, LANDSCAPE_LAYOUT, PAGED_LAYOUT
from samples.layouts_plain import PLAIN_LAYOUT
from samples.layouts_tills import COLUMNS_LAYOUT, STACKED_LAYOUT
from samples.others import KINDS as OTHER_KINDS
from samples.others import other_paper
from samples.sheet import Look, OffPaperError, Sheet
from samples.tills import KINDS as RECEIPT_KINDS
from samples.tills import receipt

_TRIES = 5  # about one bill in a thousand is too long for its paper

_GST_LAYOUTS = (BOXED_LAYOUT, BAND_LAYOUT, COMPACT_LAYOUT, LANDSCAPE_LAYOUT, PAGED_LAYOUT)
_EWAY_LAYOUTS = (SLIP_LAYOUT, DETAILED_LAYOUT)
_FOREIGN_LAYOUTS = (LETTER_LAYOUT, FORM_LAYOUT)
_TILL_LAYOUTS = (STACKED_LAYOUT, COLUMNS_LAYOUT)
_COUNTRIES = ("DE", "GB", "FR", "US")
_DATE_FORMATS = ("%d-%m-%Y", "%d/%m/%Y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y", "%d.%m.%Y")
_ACCENTS = ((0.1, 0.3, 0.55), (0.55, 0.12, 0.15), (0.08, 0.4, 0.28), (0.25, 0.25, 0.3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A document of the file: its type, its pages from 1, the layout's name, its true fields."""

    type: str
    pages: tuple[int, ...]
    layout: str
    fields: truth.Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Paperwork:
    """A file before it is scanned or photographed; one transcript a page."""

    pdf: bytes
    transcripts: tuple[str, ...]
    documents: tuple[Filed, ...]
    attachment: bytes = b""


def draw_file(rng: random.Random, kind: str, turn: int) -> Paperwork:
    """One file of this kind (a key of `FILE_KINDS`); `turn` counts the files of the kind from 0.

    Layouts, countries and papers take turns, so a few files already show all of them. A paper
    that has more to print than fits on it is made up anew; OffPaperError where none fits.
    """
    for _ in range(_TRIES - 1):
        try:
            return _drawn_file(rng, kind, turn)
        except OffPaperError:
            continue
    return _drawn_file(rng, kind, turn)


def _drawn_file(rng: random.Random, kind: str, turn: int) -> Paperwork:
    sheet = Sheet()
    documents, attachment = FILE_KINDS[kind](sheet, rng, turn)
    return Paperwork(
        pdf=sheet.finish(),
        transcripts=sheet.transcripts(),
        documents=documents,
        attachment=attachment,
    )


def _look(rng: random.Random, families: tuple[str, ...]) -> Look:
    return Look(
        family=rng.choice(families),
        accent=rng.choice(_ACCENTS),
        date_format=rng.choice(_DATE_FORMATS),
    )


_Drawn = tuple[tuple[Filed, ...], bytes]


def _draw_bill(sheet: Sheet, rng: random.Random, turn: int) -> _Drawn:
    layout = _GST_LAYOUTS[turn % len(_GST_LAYOUTS)]
    few, many = (17, 24) if layout is PAGED_LAYOUT else (1, 7)
    bill = gst_bill(rng, line_count=rng.randrange(few, many))
    look = _look(rng, ("mono",) if layout is COMPACT_LAYOUT else ("sans", "sans", "serif"))
    first = sheet.page_count + 1
    layout.draw(sheet, look, bill)
    return (
        Filed(
            type="bill",
            pages=tuple(range(first, sheet.page_count + 1)),
            layout=layout.name,
            fields=truth.gst_fields(bill, layout),
        ),
    ), b""


def _draw_eway_bill(sheet: Sheet, rng: random.Random, turn: int) -> _Drawn:
    layout = _EWAY_LAYOUTS[turn % 2]
    eway = eway_bill(rng, line_count=rng.randrange(2, 8))
    layout.draw(sheet, _look(rng, ("sans", "sans", "serif")), eway)
    return (
        Filed(
            type="eway_bill",
            pages=(1,),
            layout=layout.name,
            fields=truth.eway_fields(eway, layout),
        ),
    ), b""


def _draw_packet(sheet: Sheet, rng: random.Random, turn: int) -> _Drawn:
    """A bill and, on the page after it, the e-way bill over it."""
    bill_layout = (BOXED_LAYOUT, BAND_LAYOUT, PAGED_LAYOUT)[turn % 3]
    eway_layout = _EWAY_LAYOUTS[(turn + turn // 2) % 2]
    line_count = rng.randrange(16, 22) if bill_layout is PAGED_LAYOUT else rng.randrange(3, 7)
    bill = gst_bill(rng, line_count=line_count)
    while bill.total <= EWAY_BILL_FLOOR:
        bill = gst_bill(rng, line_count=line_count)
    eway = eway_bill_over(rng, bill)
    look = _look(rng, ("sans", "serif"))
    bill_layout.draw(sheet, look, bill)
    bill_pages = tuple(range(1, sheet.page_count + 1))
    eway_layout.draw(sheet, look, eway)
    return (
        Filed(
            type="bill",
            pages=bill_pages,
            layout=bill_layout.name,
            fields=truth.gst_fields(bill, bill_layout),
        ),
        Filed(
            type="eway_bill",
            pages=(sheet.page_count,),
            layout=eway_layout.name,
            fields=truth.eway_fields(eway, eway_layout),
        ),
    ), b""


def _draw_foreign(sheet: Sheet, rng: random.Random, turn: int) -> _Drawn:
    country = _COUNTRIES[turn % 4]
    layout = _FOREIGN_LAYOUTS[(turn + turn // 4) % 2]
    bill = foreign_bill(rng, country)
    layout.draw(sheet, _look(rng, ("sans", "vera", "serif")), bill)
    fields = truth.foreign_fields(bill, layout)
    # Most German and French firms send XML inside by now; the rest keep the OCR honest.
    is_hybrid = country in ("DE", "FR") and rng.random() < 0.7
    attachment = factur_x(bill, LOCALES[country].currency) if is_hybrid else b""
    return (Filed(type="bill", pages=(1,), layout=layout.name, fields=fields),), attachment


def _draw_receipt(sheet: Sheet, rng: random.Random, turn: int) -> _Drawn:
    kind = tuple(RECEIPT_KINDS)[turn % len(RECEIPT_KINDS)]
    layout = _TILL_LAYOUTS[(turn + turn // len(RECEIPT_KINDS)) % 2]
    paper = receipt(rng, kind)
    layout.draw(sheet, _look(rng, ("mono", "sans")), paper)
    fields = truth.receipt_fields(paper, layout)
    return (Filed(type="bill", pages=(1,), layout=f"{layout.name}_{kind}", fields=fields),), b""


def _draw_unknown(sheet: Sheet, rng: random.Random, turn: int) -> _Drawn:
    paper = other_paper(rng, tuple(OTHER_KINDS)[turn % len(OTHER_KINDS)])
    family = "mono" if paper.kind == "memo" else rng.choice(("sans", "serif", "vera"))
    PLAIN_LAYOUT.draw(sheet, _look(rng, (family,)), paper)
    return (Filed(type="unknown", pages=(1,), layout=paper.kind, fields={}),), b""


FILE_KINDS: dict[str, Callable[[Sheet, random.Random, int], _Drawn]] = {
    "bill": _draw_bill,
    "eway_bill": _draw_eway_bill,
    "foreign": _draw_foreign,
    "receipt": _draw_receipt,
    "unknown": _draw_unknown,
    "packet": _draw_packet,
}
