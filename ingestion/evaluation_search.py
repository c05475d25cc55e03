"""Scores search on a folder in BEIR's layout, ingested through the queue."""

import csv
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from documents.models import Project
from ingestion import batch
from ingestion.runs import NoTruth, Result, fingerprint, lines
from search import queries, scoring

MODES = ("hybrid", "dense", "lexical")
LIMIT = 10


def score(folder: Path, project: Project, on_progress: Callable[[batch.Progress], None]) -> Result:
    """Each text of the corpus becomes a file, title and body, and is ingested. Raises NoTruth."""
    corpus = lines(folder / "corpus.jsonl")
    texts = {row["_id"]: f"{row.get('title', '')}\n\n{row.get('text', '')}" for row in corpus}
    judged = _judgements(folder / "qrels.tsv")
    questions = [row for row in lines(folder / "queries.jsonl") if row["_id"] in judged]
    result = Result(
        dataset=folder.name,
        kind="search",
        n=len(questions),
        fingerprint=fingerprint("search", folder),
    )
    ids = _ingest(texts, project, result, on_progress)
    for question in questions:
        key = question["_id"]
        gains = {
            f"{mode}_ndcg_10": _gain(question["text"], mode, project, ids, judged[key])
            for mode in MODES
        }
        values = {
            name: {"score": round(gain, 3), "truth": 1.0, "found": round(gain, 3)}
            for name, gain in gains.items()
        }
        result.documents.append({"document": key, "file": key, "values": values})
        for name, gain in gains.items():
            result.metrics[name] = result.metrics.get(name, 0.0) + gain / len(questions)
    return result


def _gain(
    text: str, mode: str, project: Project, ids: dict[str, list[str]], grades: dict[str, int]
) -> float:
    found = queries.find(queries.EVERYONE, text, project_slug=project.slug, mode=mode, limit=LIMIT)
    ranked = [key for hit in found.hits for key in ids.get(str(hit.document_id), [])]
    return scoring.ndcg(ranked, grades, k=LIMIT)


def _ingest(
    texts: dict[str, str],
    project: Project,
    result: Result,
    on_progress: Callable[[batch.Progress], None],
) -> dict[str, list[str]]:
    """Ids of the corpus by document; the same text twice is one document."""
    ids: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        paths = {Path(scratch) / f"{number}.txt": key for number, key in enumerate(texts)}
        for path, key in paths.items():
            path.write_text(texts[key].strip() or key, encoding="utf-8")
        reports = batch.ingest(list(paths), project=project, on_progress=on_progress)
        with closing(reports):
            for path, report in reports:
                for document in report["documents"]:
                    ids.setdefault(document["id"], []).append(paths[path])
                if report["error"]:
                    result.errors.append({"file": paths[path], "error": report["error"]})
                    result.unread.append(result.errors[-1])
    return ids


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
