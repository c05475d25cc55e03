"""`manage.py ask QUESTION`: have a question over a project answered, or turned into a list."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.errors import DocketError
from documents.models import Document, DocumentType, Project
from ingestion import cluster, investigating
from search.investigation import Investigation
from search.listing import table
from search.listing.filters import Filters
from search.queries import EVERYONE

POLL_S = 0.1


class Command(BaseCommand):
    help = "Asks, waits, and prints the answer with its citations, or with --list the documents."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--project", default="default", metavar="SLUG")
        parser.add_argument(
            "--list", action="store_true", help="documents by filters, not an answer"
        )
        parser.add_argument("--limit", type=int, default=100, help="documents of a list (100)")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        try:
            asked = self._asked(project, options["question"], is_list=options["list"])
        except DocketError as fault:
            raise CommandError(fault.message) from fault
        told = investigating.as_json_whole(asked, EVERYONE, limit=options["limit"])
        if options["json"]:
            print(json.dumps(told, ensure_ascii=False, default=str), flush=True)
        else:
            print("\n".join(_lines_of_list(told) if options["list"] else _lines(told)), flush=True)
        if told["status"] != investigating.READY:
            sys.exit(1)

    def _asked(self, project: Project, question: str, *, is_list: bool) -> Investigation:
        if is_list:
            made = investigating.make_list(project, question, user=None)
            if not investigating.is_at_work(made):
                return made
        with cluster.at_hand() as has_workers:
            if not is_list:
                made = investigating.ask(project, question, user=None)
            while True:
                has_workers()
                asked = Investigation.objects.select_related("project", "job").get(pk=made.pk)
                if not investigating.is_at_work(asked):
                    return asked
                time.sleep(POLL_S)


def _lines(told: dict[str, Any]) -> list[str]:
    """An answer as a person reads it at a terminal."""
    if told["status"] != investigating.READY:
        return [told["error"]["message"] if told["error"] else told["status"]]
    cited = told["citations"] or told["passages"]
    files = dict(
        Document.objects.filter(pk__in=[one["document"] for one in cited]).values_list(
            "pk", "upload__filename"
        )
    )
    named = {str(pk): name for pk, name in files.items()}
    lines = [line for line in (told["notice"], told["answer"]) if line]
    if not told["found"]:
        lines.append("Not found. What comes nearest:")
    for one in cited:
        lines.append(f"[{one['n']}] {named.get(one['document'], '?')}  page {one['page']}")
        lines.append(f"    {' '.join(one['text'].split())[:300]}")
    return lines


def _lines_of_list(told: dict[str, Any]) -> list[str]:
    lines = list(told["notes"])
    if told["left_out"]:
        lines.append(f"Not understood: {', '.join(told['left_out'])}")
    proposal = told["proposal"] or {}
    if "filters" in proposal:
        types = dict(DocumentType.objects.values_list("slug", "name"))
        chips = table.chips(Filters.from_json(proposal["filters"]), types)
        named = ", ".join(f"{name} {value}" for name, value in chips)
        lines.append(f"{proposal['engine']} proposes these filters: {named}")
    elif proposal:
        lines.append(proposal["fault"])
    for row in told["documents"]:
        values = (row["date"], row["number"], row["supplier"], row["currency"], row["total"] or "")
        lines.append("  ".join(value for value in values if value) + f"  {row['file']}")
    sums = ", ".join(
        f"{one['currency']} {one['total']}".strip() for one in told["sums"] if one["total"]
    )
    lines.append(f"{told['count']} documents{f', {sums}' if sums else ''}")
    return lines
