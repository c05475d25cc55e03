"""`manage.py demo`: serve, read thirty samples, show what was found, answer three searches."""

import itertools
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from documents.models import Document, Project
from ingestion import batch, serving
from ingestion.management.commands.up import tell_address
from ingestion.models import JobStatus
from samples.maker import make_samples
from search import queries

PROJECT = "demo"
COUNT = 30
SEED = 1
WIDTHS = (16, 10, 28, 18, 12, 16, 14)
HEADS = ("file", "type", "from", "number", "date", "total", "state")
STATES = {
    "draft_created": "proven",
    "draft_pending": "needs review",
    "unknown": "unknown",
    "rejected": "rejected",
}


class Command(BaseCommand):
    help = "Serves Docket, makes and reads samples, and shows what was found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop after the tour")
        parser.add_argument("--count", type=int, default=COUNT, help="samples to make (30)")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        password = serving.make_operator()
        try:
            with serving.serving() as served:
                tell_address(served, password)
                is_well = _tour(options["count"])
                if options["once"]:
                    is_well &= served.is_alive()
                else:
                    tell_address(served, "")
                    serving.wait_for_end(served)
        except serving.CannotServe as fault:
            raise CommandError(str(fault)) from fault
        if not is_well:
            raise CommandError("Not everything went well; see above and var/docket.log.")


def _tour(count: int) -> bool:
    """Read the samples and search them; True when all were read and all searches answered."""
    _tell_engines()
    project, _ = Project.objects.get_or_create(slug=PROJECT, defaults={"name": "Demo"})
    with _samples(count) as paths:
        reports = list(_read(paths, project))
    for line in _table(reports):
        print(line)
    failed = [r for r in reports if r["status"] != JobStatus.COMPLETED]
    for report in failed:
        print(f"  {report['file']}: {report['error'] and report['error']['message']}")
    hits = [_search(query) for query in _questions()]
    return not failed and bool(reports) and all(hits) and len(hits) == 3


def _tell_engines() -> None:
    tesseract = settings.TESSERACT_CMD != "" and shutil.which(settings.TESSERACT_CMD or "tesseract")
    print(f"  Reading with {'Tesseract and RapidOCR' if tesseract else 'RapidOCR'}, sorting and")
    print("  extracting by rules (no language model is set up), searching with BM25 and MiniLM.\n")


@contextmanager
def _samples(count: int) -> Iterator[list[Path]]:
    """Sample files in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        bar = tqdm(total=count, unit="file", file=sys.stderr, desc="  drawing", ncols=78)
        make_samples(Path(folder), count=count, seed=SEED, report=lambda line: bar.update(1))
        bar.close()
        yield [p for p in batch.files_below([folder]) if p.name != "truth.jsonl"]


def _read(paths: list[Path], project: Project) -> Iterator[dict[str, Any]]:
    bar = batch.Bar(is_always_shown=True)
    for _, report in batch.ingest(paths, project=project, on_progress=bar):
        yield report
    bar.close()


def _table(reports: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield ""
    yield _row(HEADS)
    yield "  " + " ".join("-" * width for width in WIDTHS)
    for report in sorted(reports, key=lambda r: str(r["file"])):
        for document in report["documents"]:
            yield _row(_cells(report["file"], document))
    documents = list(itertools.chain.from_iterable(r["documents"] for r in reports))
    proven = sum(d["status"] == "draft_created" for d in documents)
    waiting = sum(d["status"] == "draft_pending" for d in documents)
    pages = sum(r["pages"] for r in reports)
    yield ""
    yield (
        f"  {len(reports)} files, {pages} pages, {len(documents)} documents: "
        f"{proven} proven, {waiting} for a person to confirm."
    )


def _cells(file: str, document: dict[str, Any]) -> tuple[str, ...]:
    fields = document["fields"]
    total = fields.get("total_amount") or fields.get("total_invoice_value")
    currency = fields.get("currency") or ("INR" if document["type"] == "eway_bill" else "")
    return (
        file,
        document["type"].replace("_", "-"),
        fields.get("supplier_name") or fields.get("supplier_gstin") or "",
        fields.get("ewb_number" if document["type"] == "eway_bill" else "document_number") or "",
        fields.get("document_date") or "",
        f"{currency} {total}" if total else "",
        STATES[document["status"]],
    )


def _row(cells: Sequence[str]) -> str:
    lines = (" ".join(str(cell).split()) for cell in cells)
    fitted = (
        line if len(line) <= width else f"{line[: width - 1]}…"
        for line, width in zip(lines, WIDTHS, strict=True)
    )
    return "  " + " ".join(f"{c:<{w}}" for c, w in zip(fitted, WIDTHS, strict=True)).rstrip()


def _questions() -> list[str]:
    """A supplier's name, a number as printed, and a question in plain words."""
    bills = Document.objects.filter(project__slug=PROJECT, type__slug="bill").order_by("pk")
    named = bills.filter(payload__supplier_name__isnull=False).exclude(payload__supplier_name=None)
    numbered = bills.filter(payload__has_key="document_number").exclude(
        payload__document_number=None
    )
    supplier, number = named.first(), numbered.last()
    questions = ["goods moved by road with a vehicle number"]
    if number is not None:
        questions.insert(0, str(number.payload["document_number"]))
    if supplier is not None:
        questions.insert(0, " ".join(str(supplier.payload["supplier_name"]).split()))
    return questions


def _search(query: str) -> int:
    hits = queries.find(queries.EVERYONE, query, project_slug=PROJECT, limit=3).hits
    print(f"\n  Search: {query}")
    for hit in hits:
        text = " ".join(hit.text.split())
        print(f"    {hit.file}, page {hit.page}: {text[:70]}{'…' if len(text) > 70 else ''}")
    if not hits:
        print("    nothing found")
    return len(hits)
