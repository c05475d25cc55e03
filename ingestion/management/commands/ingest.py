"""`manage.py ingest PATH...`: send files through the queue and tell what became of each."""

import json
import sys
from argparse import ArgumentParser
from contextlib import closing
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from documents.models import Project
from ingestion import batch
from ingestion.intake import Options
from ingestion.models import JobStatus, Priority


class Command(BaseCommand):
    help = "Takes in files and folders, waits, and prints a line a file as each ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH")
        parser.add_argument("--project", default="default", metavar="SLUG")
        parser.add_argument(
            "--priority", default="normal", choices=[p.name.lower() for p in Priority]
        )
        parser.add_argument("--text", action="store_true", help="with the text of each page")
        parser.add_argument(
            "--ignore-embedded", action="store_true", help="read the print, not the file's data"
        )
        parser.add_argument("--anew", action="store_true", help="read again what was read before")
        parser.add_argument("--password", default="", help="for encrypted PDFs")
        parser.add_argument("--json", action="store_true", help="a JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            paths = batch.files_below(options["paths"])
        except FileNotFoundError as fault:
            raise CommandError(f"There is no {fault}.") from fault
        if not paths:
            sys.stderr.write("There are no files in it.\n")
        reports = batch.ingest(
            paths,
            project=project_named(options["project"]),
            priority=Priority[options["priority"].upper()],
            options=Options(ignore_embedded=options["ignore_embedded"], anew=options["anew"]),
            password=options["password"],
            with_text=options["text"],
            on_progress=batch.Bar(),
        )
        is_all_read = True
        with closing(reports):
            for _, line in reports:
                is_all_read &= line["status"] == JobStatus.COMPLETED
                told = json.dumps(line, ensure_ascii=False) if options["json"] else _told(line)
                print(told, flush=True)
        if not is_all_read:
            sys.exit(1)


def project_named(slug: str) -> Project:
    """The project of that slug, made if it is new. CommandError for what is no slug."""
    if slugify(slug) != slug or not slug:
        raise CommandError(f"{slug!r} is no slug: use small letters, digits and hyphens.")
    project, is_new = Project.objects.get_or_create(slug=slug, defaults={"name": slug})
    if is_new:
        sys.stderr.write(f"Made the project {slug}.\n")
    return project


def _told(line: dict[str, Any]) -> str:
    if line["error"]:
        return f"{line['file']}: {line['status']}, {line['error']['message']}"
    papers = ", ".join(f"{d['type']} ({d['status']})" for d in line["documents"])
    return f"{line['file']}: {line['status']}, {line['pages']} pages, {papers}"
