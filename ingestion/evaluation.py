"""Scores the whole system, queue and all, on a folder with truth, in a project of its own."""

import csv
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from documents.errors import SenderError
from documents.models import DocumentStatus, Project
from ingestion import batch, removal
from ingestion.intake import DEFAULT, Options
from ingestion.scoring import FieldScore, cer, word_f1

OnProgress = Callable[[batch.Progress], None]
Pair = tuple[dict[str, Any], dict[str, Any]]


class NoTruth(SenderError):
    """The folder has no truth to score against."""

    code = "no_truth"


@dataclass(slots=True, kw_only=True)
class Result:
    """What `manage.py evaluate` prints. `confusion` counts (truth, found)."""

    dataset: str
    kind: str
    n: int
    seconds: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "kind": self.kind,
            "n": self.n,
            "seconds": round(self.seconds, 2),
            "metrics": {name: round(value, 4) for name, value in self.metrics.items()},
            "errors": self.errors,
        }


def evaluate(
    kind: str, folder: Path, *, options: Options = DEFAULT, on_progress: OnProgress
) -> Result:
    """`kind` is fields, types, text or search. Raises NoTruth."""
    started = time.monotonic()
    if kind == "search":
        result = _search(folder, on_progress)
    else:
        scorer = {"fields": _fields, "types": _types, "text": _text}[kind]
        key = {"fields": "fields", "types": "type", "text": "text"}[kind]
        truths = [t for t in _truths(folder) if _has(t, key)]
        if not truths:
            raise NoTruth(f"No line of {folder / 'truth.jsonl'} has {key!r}.")
        result = Result(dataset=folder.name, kind=kind, n=len(truths))
        with (
            _project() as project,
            closing(_read(folder, truths, project, options, on_progress)) as pairs,
        ):
            scorer(result, pairs)
    result.seconds = time.monotonic() - started
    return result


def _has(truth: Mapping[str, Any], key: str) -> bool:
    if key == "type":
        return bool(truth.get("type") or truth.get("page_types"))
    return bool(truth.get(key) or (key == "fields" and truth.get("documents")))


def _truths(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise NoTruth(f"There is no truth.jsonl in {folder}.") from fault
    return [json.loads(line) for line in lines if line.strip()]


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


def _fields(result: Result, pairs: Iterator[Pair]) -> None:
    score = FieldScore()
    for truth, report in pairs:
        for expected, document in _matched(truth, report):
            score.add(
                truth["file"],
                expected,
                document.get("fields") or {},
                is_straight_through=document.get("status") == DocumentStatus.DRAFT_CREATED,
            )
    result.metrics, result.errors = score.metrics(), score.errors


def _matched(
    truth: Mapping[str, Any], report: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """True fields beside the document that should hold them: by pages, else by type."""
    found = report["documents"]
    if truth.get("documents"):
        for one in truth["documents"]:
            if one.get("fields"):
                at = [d for d in found if set(d["pages"]) & set(one["pages"])]
                yield one["fields"], next((d for d in at if d["type"] == one["type"]), {})
        return
    of_type = [d for d in found if d["type"] == truth.get("type", "bill")]
    yield truth["fields"], (of_type or found or [{}])[0]


def _types(result: Result, pairs: Iterator[Pair]) -> None:
    right = total = 0
    for truth, report in pairs:
        found = report["page_types"]
        wanted = truth.get("page_types") or [truth["type"]]
        if not truth.get("page_types"):
            documents = report["documents"]
            found = [documents[0]["type"] if documents else "unread"]
        found = [*found, *["unread"] * (len(wanted) - len(found))]
        for number, (want, got) in enumerate(zip(wanted, found, strict=False), 1):
            total += 1
            right += want == got
            result.confusion[want, got] += 1
            if want != got:
                result.errors.append(
                    {"file": truth["file"], "page": number, "truth": want, "found": got}
                )
    result.metrics = {"accuracy": right / max(1, total)}


def _text(result: Result, pairs: Iterator[Pair]) -> None:
    """All files, and beside them those that stand upright (no `rotated` in the truth)."""
    scores = []
    for truth, report in pairs:
        text = "\n".join(report["text"])
        f1, rate = word_f1(truth["text"], text), cer(truth["text"], text)
        scores.append((f1, rate, bool(truth.get("rotated"))))
        if f1 < 0.8:
            result.errors.append(
                {"file": truth["file"], "word_f1": round(f1, 3), "error": report["error"]}
            )
    result.metrics = {"word_f1": _mean([f for f, _, _ in scores])}
    result.metrics["cer"] = _mean([c for _, c, _ in scores])
    result.metrics["word_f1_upright"] = _mean([f for f, _, turned in scores if not turned])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _search(folder: Path, on_progress: OnProgress) -> Result:
    """BEIR's layout: each text of the corpus becomes a file, title and body, and is ingested."""
    from search import queries, scoring

    corpus = _lines(folder / "corpus.jsonl")
    texts = {row["_id"]: f"{row.get('title', '')}\n\n{row.get('text', '')}" for row in corpus}
    judged = _judgements(folder / "qrels.tsv")
    questions = [row for row in _lines(folder / "queries.jsonl") if row["_id"] in judged]
    result = Result(dataset=folder.name, kind="search", n=len(questions))
    with _project() as project, tempfile.TemporaryDirectory() as scratch:
        paths = {Path(scratch) / f"{number}.txt": key for number, key in enumerate(texts)}
        for path, key in paths.items():
            path.write_text(texts[key].strip() or key, encoding="utf-8")
        ids: dict[str, list[str]] = {}
        reports = batch.ingest(list(paths), project=project, on_progress=on_progress)
        with closing(reports):
            for path, report in reports:
                for document in report["documents"]:
                    ids.setdefault(document["id"], []).append(paths[path])
                if report["error"]:
                    result.errors.append({"file": paths[path], "error": report["error"]})
        for mode in ("hybrid", "dense", "lexical"):
            gains = []
            for question in questions:
                found = queries.find(
                    queries.EVERYONE,
                    question["text"],
                    project_slug=project.slug,
                    mode=mode,
                    limit=10,
                )
                ranked = [key for hit in found.hits for key in ids.get(str(hit.document_id), [])]
                gains.append(scoring.ndcg(ranked, judged[question["_id"]], k=10))
            result.metrics[f"{mode}_ndcg_10"] = _mean(gains)
    return result


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise NoTruth(f"There is no {path.name} in {path.parent}.") from fault
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.reader(file, delimiter="\t"):
                if len(row) >= 3 and row[-1].lstrip("-").isdigit():
                    judged.setdefault(row[0], {})[row[-2]] = int(row[-1])
    except OSError as fault:
        raise NoTruth(f"There is no {path.name} in {path.parent}.") from fault
    return judged
