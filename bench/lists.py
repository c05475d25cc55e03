"""Whether list questions find just the documents they ask for.

    python -m bench.lists FOLDER --project SLUG [--seed N] [--json]

FOLDER is what `manage.py make_samples` wrote and `manage.py ingest FOLDER/*.pdf --project SLUG`
read. Twenty questions of as many shapes are made from its truth.jsonl, with values drawn by the
seed. Each is put to the system in words; the documents that it lists are compared with those
that the same condition, written here in Python, picks from the truth, and from the payloads that
the system has. The exit code is 1 where one of them is not exact."""

import argparse
import json
import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from bench.lists_planted import Planted, Values, planted, total_of  # noqa: E402
from config import database, settings  # noqa: E402
from documents.models import Document, Page, Project  # noqa: E402
from search import listing  # noqa: E402
from search.listing import table  # noqa: E402
from search.queries import EVERYONE  # noqa: E402


def _chosen(question: Planted, papers: Mapping[str, Values]) -> set[str]:
    held = [key for key, values in papers.items() if question.holds(values)]
    if question.most:
        held = sorted(held, key=lambda key: -total_of(papers[key]))[: question.most]
    return set(held)


def _truth(folder: Path) -> dict[str, Values]:
    """By file and first page: "paper-010.pdf 3"."""
    found: dict[str, Values] = {}
    for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for one in row["documents"]:
            key = f"{row['file']} {one['pages'][0]}"
            found[key] = {**one.get("fields", {}), "type": one["type"]}
    return found


def _stored(project: Project) -> dict[str, Values]:
    documents = Document.objects.filter(project=project).select_related("type", "upload")
    return {
        _key(one): {**one.payload, "type": one.type.slug if one.type else "unknown"}
        for one in documents
    }


def _key(one: Document) -> str:
    return f"{one.upload.filename} {one.first_page}"


def _cited(found: Any) -> tuple[int, int]:
    """How many of the shown values stand, letter by letter, on the page that they point to; of
    how many: numbers of papers, as dates and totals are written in another way than printed."""
    right = of = 0
    for document in found:
        place = table.row_of(document).places.get("number")
        if place is None or not document.number:
            continue
        text = Page.objects.values_list("text", flat=True).get(
            upload=document.upload_id, number=place.page
        )
        of += 1
        right += _letters(document.number) in _letters(text)
    return right, of


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--project", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if settings.EMBEDDED_DATABASE:
        database.start(settings.VAR)
    project = Project.objects.get(slug=asked.project)
    truth, stored = _truth(asked.folder), _stored(project)
    known = [values for values in truth.values() if values["type"] != "unknown"]
    rows = []
    cited = [0, 0]
    for question in planted(known, random.Random(asked.seed)):
        understood = listing.understand(question.text, project)
        found = table.found_by(EVERYONE, project, understood.filters)
        limit = understood.filters.limit or None
        shown = list(found.select_related("type", "upload")[:limit])
        got = {_key(document) for document in shown}
        by_truth, by_payload = _chosen(question, truth), _chosen(question, stored)
        cited = [a + b for a, b in zip(cited, _cited(shown), strict=True)]
        rows.append(
            {
                "shape": question.shape,
                "question": question.text,
                "found": len(got),
                "truth": len(by_truth),
                "is_exact_by_truth": got == by_truth,
                "is_exact_by_payload": got == by_payload,
                "left_out": list(understood.left_out),
            }
        )
    _tell(rows, cited, is_json=asked.json)


def _tell(rows: list[dict[str, Any]], cited: list[int], *, is_json: bool) -> None:
    by_truth = sum(row["is_exact_by_truth"] for row in rows)
    by_payload = sum(row["is_exact_by_payload"] for row in rows)
    if is_json:
        print(json.dumps({"questions": rows, "by_truth": by_truth, "by_payload": by_payload}))
    else:
        for row in rows:
            sign = "ok " if row["is_exact_by_truth"] and row["is_exact_by_payload"] else "BAD"
            print(f"{sign} {row['found']:3} of {row['truth']:3}  {row['question']}")
        print(f"exact by truth {by_truth}, by payload {by_payload} of {len(rows)}")
        print(f"numbers that stand on the page they point to: {cited[0]} of {cited[1]}")
    if min(by_truth, by_payload) < len(rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
