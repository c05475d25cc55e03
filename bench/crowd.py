"""Fills a database with a crowd: 100,000 documents with 500,000 pages, as after two years.

    python -m bench.crowd [--documents N] [--pages N] [--projects N] [--seed N] [--vectors]

DOCKET_VAR must name a folder of its own: triggers and foreign keys are off while rows go in.
Pages have twenty words and one of fifty pictures, which are hard links: a page that is read
again would change the picture of all that share it. Makes three accounts with the password that
it prints: `operator` (superuser), `many` and `few`, reviewers of the largest and of the smallest
project alone.

On two cores that eight others used, too, rows took 9 minutes (327 s of them the passages), and
the two vectors of each page with their indexes 16 more; data folder with its log 5.8 GB."""

import argparse
import itertools
import os
import random
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
import numpy as np

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from bench import crowd_copy as sink  # noqa: E402
from bench import crowd_papers as papers  # noqa: E402
from bench import crowd_rows as rows  # noqa: E402
from bench import crowd_search as found  # noqa: E402
from config import database, settings  # noqa: E402
from documents import files  # noqa: E402
from documents.language import LlmCall, Prompt  # noqa: E402
from documents.models import (  # noqa: E402
    AuditEvent,
    Correction,
    Document,
    DocumentType,
    Membership,
    Outcome,
    Page,
    Project,
    Role,
    SchemaVersion,
    Upload,
)
from ingestion.models import Job, Step  # noqa: E402
from search import indexing  # noqa: E402
from search.models import Chunk, ChunkVector, PageVector  # noqa: E402

MEMBERS = 30


def main() -> None:
    asked = _arguments()
    if settings.EMBEDDED_DATABASE:
        database.start(settings.VAR)
    call_command("migrate", verbosity=0)
    password = secrets.token_urlsafe(9)
    world = _world(asked, password)
    dice = random.Random(asked.seed)
    sheaves = list(
        papers.sheaves(
            dice,
            documents=asked.documents,
            pages=asked.pages,
            projects=asked.projects,
            now=world.now,
        )
    )
    sink.prepare()
    first_page = sink.first_id(Page)
    _fill(world, sheaves, first_page)
    _chunks(world, sheaves, first_page, with_vectors=asked.vectors)
    _link_pictures(world, sheaves)
    with connection.cursor() as cursor:
        _timed("analyze", lambda: cursor.execute("VACUUM ANALYZE"))
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        print(f"database: {cursor.fetchone()[0]}")
    print(f"sign in as operator, many or few with {password}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=500_000)
    parser.add_argument("--projects", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vectors", action="store_true", help="and vectors, with their index")
    return parser.parse_args()


def _world(asked: argparse.Namespace, password: str) -> rows.World:
    users = get_user_model().objects
    projects = [
        Project.objects.get_or_create(slug=f"crowd-{n:02d}", defaults={"name": f"Crowd {n:02d}"})[0]
        for n in range(asked.projects)
    ]
    names = ["operator", "many", "few", *(f"reviewer-{n:02d}" for n in range(MEMBERS))]
    made = [users.get_or_create(username=name)[0] for name in names]
    for user in made[:3]:
        user.is_superuser = user.is_staff = user.username == "operator"
        user.set_password(password)
        user.save()
    homes = [projects[0], projects[-1], *(projects[n % len(projects)] for n in range(MEMBERS))]
    for user, home in zip(made[1:], homes, strict=True):
        role = {"role": Role.REVIEWER}
        Membership.objects.get_or_create(project=home, user=user, defaults=role)
    return rows.World(
        projects=[project.pk for project in projects],
        users=[user.pk for user in made],
        types=dict(DocumentType.objects.values_list("slug", "pk")),
        schemas=dict(SchemaVersion.objects.values_list("type__slug", "pk")),
        now=papers.utc_now(),
        seed=asked.seed,
    )


def _fill(world: rows.World, sheaves: Sequence[papers.Sheaf], first_page: int) -> None:
    names = papers.suppliers(random.Random(world.seed))
    prompts = dict(Prompt.objects.filter(project=None).values_list("purpose", "pk"))
    for model, table in (
        (Upload, rows.uploads(world, sheaves)),
        (Document, rows.documents(world, sheaves, names)),
        (Page, rows.pages(world, sheaves, first_page)),
        (Job, rows.jobs(world, sheaves)),
        (Step, rows.steps(world, sheaves)),
        (Outcome, rows.outcomes(world, sheaves)),
        (Correction, rows.corrections(world, sheaves)),
        (AuditEvent, rows.events(world, sheaves)),
        (LlmCall, rows.calls(world, sheaves, prompts)),
    ):
        _timed(model.__name__, lambda m=model, t=table: sink.copy(m, *t))


def _chunks(
    world: rows.World, sheaves: Sequence[papers.Sheaf], first_page: int, *, with_vectors: bool
) -> None:
    first_chunk = sink.first_id(Chunk)
    _timed("Chunk", lambda: sink.copy(Chunk, *found.chunks(world, sheaves, first_chunk)))
    _timed("terms counted", lambda: sink.run(*sink.COUNT_TERMS))
    if not with_vectors:
        return
    embedder = indexing.active_embedder()
    for model, column, first in (
        (ChunkVector, "chunk_id", first_chunk),
        (PageVector, "page_id", first_page),
    ):
        table = model._meta.db_table
        made = found.vectors(
            world,
            sheaves,
            embedder=embedder.pk,
            dimension=embedder.dimension,
            batch=sink.BATCH,
        )
        columns = ["project_id", column, "embedder_id", "dense"]
        extra = "document_id" if model is ChunkVector else "text_version"
        columns.insert(1, extra)
        batches = (
            batch | {column: batch["row"] + first, "text_version": np.ones_like(batch["row"], "i4")}
            for batch in made
        )
        definitions = sink.without_index(table, "hnsw")
        _timed(model.__name__, lambda t=table, c=columns, b=batches: sink.copy_vectors(t, c, b))
        _timed(f"index of {model.__name__}", lambda d=definitions: sink.run(*d))


def _link_pictures(world: rows.World, sheaves: Sequence[papers.Sheaf]) -> None:
    root = Path(settings.VAR) / "media"
    shared = []
    for n, picture in enumerate(found.pictures(random.Random(world.seed))):
        path = root / "crowd" / f"{n}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
        shared.append(path)

    def link() -> int:
        # A file system takes 65,000 links to a file; most pages are a first one.
        turn = itertools.cycle(shared)
        for sheaf in sheaves:
            folder = (root / files.page_name(sheaf.id, 1)).parent
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, sheaf.pages + 1):
                os.link(next(turn), folder / f"{number}.webp")
        return sum(sheaf.pages for sheaf in sheaves)

    _timed("pictures linked", link)


def _timed(what: str, do: Any) -> None:
    start = time.monotonic()
    done = do()
    told = f"{done:>9,}" if isinstance(done, int) else " " * 9
    print(f"{time.monotonic() - start:7.1f} s {told}  {what}", flush=True)


if __name__ == "__main__":
    main()
