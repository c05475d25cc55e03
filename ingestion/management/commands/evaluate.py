"""`manage.py evaluate fields|types|text|search DIR`: score the system on a folder with truth."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.errors import SenderError
from ingestion import batch, evaluation
from ingestion.intake import Options


class Command(BaseCommand):
    help = "Reads a folder in a project of its own, scores it, and removes the project again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=["fields", "types", "text", "search"])
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument(
            "--ignore-embedded", action="store_true", help="score the print, not the file's data"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        bar = batch.Bar()
        try:
            result = evaluation.evaluate(
                options["kind"],
                options["folder"].resolve(),
                options=Options(ignore_embedded=options["ignore_embedded"]),
                on_progress=bar,
            )
        except SenderError as fault:
            raise CommandError(fault.message) from fault
        finally:
            bar.close()
        if options["json"]:
            print(json.dumps(result.as_json(), ensure_ascii=False))
        else:
            _tell(result)


def _tell(result: evaluation.Result) -> None:
    print(f"{result.dataset}: {result.kind}, {result.n} in {result.seconds:.0f} s")
    for name, value in result.metrics.items():
        print(f"  {name:<42} {value:.3f}")
    if result.confusion:
        print("  truth -> found")
        for (want, got), count in sorted(result.confusion.items()):
            print(f"  {want:>12} -> {got:<12} {count}")
    for error in result.errors[:20]:
        print(f"  {error}")
