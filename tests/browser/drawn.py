"""Papers for the review in a browser, made without an engine: drawn, read and weighed.

Run inside the site's process: `manage.py shell -c "from tests.browser.drawn import make; make()"`.
"""

import io
import json
import sys
from typing import Any

from django.contrib.auth import get_user_model
from PIL import Image, ImageDraw

from documents import files
from documents.models import Document, DocumentType, Page, Project, Upload
from tests import factories

WIDTH, HEIGHT = 1240, 1754
VALUES = {
    "document_number": "INV-77",
    "document_date": "2024-12-06",
    "supplier_name": "Asha Traders",
    "supplier_gstin": "27AAPFU0939F1ZV",
    "currency": "INR",
    "taxable_amount": "1000.00",
    "cgst_amount": "90.00",
    "sgst_amount": "90.00",
    "tax_amount": "180.00",
    "total_amount": "1180.00",
    "line_items": [
        {"description": "Tea", "quantity": "2", "unit_price": "300", "taxable_amount": "600.00"},
        {"description": "Milk", "quantity": "4", "unit_price": "100", "taxable_amount": "400.00"},
    ],
}
UNSURE = ("document_number", "supplier_name", "document_date")
LINE_PX = 34


def make() -> None:
    """Print the ids of the papers by name, as JSON."""
    project, _ = Project.objects.get_or_create(slug="review", defaults={"name": "Review"})
    users = get_user_model().objects
    if not users.filter(username="second").exists():
        users.create_superuser("second", password="a-long-test-word")
    made = {
        "doubtful": bill(project, doubts=UNSURE),
        "clean": bill(project, doubts=()),
        "dragged": bill(project, doubts=("supplier_name",)),
        "shared": bill(project, doubts=()),
        "phone": bill(project, doubts=UNSURE),
        "long": bill(project, doubts=(), pages=600),
    }
    sys.stdout.write(json.dumps({name: str(one.pk) for name, one in made.items()}))


def clear() -> None:
    """Take away what is left of them, so that other tests have the queue for themselves."""
    Document.objects.filter(project__slug="review").delete()


def bill(project: Project, *, doubts: tuple[str, ...], pages: int = 1) -> Document:
    """A bill in review with a thousand words on its first page; `doubts` are unsure."""
    upload: Upload = factories.upload(project, sha256=f"{Upload.objects.count():064x}")
    words = _words()
    evidence = {
        f"/{name}": _evidence(words[10 * at], 0.6 if name in doubts else 0.99)
        for at, name in enumerate(VALUES)
        if name != "line_items"
    }
    kind = DocumentType.objects.get(slug="bill")
    document = Document.objects.create(
        project=project,
        upload=upload,
        first_page=1,
        type=kind,
        type_confidence=1.0,
        schema_version=kind.schema_versions.latest("number"),
        status="draft_pending",
        payload=VALUES,
        evidence=evidence,
        reasons=[
            {"code": "low_confidence", "field": name, "message": f"{name} is unsure."}
            for name in doubts
        ],
    )
    image = _image(words)
    Page.objects.bulk_create(
        Page(
            upload=upload,
            number=number,
            document=document,
            position=number,
            image=files.store_page(upload.pk, number, image),
            width_px=WIDTH,
            height_px=HEIGHT,
            words=words if number == 1 else [],
        )
        for number in range(1, pages + 1)
    )
    return document


def _words() -> list[list[Any]]:
    """Fifty lines of twenty words; the first are the values, with one misread name beside."""
    told = [str(value) for value in VALUES.values() if isinstance(value, str)]
    texts = [f"word{n}" for n in range(1000)]
    for at, text in enumerate(told):
        texts[10 * at] = text
    texts[200:202] = ["Usha", "Trading"]
    return [
        [text, left, top, left + 50, top + 20, 0.9]
        for at, text in enumerate(texts)
        for left, top in [(40 + 58 * (at % 20), 30 + LINE_PX * (at // 20))]
    ]


def _evidence(word: list[Any], confidence: float) -> dict[str, Any]:
    return {
        "page": 1,
        "box": word[1:5],
        "source": "ocr",
        "confidence": confidence,
        "score": confidence,
        "raw": word[0],
        "note": "",
        "alternatives": [],
        "checks": [],
        "failed": [],
    }


def _image(words: list[list[Any]]) -> bytes:
    paper = Image.new("L", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(paper)
    for text, left, top, *_ in words:
        pen.text((left, top + 4), text, fill="black")
    out = io.BytesIO()
    paper.save(out, "WEBP", quality=40)
    return out.getvalue()
