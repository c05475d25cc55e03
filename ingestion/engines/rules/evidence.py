"""What speaks for each kind of paper on a page, and what its neighbours add to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ingestion.engines.base import PageType

BILL_NEEDS = 4.0
"""Points from which a page is rather a bill, or an e-way bill, than not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for each kind of paper on one page, in points.

    signs: what speaks for a bill, by name, so that pages of one paper can be added up without
    counting a sign twice; against: what speaks against it, at most 0; `bill` is their sum.
    """

    bill: float
    signs: Mapping[str, float]
    against: float
    eway: float
    has_title: bool
    number: str
    page_label: int
    page_count: int
    custom: dict[str, float]


def weighed_together(pages: list[Evidence]) -> list[Evidence]:
    """Pages "1 of 3" to "3 of 3" are one paper, and so are a head and the rows and sums after it:
    where one page or all together are surely a bill, all are."""
    shared = list(pages)
    start = 0
    for at in range(1, len(pages) + 1):
        before = pages[at - 1]
        if at < len(pages) and (_is_next(before, pages[at]) or _is_rest(before, pages[at])):
            continue
        group = range(start, at)
        if len(group) > 1 and _is_bill_together([pages[index] for index in group]):
            for index in group:
                if pages[index].eway < BILL_NEEDS:
                    lent = max(pages[index].bill, BILL_NEEDS + 0.8)
                    shared[index] = replace(pages[index], bill=lent)
        start = at
    return shared


def _is_next(before: Evidence, page: Evidence) -> bool:
    """ "Page 2 of 3" after "page 1 of 3"."""
    return (
        before.page_count > 1
        and page.page_count == before.page_count
        and page.page_label == before.page_label + 1
    )


def _is_rest(before: Evidence, page: Evidence) -> bool:
    """Rows and sums without a title or number of their own, after a page that has both but
    neither rows nor sums."""
    is_head = bool(before.signs["title"] and before.number) and "total" not in before.signs
    is_rest = "total" in page.signs and not (page.has_title or page.number)
    unnumbered = not (before.page_label or page.page_label)
    return is_head and not before.signs["rows"] and is_rest and unnumbered


def _is_bill_together(pages: Sequence[Evidence]) -> bool:
    """Whether one page is surely a bill, or all of them are one whose title stands on the first
    and whose total on another."""
    if max(page.bill for page in pages) >= BILL_NEEDS + 1:
        return True
    joint: dict[str, float] = {}
    for page in pages:
        for sign, points in page.signs.items():
            joint[sign] = max(joint.get(sign, 0.0), points)
    points = sum(joint.values()) + min(page.against for page in pages)
    is_whole = bool(pages[0].signs["title"]) and "total" in joint
    return is_whole and points >= BILL_NEEDS + 2


def continued(evidence: Evidence, previous: Evidence, before: PageType) -> Evidence:
    """A page without a title that goes on with its neighbour: same number, or page 2 of 3."""
    same = bool(evidence.number) and evidence.number == previous.number
    follows = (
        evidence.page_label == previous.page_label + 1 > 1
        and evidence.page_count == previous.page_count
    )
    if before.type == "bill" and not (same or follows or evidence.has_title):
        # a last page with sums only; a title or a number would make it another paper
        near = evidence.bill >= BILL_NEEDS - 2 and not evidence.number and not evidence.page_label
        missed = "total" in evidence.signs and "total" not in previous.signs
        return replace(evidence, bill=evidence.bill + 1.6 + missed) if near else evidence
    if before.type not in ("bill", "eway_bill") or not (same or follows):
        return evidence
    boost = 2.5 * same + 3.0 * follows
    if before.type == "bill" and evidence.eway < BILL_NEEDS:
        return replace(evidence, bill=evidence.bill + boost)
    if before.type == "eway_bill" and not evidence.has_title:
        return replace(evidence, eway=evidence.eway + boost)
    return evidence
