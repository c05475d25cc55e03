"""manage.py search: a question, or one a line from stdin, answered as a line of JSON.

Without --json a person at a terminal gets lines to read instead. Exit code 1 and
`{"error": {"code", "message"}}` where a question cannot be asked."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from documents.errors import DocketError
from search import queries
from search.presentation import all_as_json
from search.queries import Found, Mode


class Command(BaseCommand):
    help = "Search all documents, or those of one project. With - a query a line from stdin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("query", help="what to look for; - reads a query a line from stdin")
        parser.add_argument("--project", metavar="SLUG", help="only in this project")
        parser.add_argument("--mode", default=Mode.HYBRID.value, help=", ".join(Mode))
        parser.add_argument("--limit", type=int, default=10, help="documents (default 10)")
        parser.add_argument("--json", action="store_true", help="JSON on a terminal too")

    def handle(self, *args: Any, **options: Any) -> None:
        has_many = options["query"] == "-"
        asked = (line.rstrip("\n") for line in sys.stdin) if has_many else [options["query"]]
        is_for_reading = self.stdout.isatty() and not has_many and not options["json"]
        try:
            for query in asked:
                found = queries.find(
                    queries.EVERYONE,
                    query,
                    project_slug=options["project"],
                    mode=options["mode"],
                    limit=options["limit"],
                )
                if found.notice:
                    self.stderr.write(found.notice)
                if is_for_reading:
                    self._list(found)
                else:
                    self._line({"query": query, "hits": all_as_json(found)})
        except DocketError as fault:
            self._line({"error": {"code": fault.code, "message": fault.message}})
            sys.exit(1)

    def _list(self, found: Found) -> None:
        if not found.hits:
            self.stdout.write("Nothing found.")
        for hit in found.hits:
            self.stdout.write(f"{hit.score:.4f}  {hit.file}  page {hit.page}")
            self.stdout.write(f"    {hit.snippet.text}")

    def _line(self, value: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False))
        self.stdout.flush()
