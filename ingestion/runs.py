"""A run of `manage.py evaluate`: what it holds, how it is kept and found again.

How a run is made is `evaluation`'s, how two are compared `comparison`'s."""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from documents.errors import SenderError
from documents.reliability import Bin

Run = dict[str, Any]
"""A run as it is kept: what `Result.as_json` gives."""


class NoTruth(SenderError):
    """The folder has no truth to score against."""

    code = "no_truth"


class RunUnusable(SenderError):
    """The file of a run cannot be read or written."""

    code = "run_unusable"


@dataclass(slots=True, kw_only=True)
class Result:
    """What `manage.py evaluate` prints, and what a later run is compared with.

    unread: {"file", "error"} of files that were not read whole. confusion counts (truth,
    found). counts, fields: what rates were made of. fingerprint: of all that was read and of
    what is true of it. documents: one each, in the truth's order, {"document", "file",
    "values": {name: {"score" 0..1, "truth", "found", ...}}}; of fields also
    "straight_through" and "confidence", and a name is a JSON Pointer."""

    dataset: str
    kind: str
    n: int
    fingerprint: str
    seconds: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    unread: list[dict[str, Any]] = field(default_factory=list)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    counts: dict[str, int] = field(default_factory=dict)
    fields: dict[str, dict[str, int]] = field(default_factory=dict)
    reliability: list[Bin] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "kind": self.kind,
            "n": self.n,
            "seconds": round(self.seconds, 2),
            "metrics": {name: round(value, 4) for name, value in self.metrics.items()},
            "errors": self.errors,
            "unread": self.unread,
            "counts": self.counts,
            "fields": self.fields,
            "reliability": [_rounded(asdict(one)) for one in self.reliability],
            "fingerprint": self.fingerprint,
            "documents": self.documents,
        }


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}


def fingerprint(kind: str, folder: Path) -> str:
    """SHA-256 over what is true of a folder and the bytes of the files that it names: two runs
    are compared only where both are the same. Raises NoTruth."""
    if kind == "search":
        names = ["corpus.jsonl", "queries.jsonl", "qrels.tsv"]
    else:
        names = ["truth.jsonl", *(str(truth["file"]) for truth in lines(folder / "truth.jsonl"))]
    whole = hashlib.sha256()
    for name in names:
        try:
            with open(folder / name, "rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            whole.update(b"not there")
    return whole.hexdigest()


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file with one a line. Raises NoTruth where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise NoTruth(f"There is no {path.name} in {path.parent}.") from fault
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def keep(run: Run, path: Path) -> None:
    """Raises RunUnusable where the file cannot be written."""
    try:
        path.write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
    except OSError as fault:
        raise RunUnusable(f"{path} cannot be written: {fault.strerror}.") from fault


def kept(path: Path) -> Run:
    """A run that `--save` or `--json` wrote. Raises RunUnusable."""
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise RunUnusable(f"{path} cannot be read: {fault.strerror}.") from fault
    except ValueError as fault:
        raise RunUnusable(f"{path} holds no run: it is no JSON.") from fault
    if not isinstance(run, dict) or not {"kind", "fingerprint", "documents"} <= set(run):
        raise RunUnusable(f"{path} holds no run, or one without its documents: save it again.")
    return run
