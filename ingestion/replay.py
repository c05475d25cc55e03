"""Running documents again on another schema, prompt or engine, beside their values.

    start    a job of kind `replay` that reads the documents again and writes no document
    report   what that changes, by field; and which reading is right, where a person said so

Stopped and taken up again it is like any job (`ledger.cancel`, `ledger.retry`): what was read
is kept. `ingestion/adoption.py` makes the results the documents' values.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet

from documents import schemas
from documents.errors import SenderError
from documents.language import Prompt, Purpose
from documents.models import (
    AnyUser,
    Document,
    DocumentStatus,
    DocumentType,
    Page,
    Project,
    SchemaVersion,
    record,
)
from ingestion import ledger
from ingestion.changes import Tally
from ingestion.models import Job, Kind, Priority
from ingestion.replay_models import Replay, ReplayResult

_SUMS = """
SELECT field.key, {sums}
FROM ingestion_replayresult AS result
CROSS JOIN LATERAL jsonb_each(result.counts) AS field
WHERE result.replay_id = %s
GROUP BY field.key
""".format(sums=", ".join(f"sum((field.value->>{at})::int)" for at in range(len(Tally._fields))))


class Which(StrEnum):
    """Which documents of a type are run again."""

    ALL = "all"
    CONFIRMED = "confirmed"  # those whose truth is known
    OPEN = "open"  # those that could be adopted


WHICH_TOLD = {
    Which.ALL: "all documents of the type",
    Which.CONFIRMED: "documents that a person confirmed",
    Which.OPEN: "documents that no person has settled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """What a replay changes in one field. name: "total_amount", "line_items.hsn_code"."""

    name: str
    title: str
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a replay came to. documents: done so far; reviewed: those whose truth is known;
    straight_*: those that need no person, before and after; adopted: in whole or in part."""

    fields: tuple[FieldLine, ...]
    total: Tally
    documents: int
    differing: int
    reviewed: int
    straight_before: int
    straight_after: int
    adopted: int

    def as_json(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "differing": self.differing,
            "reviewed": self.reviewed,
            "straight_before": self.straight_before,
            "straight_after": self.straight_after,
            "adopted": self.adopted,
            "total": told(self.total),
            "fields": {line.name: told(line.tally) for line in self.fields},
        }


def start(
    kind: DocumentType,
    project: Project,
    *,
    user: AnyUser | None,
    schema: SchemaVersion | None = None,
    prompt: Prompt | None = None,
    model_use: str = "",
    documents: Collection[UUID] | None = None,
    which: Which = Which.ALL,
    limit: int | None = None,
    priority: Priority = Priority.LOW,
) -> Replay:
    """Read documents of one type and project again: on `schema` (None: the newest), with
    `prompt` (None: the active one) and a model as `model_use` says ("": as the type does).

    documents: these only; limit: at most so many, first those whose truth is known. Rejected
    ones are left out. Raises SenderError: no_schema, other_schema, other_prompt,
    no_documents."""
    version = _checked(kind, project, schema, prompt)
    found = _chosen(kind, project, documents, which)
    first = F("reviewed_at").desc(nulls_last=True)
    chosen = list(found.order_by(first, "-created_at", "pk").only("pk")[:limit])
    if not chosen:
        raise SenderError("There is no such document to run again.", "no_documents")
    pages = Page.objects.filter(document__in=chosen).count()
    with transaction.atomic():
        job = Job.objects.create(
            kind=Kind.REPLAY,
            project=project,
            priority=priority,
            created_by_id=user.pk if user is not None else None,
            documents_made=len(chosen),
            pages_total=pages,
            pages_read=pages,
        )
        job.documents.set(chosen)
        replay = Replay.objects.create(
            project=project,
            job=job,
            type=kind,
            schema_version=version,
            prompt=prompt,
            model_use=model_use,
            asked=WHICH_TOLD[which] if documents is None else "chosen documents",
            created_by_id=user.pk if user is not None else None,
        )
        told = {"schema": version.number, "documents": len(chosen)}
        record("replay.started", replay, actor=user, project=project, **told)
        ledger.submit(job)
    return replay


def _checked(
    kind: DocumentType, project: Project, schema: SchemaVersion | None, prompt: Prompt | None
) -> SchemaVersion:
    version = schema or kind.schema_versions.order_by("-number").first()
    if version is None:
        raise SenderError(f"{kind.name} has no fields yet.", "no_schema")
    if version.type_id != kind.pk:
        raise SenderError("The schema is of another type.", "other_schema")
    if prompt is not None and (
        prompt.purpose != Purpose.EXTRACT or prompt.project_id not in (None, project.pk)
    ):
        raise SenderError("The prompt is for something else, or another project's.", "other_prompt")
    return version


def _chosen(
    kind: DocumentType, project: Project, documents: Collection[UUID] | None, which: Which
) -> QuerySet[Document]:
    found = Document.objects.filter(
        project=project,
        type=kind,
        status__in=(DocumentStatus.DRAFT_PENDING, DocumentStatus.DRAFT_CREATED),
    )
    if documents is not None:
        return found.filter(pk__in=documents)
    if which == Which.CONFIRMED:
        return found.filter(reviewer__isnull=False, status=DocumentStatus.DRAFT_CREATED)
    return found.filter(reviewer__isnull=True) if which == Which.OPEN else found


def report(replay: Replay) -> Report:
    """What is known so far; the replay may be at work. Fields with most differences come first.
    Two queries, whatever its size."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [replay.pk])
        sums = {row[0]: Tally(*(int(n) for n in row[1:])) for row in cursor.fetchall()}
    schema = replay.schema_version.schema
    lines = [
        FieldLine(name=name, title=title_of(schema, name), tally=sums[name])
        for name in sorted(sums, key=lambda name: (-sums[name].differ, *_order(schema, name)))
    ]
    total = Tally()
    for line in lines:
        total = total.plus(line.tally)
    counted = ReplayResult.objects.filter(replay=replay).aggregate(
        documents=Count("pk"),
        differing=Count("pk", filter=Q(differs=True)),
        reviewed=Count("pk", filter=Q(is_reviewed=True)),
        straight_before=Count("pk", filter=Q(was_straight=True)),
        straight_after=Count("pk", filter=Q(is_straight=True)),
        adopted=Count("pk", filter=~Q(adopted="")),
    )
    return Report(fields=tuple(lines), total=total, **counted)


def title_of(schema: Mapping[str, Any], name: str) -> str:
    """ "line_items.hsn_code" -> "Line items, HSN/SAC"; the name where the schema lacks it."""
    table, _, column = name.rpartition(".")
    parts = (f"/{table}", f"/{table}/0/{column}") if table else (f"/{column}",)
    titles = [schemas.title_of(schema, part) for part in parts]
    return ", ".join(titles) if all(titles) else name


def _order(schema: Mapping[str, Any], name: str) -> tuple[int, str]:
    """Fields as the schema orders them."""
    names = list(schema.get("x-order") or schema.get("properties") or ())
    table = name.partition(".")[0]
    return (names.index(table) if table in names else len(names), name)


def differing(replay: Replay, field: str = "") -> QuerySet[ReplayResult]:
    """Results that differ from what their documents were read as, in one field where it is
    named; those first of which the truth is known."""
    found = ReplayResult.objects.filter(replay=replay, differs=True)
    if field:
        found = found.filter(difference__contains=[{"field": field}])
    return found.select_related("document__upload").order_by("-is_reviewed", "document")


def told(tally: Tally) -> dict[str, int]:
    """As the command prints it."""
    return {"n": tally.n, **tally._asdict(), "net": tally.net}
