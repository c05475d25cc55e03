"""Which model makes the vectors, and how another takes its place while search goes on.

Search asks by the *active* embedder. Where the settings name another one, that is *coming*: a
chunk then has vectors of both, as its are made (`ingestion/reembedding.py` plans that), and
questions are embedded by the old one until every chunk has a new vector. Then one statement
switches, and the old vectors go away in slices.

    follow_settings()   the embedder of the settings is coming, with its indexes
    lacking(embedder)   the chunks that have no vector of it
    switch()            it is active, if nothing is lacking
    clear_away()        what is going is deleted, the row of the embedder last

A saver of vectors holds its embedder's row FOR KEY SHARE until it commits and `switch` takes
it FOR UPDATE, so that no chunk is saved with old vectors alone behind its back.
"""

import json
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet
from django.utils import timezone

from config.engines import EngineBusy, EngineConfig
from documents.models import AnyUser, record
from search.engines import base
from search.loading import NEEDS_KEY, key_of, loaded, named_by_settings, without_secrets
from search.models import Chunk, ChunkVector, Embedder, EmbedderState, PageVector, TypeVector

# pgvector's HNSW takes halfvec of at most so many numbers; longer ones are looked at one by one.
INDEXED_DIMENSION = 4_000
INDEXED = {"chunk": "search_chunkvector", "page": "search_pagevector"}
# While hosts are restarted with new settings, old and new ones run side by side.
UNWANTED_S = 600
# Questions that are on their way are answered by the vectors they were asked for.
KEPT_S = 60
SLICE_ROWS = 2_000
KEY_MISSING = "embedder_key_missing"


def active() -> Embedder:
    """The embedder that search asks by. Loads no model.

    One that has no vectors yet gives way at once to that of the settings; the row and the
    indexes for it are then made here. That must not follow a change of vectors in its
    transaction: Postgres makes no index then."""
    row = Embedder.objects.filter(state=EmbedderState.ACTIVE).first()
    named = named_by_settings()
    if row is not None and (row.name == named.name or _has_vectors(row)):
        return row
    return _replace_unused(named)


def coming() -> Embedder | None:
    """The embedder whose vectors are being made, if there is one."""
    return Embedder.objects.filter(state=EmbedderState.COMING).first()


def config(embedder: Embedder) -> EngineConfig:
    """How to load it: as the settings have it, or as they had it, with the key that is given
    for its address and never another.

    Raises EngineBusy `embedder_key_missing` where it needs one that this host does not have:
    another host may."""
    if named_by_settings().name == embedder.name:
        chosen: EngineConfig = settings.ENGINES["embed"]
        return chosen
    stored: Any = {**embedder.config}
    needs_key = stored.pop(NEEDS_KEY, False)
    if "base_url" in stored.get("OPTIONS", {}):
        key = key_of(stored["OPTIONS"]["base_url"])
        if needs_key and not key:
            message = (
                f"This host has no key for the server of {embedder.name};"
                " DOCKET_EMBED_OLD_BASE_URL and DOCKET_EMBED_OLD_API_KEY give it one."
            )
            raise EngineBusy(message, KEY_MISSING)
        stored["OPTIONS"] = {**stored["OPTIONS"], "api_key": key}
    known: EngineConfig = stored
    return known


def engine(embedder: Embedder) -> base.Embedder:
    """The engine of it for somebody who waits, kept for this process: models load slowly.

    Raises EngineUnavailable `embedder_unknown` where nobody knows how to load it, and what
    `config` raises."""
    chosen = config(embedder)
    options = {**chosen.get("OPTIONS", {}), **chosen.get("QUERY_OPTIONS", {})}
    return loaded(json.dumps({**chosen, "OPTIONS": options}, sort_keys=True))


def lacking(embedder: Embedder) -> QuerySet[Chunk]:
    """The chunks that have no vector of it."""
    own = ChunkVector.objects.filter(chunk=OuterRef("pk"), embedder=embedder)
    return Chunk.objects.filter(~Exists(own))


def states(ids: Collection[int]) -> dict[int, str]:
    """The states of these embedders, which hold until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, state FROM search_embedder WHERE id = ANY(%s::bigint[])"
            " ORDER BY id FOR KEY SHARE",
            [list(ids)],
        )
        return dict(cursor.fetchall())


def follow_settings() -> Embedder | None:
    """Have the embedder of this process's settings coming; returns the one that is coming.

    It takes the place of another that was coming only when no process has wanted that one for
    UNWANTED_S, and one that nobody wants any more is given up likewise. None is begun while
    others want the one that has taken over. Outside any transaction: its indexes are made
    without keeping writers waiting."""
    current, named = active(), named_by_settings()
    with transaction.atomic():
        rows = {row.name: row for row in Embedder.objects.select_for_update().order_by("pk")}
        due = next((row for row in rows.values() if row.state == EmbedderState.COMING), None)
        if named.name in rows:
            _remember(rows[named.name])
        if named.name != current.name and (due is None or due.name != named.name):
            if not _is_held(current) and (due is None or _is_forgotten(due)):
                due = _begin(rows.get(named.name), named, instead_of=due)
        elif named.name == current.name and due is not None and _is_forgotten(due):
            _move(due, EmbedderState.GOING, "embedder.called_off", None)
            due = None
    make_indexes(current)
    if due is not None:
        make_indexes(due)
    return due


def held_by() -> Embedder | None:
    """The active embedder, where that of the settings waits until nobody wants it any more."""
    current = active()
    return current if current.name != named_by_settings().name and _is_held(current) else None


def _is_held(current: Embedder) -> bool:
    """A host that was not restarted yet would bring the embedder back that was just replaced,
    and the others this one again."""
    return current.switched_at is not None and not _is_forgotten(current)


def _begin(row: Embedder | None, named: base.Embedder, instead_of: Embedder | None) -> Embedder:
    if instead_of is not None:
        _move(instead_of, EmbedderState.GOING, "embedder.called_off", None)
    if row is None:
        row = Embedder(name=named.name, dimension=named.dimension)
    row.fault = ""
    _move(row, EmbedderState.COMING, "embedder.coming", None)
    _remember(row)
    return row


def _move(row: Embedder, state: EmbedderState, verb: str, actor: AnyUser | None) -> None:
    row.state, row.changed_at = state, timezone.now()
    row.save()
    record(verb, row, actor=actor, project=None, name=row.name)


def _remember(row: Embedder) -> None:
    """That it is wanted, and how it is loaded, so that it can be when another is named."""
    row.wanted_at, row.config = timezone.now(), without_secrets(settings.ENGINES["embed"])
    row.save(update_fields=["wanted_at", "config"])


def _is_forgotten(row: Embedder) -> bool:
    long_ago = timezone.now() - timedelta(seconds=UNWANTED_S)
    return row.wanted_at is None or row.wanted_at < long_ago


def _has_vectors(row: Embedder) -> bool:
    return ChunkVector.objects.filter(embedder=row).exists()


def _replace_unused(named: base.Embedder) -> Embedder:
    with transaction.atomic():
        # Where there is no row yet, nothing else keeps two processes from making one each.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('docket embedder', 0))")
        rows = {row.name: row for row in Embedder.objects.select_for_update().order_by("pk")}
        before = next((row for row in rows.values() if row.state == EmbedderState.ACTIVE), None)
        if before is not None and (before.name == named.name or _has_vectors(before)):
            return before
        if before is not None:
            before.state, before.changed_at = EmbedderState.GOING, timezone.now()
            before.save()
        made = rows.get(named.name) or Embedder(name=named.name, dimension=named.dimension)
        made.state, made.changed_at = EmbedderState.ACTIVE, timezone.now()
        made.save()
        _remember(made)
        _make(made, "CREATE INDEX IF NOT EXISTS")
    return made


def switch(*, actor: AnyUser | None = None, leaving_out: bool = False) -> bool:
    """Make the coming embedder the active one, if no chunk lacks its vector; once.

    leaving_out: a person's decision to find what lacks one by its words alone."""
    due = coming()
    if due is None or (not leaving_out and lacking(due).exists()):
        return False
    with transaction.atomic():
        rows = {row.state: row for row in Embedder.objects.select_for_update().order_by("pk")}
        due, before = rows.get(EmbedderState.COMING), rows.get(EmbedderState.ACTIVE)
        if due is None or (not leaving_out and lacking(due).exists()):
            return False
        if before is not None:
            before.state, before.changed_at = EmbedderState.GOING, timezone.now()
            before.save()
        due.switched_at = timezone.now()
        _move(due, EmbedderState.ACTIVE, "embedder.switched", actor)
    return True


def clear_away(span_s: float) -> int:
    """Delete the vectors of embedders that are going, in slices, for at most `span_s` seconds.

    Returns how many went. One that is wanted again meanwhile keeps what it still has; an index
    that it lost just then is made again by `follow_settings`. Outside any transaction."""
    until, count = time.monotonic() + span_s, 0
    since = timezone.now() - timedelta(seconds=KEPT_S)
    going = Embedder.objects.filter(state=EmbedderState.GOING, changed_at__lt=since)
    for row in going:
        for name in INDEXED:
            if Embedder.objects.filter(pk=row.pk, state=EmbedderState.GOING).exists():
                _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}_dense_{row.pk:d}")
        for model in (ChunkVector, PageVector, TypeVector):
            while time.monotonic() < until and (gone := _forget(model.objects.all(), row)):
                count += gone
        if time.monotonic() < until:
            _forget_row(row)
    return count


@transaction.atomic
def _forget(vectors: QuerySet[Any], row: Embedder) -> int:
    if _still_going(row) is None:
        return 0
    ids = list(vectors.filter(embedder=row).values_list("pk", flat=True)[:SLICE_ROWS])
    return int(vectors.filter(pk__in=ids).delete()[0]) if ids else 0


@transaction.atomic
def _forget_row(row: Embedder) -> None:
    found = _still_going(row)
    if found is not None:
        # Where somebody saved a last vector, the next round deletes that, too.
        with suppress(ProtectedError):
            found.delete()


def _still_going(row: Embedder) -> Embedder | None:
    """It, held until the transaction ends; None where it is wanted again by now."""
    held = Embedder.objects.select_for_update()
    return held.filter(pk=row.pk, state=EmbedderState.GOING).first()


def make_indexes(row: Embedder) -> None:
    """Its indexes, where one is missing or was not finished. Outside any transaction."""
    if connection.in_atomic_block:
        _make(row, "CREATE INDEX IF NOT EXISTS")
        return
    for name in INDEXED:
        if _is_broken(f"{name}_dense_{row.pk:d}"):
            _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}_dense_{row.pk:d}")
    _make(row, "CREATE INDEX CONCURRENTLY IF NOT EXISTS")


def _make(row: Embedder, verb: str) -> None:
    if row.dimension > INDEXED_DIMENSION:
        return
    for name, table in INDEXED.items():
        if _exists(f"{name}_dense_{row.pk:d}"):
            continue
        _execute(
            f"{verb} {name}_dense_{row.pk:d} ON {table}"
            f" USING hnsw ((dense::halfvec({row.dimension:d})) halfvec_cosine_ops)"
            f" WHERE embedder_id = {row.pk:d}"
        )


def _exists(index: str) -> bool:
    """Asked first, since even an index that is there already is made under a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [index])
        return bool(cursor.fetchone()[0])


def _is_broken(name: str) -> bool:
    """Whether an index was left half made, and nobody is making it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"
            " AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)",
            [name],
        )
        return cursor.fetchone() is not None


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an embedder is: `done` of `chunks` have its vector."""

    embedder: Embedder
    chunks: int
    done: int

    @property
    def share(self) -> float:
        return self.done / self.chunks if self.chunks else 1.0


def progress(embedder: Embedder) -> Progress:
    """Counts all chunks and all vectors of it."""
    return Progress(
        embedder=embedder,
        chunks=Chunk.objects.count(),
        done=ChunkVector.objects.filter(embedder=embedder).count(),
    )
