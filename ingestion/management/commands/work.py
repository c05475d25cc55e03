"""`manage.py work`: supervise `manage.py qcluster`."""

from typing import Any

from django.core.management.base import BaseCommand

from ingestion import cluster


class Command(BaseCommand):
    help = "Runs the workers and restarts them when they die or fall silent."

    def handle(self, *args: Any, **options: Any) -> None:
        cluster.supervise()
