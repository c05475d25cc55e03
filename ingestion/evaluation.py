"""Scores the whole system, queue and all, on a folder with truth, in a project of its own."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from documents.models import Document, DocumentStatus, Project
from ingestion import batch, evaluation_search, removal, scoring, scoring_sums
from ingestion.intake import DEFAULT, Options
from ingestion.runs import NoTruth, Result, fingerprint, lines
from ingestion.scoring import Paper, cer, word_f1

OnProgress = Callable[[batch.Progress], None]
Pair = tuple[dict[str, Any], dict[str, Any]]
FAULTS = frozenset({"page_failed", "extract_failed"})
"""Reasons for review that tell of a run that went wrong, not of a paper that is hard to read."""


def evaluate(
    kind: str, folder: Path, *, options: Options = DEFAULT, on_progress: OnProgress
) -> Result:
    """`kind` is fields, types, text or search. Raises NoTruth."""
    started = time.monotonic()
    if kind == "search":
        with _project() as project:
            result = evaluation_search.score(folder, project, on_progress)
    else:
        scorer = {"fields": _fields, "types": _types, "text": _text}[kind]
        key = {"fields": "fields", "types": "type", "text": "text"}[kind]
        truths = [t for t in lines(folder / "truth.jsonl") if _has(t, key)]
        if not truths:
            raise NoTruth(f"No line of {folder / 'truth.jsonl'} has {key!r}.")
        result = Result(
            dataset=folder.name, kind=kind, n=len(truths), fingerprint=fingerprint(kind, folder)
        )
        with (
            _project() as project,
            closing(_read(folder, truths, project, options, on_progress)) as pairs,
        ):
            scorer(result, _noted(pairs, result.unread))
        order = {str(truth["file"]): at for at, truth in enumerate(truths)}
        result.documents.sort(key=lambda one: order[one["file"]])
    result.seconds = time.monotonic() - started
    return result


def _has(truth: Mapping[str, Any], key: str) -> bool:
    if key == "type":
        return bool(truth.get("type") or truth.get("page_types"))
    return bool(truth.get(key) or (key == "fields" and truth.get("documents")))


@contextmanager
def _project() -> Iterator[Project]:
    name = f"evaluation-{uuid4().hex[:12]}"
    project = Project.objects.create(name=name, slug=name)
    try:
        yield project
    finally:
        removal.delete_project(project)


def _read(
    folder: Path,
    truths: Sequence[dict[str, Any]],
    project: Project,
    options: Options,
    on_progress: OnProgress,
) -> Generator[Pair, None, None]:
    by_path = {folder / str(truth["file"]): truth for truth in truths}
    reports = batch.ingest(
        list(by_path), project=project, options=options, with_text=True, on_progress=on_progress
    )
    with closing(reports):
        for path, report in reports:
            yield by_path[path], report


def _noted(pairs: Iterator[Pair], unread: list[dict[str, Any]]) -> Iterator[Pair]:
    """The same pairs; a file that was not read, or not all of it, is written down first."""
    for truth, report in pairs:
        reasons = [reason for one in report["documents"] for reason in one["reasons"]]
        faults = [reason for reason in reasons if reason["code"] in FAULTS]
        fault = report["error"] or next(iter(faults), None)
        if fault is not None:
            told = {"code": fault["code"], "message": fault["message"]}
            unread.append({"file": truth["file"], "error": told})
        yield truth, report


def _fields(result: Result, pairs: Iterator[Pair]) -> None:
    papers: list[Paper] = []
    for truth, report in pairs:
        proofs = _proofs(report)
        for key, expected, document in _matched(truth, report):
            evidence, schema = proofs.get(document.get("id", ""), ({}, None))
            values = scoring.score(expected, document.get("fields") or {}, evidence, schema)
            is_created = document.get("status") == DocumentStatus.DRAFT_CREATED
            papers.append(
                Paper(key=key, file=truth["file"], is_straight_through=is_created, values=values)
            )
    result.metrics, result.counts = scoring_sums.metrics(papers), scoring_sums.counts_of(papers)
    result.fields, result.reliability = scoring_sums.by_field(papers), scoring_sums.bins_of(papers)
    result.documents = [_told(paper) for paper in papers]
    result.errors = [
        {"file": paper.file, "field": value.field, "truth": value.truth, "found": value.found}
        for paper in papers
        for value in paper.values
        if not (value.is_right or value.is_cell)
    ]


def _proofs(report: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], dict[str, Any] | None]]:
    """Evidence and schema of a report's documents by id; no part of what `ingest` tells."""
    ids = [document["id"] for document in report["documents"]]
    rows = Document.objects.filter(pk__in=ids).select_related("schema_version")
    return {
        str(document.pk): (
            document.evidence,
            document.schema_version.schema if document.schema_version else None,
        )
        for document in rows
    }


def _told(paper: Paper) -> dict[str, Any]:
    return {
        "document": paper.key,
        "file": paper.file,
        "straight_through": paper.is_straight_through,
        "values": {
            value.pointer: {
                "score": float(value.is_right),
                "truth": value.truth,
                "found": value.found,
                "confidence": value.confidence,
            }
            for value in paper.values
        },
    }


def _matched(
    truth: Mapping[str, Any], report: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """A name, true fields, and the document that should hold them: by pages, else by type."""
    found, file = report["documents"], truth["file"]
    papers = [one for one in truth.get("documents") or [] if one.get("fields")]
    for one in papers:
        at = [d for d in found if set(d["pages"]) & set(one["pages"])]
        pages = f" p. {','.join(map(str, one['pages']))}" if len(papers) > 1 else ""
        yield (
            f"{file}{pages}",
            one["fields"],
            next((d for d in at if d["type"] == one["type"]), {}),
        )
    if not truth.get("documents"):
        of_type = [d for d in found if d["type"] == truth.get("type", "bill")]
        yield file, truth["fields"], (of_type or found or [{}])[0]


def _types(result: Result, pairs: Iterator[Pair]) -> None:
    right = total = 0
    for truth, report in pairs:
        found = report["page_types"]
        wanted = truth.get("page_types") or [truth["type"]]
        if not truth.get("page_types"):
            documents = report["documents"]
            found = [documents[0]["type"] if documents else "unread"]
        found = [*found, *["unread"] * (len(wanted) - len(found))]
        values = {}
        for number, (want, got) in enumerate(zip(wanted, found, strict=False), 1):
            total += 1
            right += want == got
            result.confusion[want, got] += 1
            values[f"page {number}"] = {"score": float(want == got), "truth": want, "found": got}
            if want != got:
                result.errors.append(
                    {"file": truth["file"], "page": number, "truth": want, "found": got}
                )
        result.documents.append(
            {"document": truth["file"], "file": truth["file"], "values": values}
        )
    result.metrics = {"accuracy": right / max(1, total)}


def _text(result: Result, pairs: Iterator[Pair]) -> None:
    """All files, and beside them those that stand upright (no `rotated` in the truth)."""
    scores = []
    for truth, report in pairs:
        text = "\n".join(report["text"])
        f1, rate = word_f1(truth["text"], text), cer(truth["text"], text)
        scores.append((f1, rate, bool(truth.get("rotated"))))
        result.documents.append(
            {
                "document": truth["file"],
                "file": truth["file"],
                "values": {"word_f1": {"score": round(f1, 3), "truth": 1.0, "found": round(f1, 3)}},
            }
        )
        if f1 < 0.8:
            result.errors.append(
                {"file": truth["file"], "word_f1": round(f1, 3), "error": report["error"]}
            )
    result.metrics = {"word_f1": _mean([f for f, _, _ in scores])}
    result.metrics["cer"] = _mean([c for _, c, _ in scores])
    result.metrics["word_f1_upright"] = _mean([f for f, _, turned in scores if not turned])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
