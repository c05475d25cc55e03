"""`manage.py work`: supervise `manage.py qcluster`, or say whether the one of this host is well."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ingestion import cluster


class Command(BaseCommand):
    help = "Runs the workers and restarts them when they die or fall silent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Only look: exit code 0 when this host's workers are alive and at it, else 1.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            cluster.supervise()
            return
        fault = cluster.fault()
        self.stdout.write(fault or "The workers of this host are well.")
        if fault:
            sys.exit(1)
