"""`manage.py replay TYPE --project SLUG`: read documents again beside their values.

Progress on stderr, the report on stdout. Interrupted it stops; `--resume ID` takes it up again
and reads nothing twice. Exit code 0 only if every document was read."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from documents.errors import DocketError
from documents.language import Prompt
from documents.models import DocumentType, ModelUse, Project, SchemaVersion
from ingestion import adoption, cluster, ledger, presentation, replay
from ingestion.batch import POLL_S
from ingestion.models import Job, JobStatus
from ingestion.replay import Report, Which
from ingestion.replay_models import Replay


class Command(BaseCommand):
    help = "Reads documents again on another schema, prompt or engine, and tells what changes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("type", nargs="?", metavar="TYPE", help="slug of the type")
        parser.add_argument("--project", metavar="SLUG")
        parser.add_argument("--schema", type=int, metavar="N", help="version; else the newest")
        parser.add_argument("--prompt", type=int, metavar="ID", help="else the active one")
        parser.add_argument("--model", choices=ModelUse.values, help="else as the type says")
        parser.add_argument("--which", choices=[one.value for one in Which], default=Which.ALL)
        parser.add_argument("--limit", type=int, metavar="N")
        parser.add_argument("--adopt", choices=["all", "none"], default="none")
        parser.add_argument("--fields", metavar="NAMES", help="adopt these only, by commas")
        parser.add_argument("--resume", metavar="ID", help="a replay that was stopped, or failed")
        parser.add_argument("--differences", action="store_true", help="with each value")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = _resumed(options["resume"]) if options["resume"] else _started(options)
            job = _waited(made)
            outcome = _adopted(made, options) if options["adopt"] == "all" else None
        except DocketError as fault:
            if not options["json"]:
                raise CommandError(f"{fault.message} ({fault.code})") from fault
            print(json.dumps({"error": {"code": fault.code, "message": fault.message}}))
            sys.exit(1)
        report = replay.report(made)
        if options["json"]:
            print(json.dumps(_as_json(made, job, report, outcome, options), ensure_ascii=False))
        else:
            _tell(made, job, report, outcome)
        if job.status != JobStatus.COMPLETED or job.errors:
            sys.exit(1)


def _started(options: dict[str, Any]) -> Replay:
    if not options["type"] or not options["project"]:
        raise CommandError("Name a type and --project, or a replay with --resume.")
    try:
        kind = DocumentType.objects.get(slug=options["type"])
        project = Project.objects.get(slug=options["project"])
        number, prompt_id = options["schema"], options["prompt"]
        schema = None if number is None else kind.schema_versions.get(number=number)
        prompt = None if prompt_id is None else Prompt.objects.get(pk=prompt_id)
    except (
        DocumentType.DoesNotExist,
        Project.DoesNotExist,
        SchemaVersion.DoesNotExist,
        Prompt.DoesNotExist,
    ) as fault:
        raise CommandError(str(fault)) from fault
    made = replay.start(
        kind,
        project,
        user=None,
        schema=schema,
        prompt=prompt,
        model_use=options["model"] or "",
        which=Which(options["which"]),
        limit=options["limit"],
    )
    sys.stderr.write(f"Replay {made.pk}: to take it up again, --resume {made.pk}\n")
    return made


def _resumed(replay_id: str) -> Replay:
    try:
        made = Replay.objects.select_related("job", "type", "schema_version").get(
            pk=UUID(replay_id)
        )
    except (ValueError, ValidationError, Replay.DoesNotExist) as fault:
        raise CommandError(f"There is no replay {replay_id}.") from fault
    is_whole = made.job.status == JobStatus.COMPLETED and not made.job.errors
    if not (is_whole or made.job.is_open):
        ledger.retry(made.job_id, None)
    return made


def _waited(made: Replay) -> Job:
    """The job when it has ended. Ctrl-C and SIGTERM stop the replay."""
    bar = tqdm(total=made.job.documents_made, unit="document", file=sys.stderr, ncols=78)
    try:
        with cluster.at_hand() as has_workers:
            while (job := Job.objects.get(pk=made.job_id)).is_open:
                has_workers()
                bar.update(job.processed - bar.n)
                time.sleep(POLL_S)
            bar.update(job.processed - bar.n)
    except (KeyboardInterrupt, SystemExit):
        ledger.cancel(made.job_id, None)
        sys.stderr.write(f"\nStopped; --resume {made.pk} takes it up again.\n")
        raise
    finally:
        bar.close()
    return job


def _adopted(made: Replay, options: dict[str, Any]) -> adoption.Outcome:
    fields = options["fields"].split(",") if options["fields"] else None
    with tqdm(unit="document", desc="adopting", file=sys.stderr, ncols=78) as bar:

        def on_progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return adoption.adopt(made, user=None, fields=fields, on_progress=on_progress)


def _as_json(
    made: Replay,
    job: Job,
    report: Report,
    outcome: adoption.Outcome | None,
    options: dict[str, Any],
) -> dict[str, Any]:
    found = replay.differing(made)
    documents = [
        {
            "document": str(one.document_id),
            "file": one.document.upload.filename,
            "reviewed": one.is_reviewed,
            "adopted": one.adopted,
            "fields": sorted({value["field"] for value in one.difference}),
            **({"differences": one.difference} if options["differences"] else {}),
        }
        for one in found.iterator(chunk_size=500)
    ]
    return {
        "replay": str(made.pk),
        "type": made.type.slug,
        "schema": made.schema_version.number,
        "status": job.status,
        "errors": job.errors,
        **report.as_json(),
        "differing_documents": documents,
        "adoption": outcome
        and {"adopted": outcome.adopted, "skipped": outcome.skipped, "left": outcome.left},
    }


def _tell(made: Replay, job: Job, report: Report, outcome: adoption.Outcome | None) -> None:
    documents = presentation.counted(report.documents, "document")
    print(f"{made}: {documents}, {report.differing:,} differ, {job.errors:,} could not be read")
    print(f"  without a person: {report.straight_before:,} before, {report.straight_after:,} after")
    heads = ("same", "changed", "added", "lost", "known", "before", "after", "net")
    print(f"  {'':<32}" + "".join(f"{head:>9}" for head in heads))
    for line in report.fields:
        tally = line.tally
        numbers = (
            *(tally.same, tally.changed, tally.added, tally.lost),
            *(tally.known, tally.right_before, tally.right_after, tally.net),
        )
        print(f"  {line.name:<32}" + "".join(f"{n:>9,}" for n in numbers))
    if outcome is not None:
        kept = "".join(f", {n:,} {code}" for code, n in sorted(outcome.skipped.items()))
        print(f"  adopted: {outcome.adopted:,}{kept}")
