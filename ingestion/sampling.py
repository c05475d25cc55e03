"""Sample papers for somebody who looks around first: drawn here, taken in as any other files."""

import logging
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from django.conf import settings
from django.db import close_old_connections, transaction

from documents.errors import Conflict, DocketError
from documents.models import AnyUser, Project, record
from ingestion import batch, intake
from ingestion.models import Job, Priority

log = logging.getLogger(__name__)
SLUG = "samples"
COUNT = 12
_DRAWN_WITHIN_S = 600


def begin(user: AnyUser) -> Job:
    """Make the project and an empty batch in it, which `fill` fills. Opens its own transaction.

    Raises Conflict (samples_there) where there is such a project already."""
    with transaction.atomic():
        project, is_new = Project.objects.get_or_create(slug=SLUG, defaults={"name": "Samples"})
        if not is_new:
            raise Conflict("The samples are there already.", "samples_there")
        record("project.created", project, actor=user, project=project)
        return intake.open_batch(project, user=user, priority=Priority.NORMAL)


def fill_beside(job: Job, user: AnyUser) -> None:
    """`fill` while the request that asked for it goes on."""

    def work() -> None:
        try:
            fill(job, user)
        finally:
            close_old_connections()

    Thread(target=work, name="samples", daemon=True).start()


def fill(job: Job, user: AnyUser, *, count: int = COUNT) -> None:
    """Draw the papers, in a process of their own since that takes a second each, and take each
    one in. What cannot be drawn or taken in is missing."""
    try:
        with TemporaryDirectory(dir=settings.SCRATCH) as folder:
            words = [sys.executable, "manage.py", "make_samples", folder, "--count", str(count)]
            subprocess.run(
                words,
                cwd=settings.BASE_DIR,
                check=True,
                timeout=_DRAWN_WITHIN_S,
                capture_output=True,
            )
            for path in batch.files_below([folder]):
                if path.name != "truth.jsonl":
                    _take_in(path, job, user)
    except (OSError, subprocess.SubprocessError):
        log.exception("samples.not_drawn")
    finally:
        intake.close_batch(job)


def _take_in(path: Path, job: Job, user: AnyUser) -> None:
    try:
        with open(path, "rb") as stream:
            intake.receive(stream, filename=path.name, project=job.project, user=user, batch=job)
    except DocketError:
        log.exception("samples.refused")
