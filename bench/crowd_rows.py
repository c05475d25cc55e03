"""The rows of a crowd, table by table, for `bench.crowd_copy`.

Each function gives the columns of its rows and the rows; what is not named has its default."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from bench import crowd_papers as papers
from bench.crowd_papers import Paper, Sheaf
from documents import files

Table = tuple[Sequence[str], Iterator[tuple[Any, ...]]]
STEPS_KEPT = timedelta(days=90)
BATCH = 25
_STATUS_OF_STEPS = {
    "completed": "done",
    "failed": "failed",
    "cancelled": "skipped",
    "queued": "queued",
}
FAULTS = (
    ("file_damaged", "The file cannot be opened; it ends in the middle."),
    ("password_required", "The file is encrypted."),
    ("time_limit", "The step took longer than 120 s."),
    ("engine_crashed", "The engine ended without an answer."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Rows that are there before: ids of projects, users, types (by slug) and their schemas."""

    projects: Sequence[int]
    users: Sequence[int]
    types: dict[str, int]
    schemas: dict[str, int]
    now: datetime
    seed: int

    def dice(self, what: Any) -> random.Random:
        """The same for the same thing, whichever table asks."""
        return random.Random(f"{self.seed} {what}")

    def sender(self, sheaf: Sheaf) -> int:
        return self.users[sheaf.id.int % len(self.users)]


def uploads(world: World, all_sheaves: Sequence[Sheaf]) -> Table:
    columns = (
        *("id", "project_id", "file", "filename", "media_type", "size_bytes", "sha256"),
        *("page_count", "uploaded_by_id", "created_at"),
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        for n, sheaf in enumerate(all_sheaves):
            yield (
                *(sheaf.id, world.projects[sheaf.project], files.original_name(sheaf.id, "pdf")),
                *(_name(n, sheaf), "application/pdf", 40_000 * max(1, sheaf.pages)),
                *(f"{sheaf.id.int:064x}", sheaf.pages or None, world.sender(sheaf), sheaf.at),
            )

    return columns, rows()


def _name(n: int, sheaf: Sheaf) -> str:
    kind = sheaf.papers[0].kind if sheaf.papers else "scan"
    return f"{kind or 'letter'}-{sheaf.at:%Y-%m}-{n:06d}.pdf"


def documents(world: World, all_sheaves: Sequence[Sheaf], names: Sequence[str]) -> Table:
    columns = (
        *("id", "project_id", "upload_id", "first_page", "type_id", "type_confidence"),
        *("schema_version_id", "payload", "evidence", "confidence", "status", "reasons"),
        *("reviewer_id", "reviewed_at", "identity", "keys", "created_at", "updated_at"),
    )
    boxes = papers.slots()

    def rows() -> Iterator[tuple[Any, ...]]:
        for sheaf in all_sheaves:
            project = world.projects[sheaf.project]
            for paper in sheaf.papers:
                dice = world.dice(paper.mark)
                values = papers.payload(dice, paper, sheaf.at, names)
                proof = papers.evidence(dice, values, paper.first, boxes)
                identity, keys = papers.known_by(project, paper, values)
                reviewer, at = reviewed(world, paper, sheaf.at)
                sure = min((e["confidence"] for e in proof.values()), default=0)
                yield (
                    *(paper.id, project, sheaf.id, paper.first, world.types.get(paper.kind)),
                    *(0.97 if paper.kind else 0, world.schemas.get(paper.kind)),
                    *(json.dumps(values), json.dumps(proof), sure, paper.status),
                    json.dumps(papers.reasons(dice, paper.status)),
                    *(reviewer, at, identity, keys, sheaf.at, at or sheaf.at),
                )

    return columns, rows()


def reviewed(world: World, paper: Paper, at: datetime) -> tuple[int | None, datetime | None]:
    """Who settled it and when; every third of what is confirmed, and all that is rejected."""
    is_by_person = paper.status == "rejected" or (
        paper.status == "draft_created" and paper.mark % 3 == 0
    )
    if not is_by_person:
        return None, None
    later = timedelta(minutes=5 + paper.mark % 3_000)
    return world.users[paper.mark % len(world.users)], min(at + later, world.now)


def pages(world: World, all_sheaves: Sequence[Sheaf], start: int) -> Table:
    columns = (
        *("id", "upload_id", "number", "image", "width_px", "height_px", "dpi", "text"),
        *("text_source", "text_engine", "text_confidence", "words", "type_id"),
        *("type_confidence", "type_engine", "document_id", "position", "read_at"),
    )
    boxes = papers.slots()

    def rows() -> Iterator[tuple[Any, ...]]:
        ids = count(start)
        for sheaf, paper, number, text in texts(world, all_sheaves):
            words = [[w, *box, 0.96] for w, box in zip(text.split(" "), boxes, strict=True)]
            yield (
                *(next(ids), sheaf.id, number, files.page_name(sheaf.id, number)),
                *(papers.WIDTH_PX, papers.HEIGHT_PX, 150, text),
                *("ocr", "tesseract", 0.95, json.dumps(words), world.types.get(paper.kind)),
                *(0.97 if paper.kind else 0, "rules" if paper.kind else ""),
                *(paper.id, number - paper.first + 1, sheaf.at + timedelta(seconds=9)),
            )

    return columns, rows()


def texts(world: World, all_sheaves: Sequence[Sheaf]) -> Iterator[tuple[Sheaf, Paper, int, str]]:
    """Every page with its number in its file and its words; each call gives the same."""
    dice = world.dice("words")
    words, weights = papers.vocabulary(world.dice("vocabulary"))
    for sheaf in all_sheaves:
        for paper in sheaf.papers:
            for number in range(paper.first, paper.first + paper.pages):
                drawn = dice.choices(words, cum_weights=weights, k=papers.WORDS_A_PAGE - 1)
                yield sheaf, paper, number, " ".join([f"{paper.mark % 100_000:05d}", *drawn])


def jobs(world: World, all_sheaves: Sequence[Sheaf]) -> Table:
    columns = (
        *("id", "kind", "project_id", "parent_id", "upload_id", "status", "pages_total"),
        *("pages_read", "documents_made", "chunks_made", "active_s", "error_code"),
        *("error_message", "created_by_id", "created_at", "started_at", "completed_at"),
        "failed_at",
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        for n, sheaf in enumerate(all_sheaves):
            parent = _batch(all_sheaves, n)
            if parent and all_sheaves[n - n % BATCH] is sheaf:
                yield _row_of_batch(world, sheaf, parent)
            end = sheaf.at + timedelta(seconds=10 + 2 * sheaf.pages)
            code, told = fault(sheaf) if sheaf.status == "failed" else ("", "")
            is_done, is_open = sheaf.status == "completed", sheaf.status == "queued"
            yield (
                *(job_id(sheaf), "file", world.projects[sheaf.project], parent, sheaf.id),
                *(sheaf.status, sheaf.pages, sheaf.pages, len(sheaf.papers), sheaf.pages),
                *(2.0 * sheaf.pages, code, told, world.sender(sheaf), sheaf.at),
                *(None if is_open else sheaf.at, end if is_done else None),
                end if sheaf.status == "failed" else None,
            )

    return columns, rows()


def _batch(all_sheaves: Sequence[Sheaf], n: int) -> UUID | None:
    """The batch that the n-th file came in: every fourth run of BATCH files is one, as far as
    they are of the first one's project."""
    first = all_sheaves[n - n % BATCH]
    is_batch = n // BATCH % 4 == 0 and first.status == "completed"
    is_in_it = is_batch and first.project == all_sheaves[n].project
    return UUID(int=first.id.int ^ 0xAAAA) if is_in_it else None


def _row_of_batch(world: World, first: Sheaf, batch: UUID) -> tuple[Any, ...]:
    home, sender = world.projects[first.project], world.sender(first)
    counts = (0, 0, 0, 0, 0.0)
    end = first.at + timedelta(minutes=20)
    done = ("", "", sender, first.at, first.at, end, None)
    return batch, "batch", home, None, None, "completed", *counts, *done


def job_id(sheaf: Sheaf) -> UUID:
    """Made in the same millisecond as the upload, as intake does."""
    return UUID(int=sheaf.id.int ^ 0x5555)


def fault(sheaf: Sheaf) -> tuple[str, str]:
    return FAULTS[sheaf.id.int % len(FAULTS)]


def steps(world: World, all_sheaves: Sequence[Sheaf]) -> Table:
    """Of the last 90 days, and all that failed: older ones of completed jobs are deleted."""
    columns = (
        *("project_id", "job_id", "stage", "first", "last", "document_id", "status"),
        *("attempts", "worker", "error_code", "error_message", "created_at", "started_at"),
        *("finished_at", "elapsed_s", "run_after"),
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        for sheaf in all_sheaves:
            if sheaf.at < world.now - STEPS_KEPT and sheaf.status != "failed":
                continue
            code, told = fault(sheaf) if sheaf.status == "failed" else ("", "")
            status = _STATUS_OF_STEPS[sheaf.status]
            is_open = status == "queued"
            for n, (stage, first, document) in enumerate(_stages(sheaf)):
                at = sheaf.at + timedelta(seconds=n / 4)
                seconds = 0.2 + sheaf.id.int % 97 / 60
                ran = (at, at + timedelta(seconds=seconds), seconds)
                yield (
                    *(world.projects[sheaf.project], job_id(sheaf), stage, first, first, document),
                    *(status, int(bool(code)), "" if is_open else "host-1:77", code, told),
                    *(sheaf.at, *((None, None, None) if is_open else ran), at),
                )

    return columns, rows()


def _stages(sheaf: Sheaf) -> Iterator[tuple[str, int | None, Any]]:
    yield "split", None, None
    if sheaf.status == "completed":
        for number in range(1, sheaf.pages + 1):
            yield "ocr", number, None
            yield "classify", number, None
        yield "assemble", None, None
        for paper in sheaf.papers:
            yield "extract", None, paper.id
            yield "embed", None, paper.id


def outcomes(world: World, all_sheaves: Sequence[Sheaf]) -> Table:
    """What became of the values of every confirmed bill that a person saw."""
    columns = (
        *("project_id", "document_id", "pointer", "type_slug", "schema_number", "field"),
        *("source", "engine", "score", "confidence", "is_right", "is_settled", "at"),
    )
    names = ("document_number", "document_date", "supplier_gstin", "supplier_name", "total_amount")

    def rows() -> Iterator[tuple[Any, ...]]:
        for sheaf, paper, at in settled(world, all_sheaves):
            if paper.kind != "bill":
                continue
            for n, name in enumerate(names):
                sure = 0.80 + (paper.mark // (n + 7)) % 20 / 100
                yield (
                    *(world.projects[sheaf.project], paper.id, f"/{name}", "bill", 1, name),
                    *("ocr", "rules 1", sure, sure, paper.mark % 100 / 100 < sure + 0.05),
                    *(sure > 0.97, at),
                )

    return columns, rows()


def corrections(world: World, all_sheaves: Sequence[Sheaf]) -> Table:
    columns = ("document_id", "pointer", "old", "new", "made_by_id", "made_at")

    def rows() -> Iterator[tuple[Any, ...]]:
        for _, paper, at in settled(world, all_sheaves):
            user = world.users[paper.mark % len(world.users)]
            yield paper.id, "/total_amount", '"100.00"', '"106.00"', user, at

    return columns, rows()


def events(world: World, all_sheaves: Sequence[Sheaf]) -> Table:
    """One for each file and one for each paper that a person settled."""
    columns = ("project_id", "actor_id", "verb", "subject", "at")

    def rows() -> Iterator[tuple[Any, ...]]:
        for sheaf in all_sheaves:
            subject = f"ingestion.job:{job_id(sheaf)}"
            project, user = world.projects[sheaf.project], world.sender(sheaf)
            yield project, user, "job.created", subject, sheaf.at
        for sheaf, paper, at in settled(world, all_sheaves):
            user = world.users[paper.mark % len(world.users)]
            subject = f"documents.document:{paper.id}"
            yield world.projects[sheaf.project], user, "document.confirmed", subject, at

    return columns, rows()


def settled(world: World, all_sheaves: Sequence[Sheaf]) -> Iterator[tuple[Sheaf, Paper, datetime]]:
    for sheaf in all_sheaves:
        for paper in sheaf.papers:
            _, at = reviewed(world, paper, sheaf.at)
            if at:
                yield sheaf, paper, at


def calls(world: World, all_sheaves: Sequence[Sheaf], prompts: dict[str, int]) -> Table:
    """A language model was asked about every eighth document."""
    columns = (
        *("id", "project_id", "prompt_id", "purpose", "key", "endpoint", "model", "job"),
        *("document", "pages", "status", "answer", "requests", "input_tokens"),
        *("output_tokens", "cost_microcents", "latency_ms", "lapses_at", "created_at"),
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        for sheaf in all_sheaves:
            for paper in sheaf.papers:
                if paper.mark % 8:
                    continue
                tokens = 600 + paper.mark % 3_000
                yield (
                    papers.uuid7_at(world.dice(paper.mark), sheaf.at),
                    *(world.projects[sheaf.project], prompts["extract"], "extract"),
                    *(f"{paper.mark:064d}", "http://127.0.0.1:1/v1", "model-1", job_id(sheaf)),
                    *(paper.id, paper.pages, "done", '{"fields": {}}', 1, tokens, tokens // 5),
                    *(tokens * 2_000, 400 + tokens % 900, sheaf.at, sheaf.at),
                )

    return columns, rows()
