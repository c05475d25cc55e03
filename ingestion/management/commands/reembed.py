"""`manage.py reembed`: wait until the embedder of the settings has taken the place of the old.

Does what workers would do by themselves, only sooner, and tells how far it is. It may be
stopped at any time: workers go on, and what was made stays."""

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ingestion import cluster, reembedding, upkeep, workers
from search import embedders
from search.embedders import Progress

ROUND_S = 2


class Command(BaseCommand):
    help = "Waits until every text has a vector of the embedder that the settings name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="a JSON object a line")
        parser.add_argument(
            "--leave-out",
            action="store_true",
            help="switch at once; what has no new vector yet is found by its words alone",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with cluster.at_hand() as has_workers:
                self._wait(has_workers, options)
        finally:
            workers.host().close()

    def _wait(self, has_workers: Any, options: dict[str, Any]) -> None:
        """Exit code 1 where the new embedder cannot be asked, or not about every document, and
        where other processes still want the old one."""
        due = embedders.follow_settings()
        if due is not None:
            reembedding.answers(due)
        if options["leave_out"]:
            embedders.switch(leaving_out=True)
        told = None
        while True:
            # The chore of the workers, so that two never plan the same.
            upkeep.run_due({"reembed": (ROUND_S + upkeep.EARLY_S, reembedding.look_after)})
            due = embedders.coming()
            if due is None:
                break
            if failed := reembedding.given_up(due):
                self.stderr.write(
                    f"The vectors of {failed:,} documents cannot be made; the admin says why. They "
                    "are tried again within the hour; --leave-out switches without them."
                )
                sys.exit(1)
            has_workers()
            found = embedders.progress(due)
            if (found.done, found.embedder.fault) != told:
                told = (found.done, found.embedder.fault)
                self._tell(found, as_json=options["json"])
            if found.embedder.fault:
                sys.exit(1)
            time.sleep(ROUND_S)
        if held := embedders.held_by():
            self.stderr.write(
                f"{held.name} has just taken over and other processes still name it; restart them "
                "with these settings and try again in ten minutes."
            )
            sys.exit(1)
        self._end(as_json=options["json"])

    def _tell(self, found: Progress, *, as_json: bool) -> None:
        row = found.embedder
        if as_json:
            self._line(found)
            return
        self.stdout.write(f"{row.name}: {found.done:,} of {found.chunks:,} ({found.share:.0%})")
        if row.fault:
            self.stderr.write(row.fault)
        self.stdout.flush()

    def _end(self, *, as_json: bool) -> None:
        found = embedders.progress(embedders.active())
        if as_json:
            self._line(found)
        else:
            name = found.embedder.name
            self.stdout.write(f"Search asks {name}, which knows {found.done:,} passages.")

    def _line(self, found: Progress) -> None:
        row = found.embedder
        values = {
            "embedder": row.name,
            "state": row.state,
            "done": found.done,
            "chunks": found.chunks,
            "fault": row.fault,
        }
        self.stdout.write(json.dumps(values, ensure_ascii=False))
        self.stdout.flush()
