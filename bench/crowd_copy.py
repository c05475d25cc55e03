"""Rows into tables by COPY, as fast as Postgres takes them.

Triggers and the checks of foreign keys are off for the session, so rows must be right; the
counts of search terms are made up for by one statement at the end."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from django.core.management.color import no_style
from django.db import connection, models
from django.db.models import Field, Model
from django.utils import timezone

BATCH = 10_000


def prepare() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '1200MB'")
        cursor.execute("SET synchronous_commit = off")


def first_id(model: type[Model]) -> int:
    """An id above all that are there."""
    return (model._default_manager.aggregate(m=models.Max("pk"))["m"] or 0) + 1


def copy(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Rows of the named columns; every other column of the model gets its default, and a time
    that a model sets by itself gets now. Values of JSON columns come as text."""
    rest = [f for f in model._meta.concrete_fields if f.column not in columns and _is_ours(f)]
    defaults = tuple(_default(field) for field in rest)
    names = ", ".join(f'"{name}"' for name in (*columns, *(field.column for field in rest)))
    count = 0
    with connection.cursor() as cursor:
        target = f'COPY "{model._meta.db_table}" ({names}) FROM STDIN'
        with cursor.copy(target) as sink:
            for row in rows:
                sink.write_row((*row, *defaults))
                count += 1
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
    return count


def _is_ours(field: "Field[Any, Any]") -> bool:
    """Whether the value is Django's to give, not the database's."""
    is_made_there = field.generated or field.has_db_default()
    return not is_made_there and not isinstance(field, models.AutoField | models.BigAutoField)


def _default(field: "Field[Any, Any]") -> Any:
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return timezone.now()
    value = field.get_default()
    return json.dumps(value) if isinstance(field, models.JSONField) and value is not None else value


def copy_vectors(table: str, columns: Sequence[str], batches: Iterator[Any]) -> int:
    """Batches of a numpy table: integers and 16-byte strings, and last `dense`, half floats.

    Written as Postgres's binary COPY: every row has the same length, so a batch is a block."""
    names = ", ".join(f'"{name}"' for name in columns)
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)') as sink,
    ):
        sink.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for batch in batches:
            sink.write(_packed(batch, columns).tobytes())
            count += len(batch["dense"])
        sink.write(b"\xff\xff")
    return count


def _packed(batch: dict[str, Any], columns: Sequence[str]) -> Any:
    """A row: the number of fields, then each with its length in bytes before it. A halfvec is
    its dimension, two bytes of zero, and big-endian half floats."""
    rows, dimension = batch["dense"].shape
    layout: list[Any] = [("fields", ">i2")]
    for name in columns[:-1]:
        layout += [(f"{name}_bytes", ">i4"), (name, batch[name].dtype.newbyteorder(">"))]
    layout += [("bytes", ">i4"), ("dimension", ">i2"), ("unused", ">i2")]
    packed = np.zeros(rows, dtype=[*layout, ("dense", ">f2", (dimension,))])
    packed["fields"] = len(columns)
    for name in columns[:-1]:
        packed[f"{name}_bytes"] = batch[name].dtype.itemsize
        packed[name] = batch[name]
    packed["bytes"] = 4 + 2 * dimension
    packed["dimension"] = dimension
    packed["dense"] = batch["dense"]
    return packed


def without_index(table: str, method: str) -> list[str]:
    """Drop the indexes of this kind; gives what makes them again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexdef LIKE %s",
            [table, f"% USING {method} %"],
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


COUNT_TERMS = (
    "TRUNCATE search_term, search_corpus",
    "INSERT INTO search_corpus (project_id, chunks, words)"
    " SELECT project_id, count(*), sum(length) FROM search_chunk GROUP BY project_id",
    "INSERT INTO search_term (project_id, term, chunks)"
    " SELECT project_id, term, count(*) FROM search_chunk CROSS JOIN unnest(terms) AS term"
    " GROUP BY project_id, term",
)
