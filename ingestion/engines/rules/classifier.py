"""The classifier of the rules engine: what a page is, and whether it starts a document.

Evidence is weighed per page: titles that stand alone, labels with values, tables, amounts,
and the titles of the papers that are neither bill nor e-way bill. A bill that prints its
e-way bill's number is still a bill: only the form's own parts make an e-way bill.
"""

import math
import re
from collections.abc import Iterator, Sequence

from documents.fields import comparable_number, find_amounts, fold
from ingestion.engines.base import MarkKind, PageInput, PageType, TypeOption
from ingestion.engines.rules import parsers
from ingestion.engines.rules.evidence import BILL_NEEDS, Evidence, continued, weighed_together
from ingestion.engines.rules.labels import lexicon
from ingestion.engines.rules.layout import Line, read_lines
from ingestion.engines.rules.near import Neighbourhood
from ingestion.engines.rules.tables import read_table
from ingestion.engines.rules.terms import (
    BILL_TERMS,
    BILL_TITLE,
    EWAY_TERMS,
    EWAY_TITLE,
    OTHER_TERMS,
    OTHER_TITLE,
    PAGE_LABEL,
    Term,
)

ENGINE, VERSION = "rules", "1"
_NUMBERED = re.compile(r"(?<![a-z])(?:nr|no|n[°ºo]|num|numero|number)\W{1,3}[\w./-]*\d")
_NUMBER = re.compile(r"[\d:#]")
_CLOCKED_DATE = re.compile(r"\d{2}[/.-]\d{2}[/.-]\d{2,4}\D{1,8}\d{1,2}:\d{2}")  # as tills print


class RulesClassifier:
    """Types pages as bill, e-way bill or unknown (`ENGINES["classify"]`).

    A type of the operator's own is recognised only where a title on the page names it.
    """

    def classify(
        self, *, pages: tuple[PageInput, ...], types: tuple[TypeOption, ...]
    ) -> tuple[PageType, ...]:
        """See `ingestion.engines.base.Classifier`; pages are neighbours in the order given."""
        made: list[PageType] = []
        previous: Evidence | None = None
        for evidence in weighed_together([_gather(page, types) for page in pages]):
            if made and previous is not None:
                evidence = continued(evidence, previous, made[-1])
            made.append(_verdict(evidence, types, previous, made[-1] if made else None))
            previous = evidence
        return tuple(made)


def _gather(page: PageInput, types: Sequence[TypeOption]) -> Evidence:
    lines = read_lines([page])
    printed = "\n".join(line.text for line in lines)[:60_000]
    text = fold(printed)
    prices = sum(amount.decimals == 2 for amount in find_amounts(printed))
    label, count = _page_label(text)
    title = _titled(lines, BILL_TITLE)
    eway, eway_title = _eway_points(lines, text)
    near = Neighbourhood(lines, lexicon("bill", "parties"))
    signs = _bill_signs(page, lines, text, near, has_title=title, prices=prices)
    against = _against_bill(lines, text, near, has_title=title, prices=prices)
    return Evidence(
        bill=sum(signs.values()) + against,
        signs=signs,
        against=against,
        eway=eway,
        has_title=title or eway_title,
        number=_number(lines, near, is_eway=eway >= BILL_NEEDS),
        page_label=label,
        page_count=count,
        custom=_custom_points(lines, types),
    )


def _titled(lines: Sequence[Line], title: re.Pattern[str]) -> bool:
    """Whether a cell holds little more than a title; the rows of a table have none."""
    for line in lines:
        if len(line.cells) > 2 and any(a.decimals == 2 for a in find_amounts(line.text)):
            continue
        for cell in line.cells:
            match = title.search(cell.folded) if len(cell.text) <= 80 else None
            if match and title is BILL_TITLE and _is_of_another(match, cell.folded):
                continue
            if match:
                rest = cell.folded[: match.start()] + cell.folded[match.end() :]
                if len(cell.text) <= 60 and sum(char.isalpha() for char in rest) <= 14:
                    return True
                if match.start() <= 2 and _NUMBERED.search(rest):
                    return True
    return False


def _is_of_another(title: re.Match[str], text: str) -> bool:
    """Whether a bill's word is part of another paper's: "E-Way Bill No", "Lorry Receipt"."""
    others = [*EWAY_TITLE.finditer(text), *OTHER_TITLE.finditer(text)]
    return any(other.start() <= title.start() and title.end() <= other.end() for other in others)


def _points(text: str, terms: Sequence[Term]) -> float:
    return sum(term.points for term in terms if term.pattern.search(text))


def _eway_points(lines: Sequence[Line], text: str) -> tuple[float, bool]:
    """An e-way bill has the form's title or its Part A and Part B; its number alone is nothing."""
    title = _titled(lines, EWAY_TITLE)
    parts = bool(re.search(r"part\W{0,3}a\b", text) and re.search(r"part\W{0,3}b\b", text))
    points = _points(text, EWAY_TERMS)
    if not (title or parts) or points < 1.5:
        return min(points, 2.0), title
    return points + 2.5 * title + 2.0 * parts, title


def _bill_signs(
    page: PageInput,
    lines: Sequence[Line],
    text: str,
    near: Neighbourhood,
    *,
    has_title: bool,
    prices: int,
) -> dict[str, float]:
    """Points by sign: titles, words, labels with values, rows of items, amounts, marks."""
    table = read_table(lines, amounts=lexicon("amounts"), decimal_comma=None)
    signs = {
        f"term {number}": term.points
        for number, term in enumerate(BILL_TERMS)
        if term.pattern.search(text)
    }
    signs["title"] = 2.3 * has_title
    signs["number"] = 1.2 * bool(near.candidates("document_number", parsers.document_number))
    signs["rows"] = 1.3 * bool(table.rows) + 0.4 * (len(table.rows) > 2)
    signs["amounts"] = 1.0 * (prices >= 4) + 0.7 * (prices >= 2)
    signs["numbered title"] = 1.5 * (has_title and _has_numbered_title(near))
    if _total_with_amount(lines):
        signs["total"] = 1.4 + 1.2 * (len(lines) <= 45 and bool(_CLOCKED_DATE.search(text)))
    kinds = {mark.kind for mark in page.marks}
    signs["marks"] = 6.0 * (MarkKind.EINVOICE_XML in kinds) + 5.0 * (MarkKind.GST_QR in kinds)
    return signs


def _against_bill(
    lines: Sequence[Line], text: str, near: Neighbourhood, *, has_title: bool, prices: int
) -> float:
    """Points against a bill: words of other papers, their titles, running text, no amounts."""
    points = _points(text, OTHER_TERMS)
    if not prices:
        points -= 1.0 if has_title and _has_numbered_title(near) else 2.5
    points -= 1.2 * (_prose_share(lines) > 0.5)
    if _titled(lines[:14], OTHER_TITLE):
        points -= 2.0 if has_title and not _is_headed_otherwise(lines) else 5.0
    return points


def _is_headed_otherwise(lines: Sequence[Line]) -> bool:
    """Whether another paper's title stands alone, and the bill's only before a number: a lorry
    receipt that names the invoice of its goods."""
    alone = [text for line in lines for text in _unnumbered(line)]
    own = any(_is_whole(BILL_TITLE, text) and not _is_whole(OTHER_TITLE, text) for text in alone)
    return not own and any(_is_whole(OTHER_TITLE, text) for text in alone[:14])


def _unnumbered(line: Line) -> Iterator[str]:
    """The cells without a number that are no label of the next one ("Vertrag", ": M17")."""
    texts = [cell.text.strip() for cell in line.cells]
    for cell, after in zip(line.cells, [*texts[1:], ""], strict=True):
        if not _NUMBER.search(cell.text) and not after.startswith(":"):
            yield cell.folded


def _is_whole(title: re.Pattern[str], text: str) -> bool:
    match = title.search(text)
    return match is not None and len(text) - (match.end() - match.start()) <= 6


def _has_numbered_title(near: Neighbourhood) -> bool:
    """ "Handelsrechnung Nr. 471102 vom 05.06.2018": title, number and date in one line."""
    return any(
        label.field == "document_number"
        and label.start <= 2
        and parsers.document_number(label.cell.text[label.end :]) is not None
        for label in near.labels
    )


def _total_with_amount(lines: Sequence[Line]) -> bool:
    amounts = lexicon("amounts")
    for line in lines:
        if not any(amount.decimals == 2 for amount in find_amounts(line.text)):
            continue
        for cell in line.cells:
            if any(one.field == "total_amount" and one.weight > 0.5 for one in amounts.find(cell)):
                return True
    return False


def _prose_share(lines: Sequence[Line]) -> float:
    """The share of lines that read like running text."""
    prose = sum(1 for line in lines if len(line.cells) == 1 and len(line.text.split()) >= 9)
    return prose / max(1, len(lines))


def _page_label(text: str) -> tuple[int, int]:
    """ "Page 2 of 3" as (2, 3); (0, 0) where it is not printed."""
    for match in PAGE_LABEL.finditer(text):
        label, count = int(match[1]), int(match[2] or 0)
        if 0 < label <= max(count, label) <= 999 and (not count or label <= count):
            return label, count
    return 0, 0


def _number(lines: Sequence[Line], near: Neighbourhood, *, is_eway: bool) -> str:
    if is_eway:
        eway = Neighbourhood(lines, lexicon("eway"))
        found = eway.candidates("ewb_number", parsers.ewb_number)
    else:
        found = [
            one
            for one in near.candidates("document_number", parsers.document_number)
            if one.score > 0.72
        ]
    return comparable_number(found[0].value) if found else ""


def _custom_points(lines: Sequence[Line], types: Sequence[TypeOption]) -> dict[str, float]:
    """Types of the operator's own whose name stands alone in a line of the page's head."""
    points = {}
    for option in types:
        if option.slug in ("bill", "eway_bill"):
            continue
        words = [re.escape(word) for word in re.split(r"[\W_]+", fold(option.slug)) if word]
        title = re.compile(r"[\W_]{0,3}".join(words) or r"(?!)")
        points[option.slug] = 5.5 * _titled(lines[:20], title)
    return points


def _verdict(
    evidence: Evidence,
    types: Sequence[TypeOption],
    previous: Evidence | None,
    before: PageType | None,
) -> PageType:
    offered = {option.slug for option in types}
    eway = _probability(evidence.eway - BILL_NEEDS)
    bill = _probability(evidence.bill - BILL_NEEDS) * (1 - eway)
    shares = {"bill": bill, "eway_bill": eway}
    for slug, points in evidence.custom.items():
        shares[slug] = _probability(points - BILL_NEEDS) if points else 0.0
        if shares[slug] > 0.5:
            shares["bill"] *= 0.5
    shares = {slug: share for slug, share in shares.items() if slug in offered}
    shares[""] = max(0.02, 1 - max(shares.values(), default=0.0))
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    (slug, share), (runner, second) = ranked[0], (ranked[1:] or [("", 0.0)])[0]
    return PageType(
        type=slug,
        confidence=round(min(0.99, share), 3),
        runner_up=runner,
        runner_up_confidence=round(min(0.99, second), 3),
        starts=_starts(evidence, slug, previous, before),
        document_number=evidence.number,
        page_label=evidence.page_label,
        page_count=evidence.page_count,
        engine=ENGINE,
        engine_version=VERSION,
    )


def _probability(points: float) -> float:
    return 1 / (1 + math.exp(-1.1 * max(-20.0, min(20.0, points))))


def _starts(
    evidence: Evidence, slug: str, previous: Evidence | None, before: PageType | None
) -> float:
    """Whether this page is its document's first: page label, then number, then title."""
    if evidence.page_label > 1:
        return 0.04
    if evidence.page_label == 1:
        return 0.96
    if previous is None or before is None:
        return 0.9 if evidence.has_title else 0.6
    if slug != before.type:
        return 0.92
    if evidence.number and previous.number:
        return 0.1 if evidence.number == previous.number else 0.95
    if not slug:
        # Pages of no type go on until one of them says that it is a first page.
        return 0.3
    return 0.88 if evidence.has_title else 0.15
