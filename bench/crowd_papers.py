"""What a crowd is made of: files, papers and what stands on them, drawn by a seed. Pure."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from documents.identity import Identity, keys

WORDS_A_PAGE = 20
PICTURES = 50
WIDTH_PX, HEIGHT_PX = 1240, 1754
DAYS = 730
LONGEST_PAGES = 600
OPEN = 40
_COLUMNS = 4
_REAL = tuple(
    """
    invoice total steel cement transport freight copper cotton paper spices motor pump cable
    bearing valve garment rice sugar tea coffee medicine tablet glass timber paint rubber
    supply order delivery road vehicle warehouse Pune Mumbai Chennai Kochi Delhi Jaipur Surat
    contract letter notice report service repair rent insurance interest account payment due
    """.split()  # noqa: SIM905  (a line a word would be longer than the rest of the module)
)
_SYLLABLES = ("ba", "ka", "ra", "ta", "mi", "no", "lu", "se", "vi", "pa", "do", "ze", "li", "ma")
_TRADES = ("Traders", "Industries", "Enterprises", "Logistics", "Steel Works", "Agencies")
_LENGTHS = ((1, 2, 3, 4, 6, 9, 14, 40), (34, 22, 14, 9, 9, 6, 4, 2))
_REASONS = (
    ("low_confidence", "total_amount", "Total: values read like this were right in 91 of 100."),
    ("missing", "document_date", "Document date was not found."),
    ("check_totals", "total_amount", "The lines do not add up to the total."),
    ("check_gstin", "supplier_gstin", "The GSTIN's check digit is wrong."),
    ("type_unsure", "", "The type of this document is not certain."),
    ("conflict", "document_number", "The page says 'INV/77', the file's own data disagrees."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document to be: pages of its file from `first` on; kind "" is unknown."""

    id: UUID
    first: int
    pages: int
    kind: str
    status: str
    supplier: int
    mark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheaf:
    """A file to be, of the project with the index `project`, and how its job ended."""

    id: UUID
    project: int
    at: datetime
    status: str
    papers: tuple[Paper, ...]

    @property
    def pages(self) -> int:
        return sum(paper.pages for paper in self.papers)


def vocabulary(dice: random.Random, size: int = 4_000) -> tuple[list[str], list[float]]:
    """Words and their cumulative weights, as rare as words are: the n-th as 1/n."""
    made = list(_REAL)
    while len(made) < size:
        made.append("".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))))
    return made, list(accumulate(1 / (n + 8) for n in range(size)))


def suppliers(dice: random.Random, count: int = 900) -> list[str]:
    names = ("".join(dice.choices(_SYLLABLES, k=3)).title() for _ in range(count))
    return [f"{name} {dice.choice(_TRADES)}" for name in names]


def slots() -> list[list[int]]:
    """The boxes of the words of a page, [left, top, right, bottom] in pixels."""
    across, down = (WIDTH_PX - 160) // _COLUMNS, 120
    return [
        [80 + n % _COLUMNS * across, 160 + n // _COLUMNS * down, 300 + n % _COLUMNS * across, y]
        for n in range(WORDS_A_PAGE)
        for y in [204 + n // _COLUMNS * down]
    ]


def sheaves(
    dice: random.Random, *, documents: int, pages: int, projects: int, now: datetime
) -> Iterator[Sheaf]:
    """Files with just so many documents and pages together, some that failed beside them, and
    last OPEN that wait for a worker; oldest first. One document has LONGEST_PAGES pages where
    there is room."""
    lengths = _lengths(dice, documents, pages)
    weights = [1 / (n + 1) for n in range(projects)]
    at, step = now - timedelta(days=DAYS), timedelta(days=DAYS) / max(1, documents)
    while lengths:
        count = min(len(lengths), dice.choices((1, 2, 4), (70, 20, 10))[0])
        at += step * count
        sent = at - timedelta(seconds=dice.random() * 60)
        home = dice.choices(range(projects), weights)[0]
        papers, first = [], 1
        for _ in range(count):
            papers.append(_paper(dice, sent, first, lengths.pop()))
            first += papers[-1].pages
        yield Sheaf(
            id=uuid7_at(dice, sent),
            project=home,
            at=sent,
            status="completed",
            papers=tuple(papers),
        )
        if dice.random() < 0.03:
            status = dice.choices(("failed", "cancelled"), (4, 1))[0]
            yield Sheaf(id=uuid7_at(dice, sent), project=home, at=sent, status=status, papers=())


def _lengths(dice: random.Random, documents: int, pages: int) -> list[int]:
    """Pages of each document, `pages` together."""
    made = dice.choices(*_LENGTHS, k=documents)
    if pages > 3 * LONGEST_PAGES:
        made[-1] = LONGEST_PAGES
    rest = pages - sum(made)
    while rest:
        at = dice.randrange(documents)
        if made[at] == LONGEST_PAGES or (rest < 0 and made[at] == 1):
            continue
        change = 1 if rest > 0 else max(rest, 1 - made[at])
        made[at] += change
        rest -= change
    return made


def _paper(dice: random.Random, at: datetime, first: int, pages: int) -> Paper:
    kind = dice.choices(("bill", "eway_bill", ""), (62, 20, 18))[0]
    statuses = ("draft_created", "draft_pending", "rejected")
    return Paper(
        id=uuid7_at(dice, at),
        first=first,
        pages=pages,
        kind=kind,
        status=dice.choices(statuses, (75, 22, 3))[0] if kind else "unknown",
        supplier=int(dice.paretovariate(0.9)),
        mark=dice.randrange(10**9),
    )


def uuid7_at(dice: random.Random, at: datetime) -> UUID:
    """What `documents.ids.uuid7` gives at a time."""
    value = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80 | dice.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def payload(
    dice: random.Random, paper: Paper, at: datetime, names: Sequence[str]
) -> dict[str, Any]:
    """The values of a paper by field."""
    if not paper.kind:
        return {}
    day = (at - timedelta(days=dice.randrange(1, 40))).date().isoformat()
    net = round(dice.lognormvariate(9, 1.4), 2)
    tax = round(net * 0.09, 2)
    gstin = f"27AA{chr(65 + paper.supplier % 26)}FU{paper.supplier % 10_000:04d}F1ZV"
    both = {
        "document_number": f"INV/{day[:4]}/{paper.mark % 100_000:05d}",
        "document_date": day,
        "supplier_gstin": gstin,
    }
    if paper.kind == "eway_bill":
        return both | {
            "ewb_number": f"{paper.mark + 10**11}",
            "generated_at": f"{day}T10:30",
            "valid_until": f"{day}T23:59",
            "recipient_gstin": "29AAGCB7383J1Z4",
            "total_invoice_value": f"{net + 2 * tax:.2f}",
            "vehicle_number": f"MH12AB{paper.mark % 10_000:04d}",
        }
    return both | {
        "supplier_name": names[paper.supplier % len(names)],
        "recipient_name": "Meridian Canteen",
        "currency": "INR",
        "taxable_amount": f"{net:.2f}",
        "cgst_amount": f"{tax:.2f}",
        "sgst_amount": f"{tax:.2f}",
        "total_amount": f"{net + 2 * tax:.2f}",
        "line_items": [
            {
                "description": dice.choice(_REAL),
                "hsn_code": f"{dice.randrange(1000, 9999)}",
                "quantity": f"{n + 1}",
                "taxable_amount": f"{net / 3:.2f}",
            }
            for n in range(3)
        ],
    }


def evidence(
    dice: random.Random, values: dict[str, Any], first: int, boxes: Sequence[list[int]]
) -> dict[str, Any]:
    """Where each simple value stands and how sure it is."""
    return {
        f"/{name}": {
            "page": first,
            "box": boxes[n % len(boxes)],
            "source": dice.choices(("layer", "ocr", "qr"), (5, 4, 1))[0],
            "confidence": round(min(1, dice.betavariate(30, 1)), 3),
            "raw": value,
            "checks": ["totals"] if name.endswith("amount") else [],
            "failed": [],
        }
        for n, (name, value) in enumerate(values.items())
        if isinstance(value, str)
    }


def reasons(dice: random.Random, status: str) -> list[dict[str, str]]:
    if status != "draft_pending":
        return []
    chosen = dice.sample(_REASONS, k=dice.choices((1, 2, 3), (6, 3, 1))[0])
    return [{"code": code, "field": field, "message": told} for code, field, told in chosen]


def known_by(project: int, paper: Paper, values: dict[str, Any]) -> tuple[str, list[int]]:
    """Identity (JSON) and keys, by which others are found."""
    known = Identity.of(paper.kind, values)
    return json.dumps(known.as_json()), keys(project, known)


def utc_now() -> datetime:
    return datetime.now(UTC)
