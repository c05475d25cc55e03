"""What the engines' scores are worth on labelled papers: fits, checks and ships the curves.

    python bench/calibration.py DIR... [--keep FOLDER] [--print-only DIR...] [--threshold T]
                                [--write]

DIR holds a truth.jsonl with `fields` or `documents`. Pages are read as the system reads them,
`--print-only` folders without the data that their files carry; with --keep the readings are
kept in FOLDER and found again. Types and pages of documents are taken from the truth.

Three answers are printed. Each set held out: curves fitted on the other sets, how many of its
documents would go straight through and how many of the values accepted so are wrong: what to
expect of papers of makers never seen. Halves: curves fitted on one half of the documents of
all sets, checked on the other. Reliability: confidence against the share that was right, by
halves. --write puts curves fitted on all of it into documents/curves/.
"""

import argparse
import hashlib
import json
import os
import pickle
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

from bench.pages import read_file  # noqa: E402
from documents import calibration, drafts, reliability, schemas, trust  # noqa: E402
from documents.calibration import Curves, Sample  # noqa: E402
from ingestion import intake, scoring  # noqa: E402
from ingestion.engines.base import PageInput  # noqa: E402
from ingestion.engines.pages import AutoReader  # noqa: E402
from ingestion.engines.rules import RulesExtractor  # noqa: E402
from ingestion.stages.inputs import as_reading, limits  # noqa: E402

THRESHOLDS = (0.9, 0.95, 0.96, 0.97, 0.98)
Read = list[tuple[dict[str, Any], tuple[PageInput, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One document of a set as the rules read it, beside its truth."""

    of_set: str
    file: str
    type_slug: str
    truth: dict[str, Any]
    readings: tuple[drafts.Reading, ...]
    conflicts: tuple[drafts.Reading, ...]
    labelled: tuple[str, ...]
    objections: tuple[dict[str, str], ...]

    def draft(self, curves: Curves, threshold: float) -> drafts.Draft:
        return drafts.make(
            type_slug=self.type_slug,
            schema=schemas.shipped_schema(self.type_slug),
            readings=self.readings,
            conflicts=self.conflicts,
            labelled=self.labelled,
            objections=self.objections,
            thresholds=trust.Thresholds(usual=threshold),
            curves=curves,
        )

    def samples(self) -> Iterator[Sample]:
        """The readings of which the truth is told and that a person might have to look at."""
        draft = self.draft(calibration.NONE, 2.0)
        pointers = list(draft.evidence)
        numbered = {
            pointer: {"confidence": at, "candidate": draft.evidence[pointer].get("candidate")}
            for at, pointer in enumerate(pointers)
        }
        for value in scoring.score(self.truth, draft.payload, numbered):
            if value.confidence is None:
                continue
            found = draft.evidence[pointers[int(value.confidence)]]
            if found["source"] not in trust.CARRIED:
                yield Sample(
                    field=value.field,
                    source=found["source"],
                    basis=found["basis"],
                    score=found["score"],
                    is_right=value.want == value.read,
                )

    def half(self) -> int:
        return hashlib.sha256(f"{self.of_set}/{self.file}".encode()).digest()[0] % 2


def pages_of(folder: Path, keep: Path | None, *, print_only: bool) -> Read:
    """The pages of every file of a folder with its line of the truth."""
    kept = keep / f"{folder.name}{'-print' if print_only else ''}.pkl" if keep else None
    if kept and kept.is_file():
        read: Read = pickle.loads(kept.read_bytes())
        return read
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    truths = [json.loads(line) for line in lines if line.strip()]
    with ProcessPoolExecutor(settings.WORKERS) as pool:
        jobs = [pool.submit(_pages, folder / truth["file"], print_only) for truth in truths]
        read = [(truth, job.result()) for truth, job in zip(truths, jobs, strict=True)]
    if kept:
        kept.write_bytes(pickle.dumps(read))
    return read


@cache
def _reader() -> AutoReader:
    return AutoReader()


def _pages(path: Path, print_only: bool) -> tuple[PageInput, ...]:
    with path.open("rb") as file:
        media_type = intake.sniff(file.read(4096), path.name)
    return tuple(
        read_file(
            _reader(),
            path,
            media_type=media_type,
            password="",
            languages=settings.OCR_LANGUAGES,
            limits=limits(),
            print_only=print_only,
        )
    )


def papers_of(name: str, read: Read) -> list[Paper]:
    """The documents of a set that have a shipped type and fields in the truth."""
    rules = RulesExtractor()
    papers = []
    for line, pages in read:
        single = {"type": line.get("type", "bill"), "fields": line.get("fields")}
        for one in line.get("documents") or [single]:
            numbers = one.get("pages") or [page.number for page in pages]
            own = tuple(page for page in pages if page.number in numbers)
            if one["type"] not in schemas.SHIPPED or not one.get("fields") or not own:
                continue
            found = rules.extract(
                type=one["type"], schema=schemas.shipped_text(one["type"]), pages=own
            )
            papers.append(
                Paper(
                    of_set=name,
                    file=line["file"],
                    type_slug=one["type"],
                    truth=one["fields"],
                    readings=tuple(as_reading(reading) for reading in found.readings),
                    conflicts=tuple(as_reading(reading) for reading in found.conflicts),
                    labelled=found.labelled,
                    objections=tuple(asdict(one) for one in found.objections),
                )
            )
    return papers


def fitted(papers: Sequence[Paper]) -> dict[str, Curves]:
    samples: dict[str, list[Sample]] = {slug: [] for slug in schemas.SHIPPED}
    for paper in papers:
        samples[paper.type_slug] += paper.samples()
    return {slug: calibration.fit(found) for slug, found in samples.items()}


def told(papers: Sequence[Paper], curves: dict[str, Curves]) -> Iterator[str]:
    """A line a threshold: documents straight through, values accepted so and wrong ones."""
    for threshold in THRESHOLDS:
        through = accepted = 0
        wrong: list[str] = []
        for paper in papers:
            draft = paper.draft(curves[paper.type_slug], threshold)
            if draft.reasons:
                continue
            through += 1
            for value in scoring.score(paper.truth, draft.payload, draft.evidence):
                accepted += bool(value.got)
                if value.is_wrong:
                    wrong.append(f"{paper.file} {value.pointer} {value.truth!r} {value.found!r}")
        share = through / len(papers) if papers else 0.0
        rate = len(wrong) / accepted if accepted else 0.0
        yield (
            f"    {threshold:.2f}: {share:5.2f} of {len(papers)} through, "
            f"{accepted} values, {len(wrong)} wrong ({rate:.4f})"
        )
        yield from (f"        {line}" for line in wrong[:3] if threshold == THRESHOLDS[-2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", metavar="DIR", nargs="+", type=Path)
    parser.add_argument("--print-only", metavar="DIR", nargs="*", type=Path, default=[])
    parser.add_argument("--keep", metavar="FOLDER", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    sets: dict[str, list[Paper]] = {}
    for folder in asked.folders:
        sets[folder.name] = papers_of(folder.name, pages_of(folder, asked.keep, print_only=False))
    for folder in asked.print_only:
        name = f"{folder.name} (print)"
        sets[name] = papers_of(name, pages_of(folder, asked.keep, print_only=True))
    every = [paper for papers in sets.values() for paper in papers]
    for name, papers in sets.items():
        print(f"{name}, curves of the other sets")
        print(*told(papers, fitted([p for p in every if p.of_set != name])), sep="\n")
    halves = [fitted([p for p in every if p.half() == half]) for half in (1, 0)]
    said: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for name, papers in sets.items():
        for half in (0, 1):
            print(f"{name}, half {half}, curves of the other halves")
            print(*told([p for p in papers if p.half() == half], halves[half]), sep="\n")
        for paper in papers:
            curves = halves[paper.half()][paper.type_slug]
            for sample in paper.samples():
                worth = curves.worth(
                    field=sample.field,
                    source=sample.source,
                    basis=sample.basis,
                    score=sample.score,
                )
                said["calibrated"].append((worth.confidence, sample.is_right))
                said["as the rules score"].append((sample.score, sample.is_right))
    for name, pairs in said.items():
        bins = reliability.binned(pairs)
        print(f"{name}: {len(pairs)} values, error {reliability.calibration_error(bins):.4f}")
        for one in bins:
            print(
                f"    {one.low:.2f} to {one.high:.2f}  {one.n:6}  said {one.mean_confidence:.3f}"
                f"  right {one.share_right:.3f}"
            )
    if asked.write:
        names = {name: len(papers) for name, papers in sets.items()}
        for slug, curves in fitted(every).items():
            path = ROOT / "documents" / "curves" / f"{slug}.json"
            path.parent.mkdir(exist_ok=True)
            shipped = {"documents": names, "curves": curves.as_json()}
            path.write_text(json.dumps(shipped, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
