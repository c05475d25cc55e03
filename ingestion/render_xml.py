"""E-invoices as XML, shown as pages of text: labels and values, a line of text an item.

What the standard's fields say comes first, then every other entry of the file under the name
of its element, so that notes, terms and accounts are found by search. A file that cannot be
parsed is shown as it is written.
"""

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element

from config.engines import EngineError
from documents.fields import parse_date
from ingestion.engines.einvoice import decoded
from ingestion.engines.rules.embedded import einvoice_readings, is_credit, parse
from ingestion.render_text import PAGE_CHARACTERS, cut

MOST_BYTES = 20_000_000
MOST_ENTRIES = 20_000
_HEAD = (
    ("Invoice date", "document_date"),
    ("Due date", "due_date"),
    ("Currency", "currency"),
)
_PARTIES = (
    ("Seller", "supplier_name"),
    ("Seller address", "supplier_address"),
    ("Seller tax ID", "supplier_tax_id"),
    ("Buyer", "recipient_name"),
    ("Buyer address", "recipient_address"),
)
_SUMS = (
    ("Taxable amount", "taxable_amount"),
    ("Tax amount", "tax_amount"),
    ("Total amount", "total_amount"),
)
_COLUMNS = (
    "description", "quantity", "unit", "unit_price", "discount", "tax_rate", "taxable_amount",
)  # fmt: skip
_LINES = ("IncludedSupplyChainTradeLineItem", "InvoiceLine", "CreditNoteLine")
_EMPTY_WORDS = frozenset(
    {"specified", "applicable", "applied", "trade", "header", "exchanged", "included", "settlement"}
)
_NUMBER = re.compile(r"[\d.-]+")
_TITLES = ("Description", "Quantity", "Unit", "Unit price", "Discount", "Tax rate", "Amount")


def pages(path: str) -> list[str]:
    """The text of every page, none of them empty; the last file's pages are kept.

    EngineError code: file_damaged."""
    try:
        found = os.stat(path)
        if found.st_size > MOST_BYTES:
            raise EngineError(
                "The file is larger than any invoice. Send it as PDF.", "file_damaged"
            )
        return _pages(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise EngineError("The file cannot be read. Send it again.", "file_damaged") from error


@lru_cache(maxsize=1)
def _pages(path: str, changed_ns: int, size_bytes: int) -> list[str]:
    xml = decoded(Path(path).read_bytes())
    root = parse(xml)
    if root is None:
        return cut(xml)
    values = {one.pointer[1:]: str(one.value) for one in einvoice_readings(xml)}
    name = "Credit note" if is_credit(root) else "Invoice"
    number = f"{name} number: {values.get('document_number', '')[:200]}".rstrip(": ")
    whole = [*_summary(values), "", *_rest(root, set(values.values()))]
    texts = cut("\n".join(whole), PAGE_CHARACTERS - 200) or [""]
    heads = [f"{name}\n\n{number}"] + [number[:100]] * (len(texts) - 1)
    if len(texts) > 1:
        heads = [f"{head}\nPage {n} of {len(texts)}" for n, head in enumerate(heads, 1)]
    return [f"{head}\n{text}".rstrip() for head, text in zip(heads, texts, strict=True)]


def _summary(values: Mapping[str, str]) -> Iterator[str]:
    yield from _entries(_HEAD, values)
    yield ""
    yield from _entries(_PARTIES, values)
    yield ""
    rows = 1 + max(
        (int(p.split("/")[1]) for p in values if p.startswith("line_items/")), default=-1
    )
    if rows:
        yield "\t".join(_TITLES)
    for row in range(rows):
        yield "\t".join(values.get(f"line_items/{row}/{column}", "") for column in _COLUMNS)
    yield ""
    yield from _entries(_SUMS, values)


def _entries(names: tuple[tuple[str, str], ...], values: Mapping[str, str]) -> Iterator[str]:
    return (f"{label}: {values[name]}" for label, name in names if values.get(name))


def _rest(root: Element, shown: set[str]) -> Iterator[str]:
    """Every other entry in the order of the file, without codes. Words that were shown are not
    repeated, nor the numbers of lines; other amounts are, since their names say what they are."""
    count = 0
    stack = [(root, "", False)]
    while stack and count < MOST_ENTRIES:
        element, parent, is_in_line = stack.pop()
        name = _words(element)
        is_in_line = is_in_line or str(element.tag).endswith(_LINES)
        stack += [(child, name, is_in_line) for child in reversed(element)]
        text = " ".join((element.text or "").split())
        if len(element) or not text or name.lower().endswith(("code", "indicator")):
            continue
        is_number = bool(_NUMBER.fullmatch(text))
        if (text in shown and not is_number) or (is_number and is_in_line):
            continue
        count += 1
        unit = element.get("currencyID") or element.get("unitCode") or ""
        yield f"{_under(parent, name)}: {_day(element, text)} {unit}".rstrip()


def _under(parent: str, name: str) -> str:
    return f"{parent}, {name.lower()}" if parent else name


def _words(element: Element) -> str:
    """ "ram:SpecifiedTradePaymentTerms" as "Payment terms"."""
    name = str(element.tag).rpartition("}")[2][:80]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).split()
    telling = [word for word in words if word.lower() not in _EMPTY_WORDS]
    return " ".join(telling or words).capitalize()


def _day(element: Element, text: str) -> str:
    day = parse_date(text) if element.get("format") == "102" else None
    return day.value if day else text
