"""How long the rules take for a page: classify and extract, percentiles and the worst pages.

    python bench/rules.py FOLDER... [--every N] [--pages FILE] [--rounds N] [--limit-ms N]

FOLDER holds a truth.jsonl whose lines name files. Reading is no part of the time: each page is
read once and kept in FILE, so that a second run measures at once. A file's pages are classified
together, as the stage does, put together to documents, and extracted document by document; both
times are divided by the pages. CPU time is taken, which on a quiet machine is the time that
passes, since nothing here waits; of several rounds the fastest counts. With --limit-ms the exit
code is 1 where the 95th percentile is above it.
"""

import argparse
import json
import os
import pickle
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from bench.pages import read_file  # noqa: E402
from bench.readers import MEDIA_TYPES  # noqa: E402
from config.engines import EngineFault  # noqa: E402
from documents import assembly, schemas  # noqa: E402
from documents.models import Grouping  # noqa: E402
from ingestion.engines.base import Limits, PageInput, PageType, TypeOption  # noqa: E402
from ingestion.engines.pages import AutoReader  # noqa: E402
from ingestion.engines.rules.classifier import RulesClassifier  # noqa: E402
from ingestion.engines.rules.extractor import RulesExtractor  # noqa: E402

LIMITS = Limits(max_pages=2000, max_pixels=120_000_000, max_side_px=2500, ocr_dpi=300)
WORST = 8
Pages = tuple[PageInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds a page of one file; `layout` as the truth names it, else the folder."""

    file: str
    layout: str
    pages: int
    words: int
    classify_ms: float
    extract_ms: float

    @property
    def both_ms(self) -> float:
        return self.classify_ms + self.extract_ms


def read_pages(folders: Sequence[Path], every: int) -> Iterator[tuple[str, str, Pages]]:
    """(file, layout, its pages) of every file that can be read."""
    reader = AutoReader(threads=0)
    for folder in folders:
        lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
        for line in lines[::every]:
            truth = json.loads(line)
            path = folder / truth["file"]
            media_type = MEDIA_TYPES.get(path.suffix.lower())
            if media_type is None:
                continue
            try:
                pages = tuple(
                    read_file(
                        reader,
                        path,
                        media_type=media_type,
                        password=truth.get("password", ""),
                        languages=("eng",),
                        limits=LIMITS,
                    )
                )
            except EngineFault as fault:
                print(f"{path.name}: {fault.code}", file=sys.stderr)
                continue
            yield path.name, str(truth.get("layout") or folder.name), pages


class Rules:
    """The two engines, with the types that are shipped."""

    def __init__(self) -> None:
        self.classifier, self.extractor = RulesClassifier(), RulesExtractor()
        self.types = tuple(TypeOption(slug=slug, description="") for slug in schemas.SHIPPED)
        self.schemas = {slug: schemas.shipped_text(slug) for slug in schemas.SHIPPED}

    def measure(self, pages: Pages) -> tuple[float, float]:
        """CPU seconds for all pages of a file: classifying, extracting."""
        start = time.process_time()
        types = self.classifier.classify(pages=pages, types=self.types)
        classified = time.process_time()
        by_number = {page.number: page for page in pages}
        signals = [_signal(page, kind) for page, kind in zip(pages, types, strict=True)]
        for group in assembly.group(signals, Grouping.GROUPED):
            if group.type:
                document = tuple(by_number[number] for number in group.pages)
                self.extractor.extract(
                    type=group.type, schema=self.schemas[group.type], pages=document
                )
        return classified - start, time.process_time() - classified


def _signal(page: PageInput, kind: PageType) -> assembly.PageSignal:
    return assembly.PageSignal(
        number=page.number,
        type=kind.type,
        confidence=kind.confidence,
        starts=kind.starts,
        document_number=kind.document_number,
        label=kind.page_label,
    )


def timings(files: Sequence[tuple[str, str, Pages]], rounds: int) -> list[Timing]:
    rules = Rules()
    for _, _, pages in files[:3]:
        rules.measure(pages)  # compiles the expressions
    files = [one for one in files if one[2]]
    # Round after round over all files, never the same one twice in a row: what the engines keep
    # of a text is then as cold as in the queue.
    taken = [[rules.measure(pages) for _, _, pages in files] for _ in range(rounds)]
    found = []
    for (name, layout, pages), measured in zip(files, zip(*taken, strict=True), strict=True):
        classify, extract = min(measured, key=sum)
        found.append(
            Timing(
                file=name,
                layout=layout,
                pages=len(pages),
                words=sum(len(page.words) for page in pages),
                classify_ms=1000 * classify / len(pages),
                extract_ms=1000 * extract / len(pages),
            )
        )
    return found


def percentile(found: Sequence[Timing], name: str, share: float) -> float:
    """Over pages: a file counts as many times as it has pages."""
    values: list[float] = sorted(v for one in found for v in [getattr(one, name)] * one.pages)
    return values[min(len(values) - 1, int(share * len(values)))]


def table(found: Sequence[Timing]) -> str:
    rows = [f"{sum(one.pages for one in found)} pages of {len(found)} files; ms a page"]
    rows.append(f"{'':10} {'p50':>6} {'p95':>6} {'max':>6}")
    for title, name in (
        ("classify", "classify_ms"),
        ("extract", "extract_ms"),
        ("both", "both_ms"),
    ):
        shares = [percentile(found, name, share) for share in (0.5, 0.95, 1.0)]
        rows.append(f"{title:10} " + " ".join(f"{value:6.1f}" for value in shares))
    rows.append("worst:")
    for one in sorted(found, key=lambda one: -one.both_ms)[:WORST]:
        rows.append(
            f"  {one.both_ms:6.1f} ({one.classify_ms:.1f} + {one.extract_ms:.1f})"
            f"  {one.layout}  {one.file}, {one.words} words on {one.pages} pages"
        )
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every Nth file")
    parser.add_argument("--pages", type=Path, help="where the pages that were read are kept")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit-ms", type=float, default=0.0, help="for the 95th percentile")
    options = parser.parse_args()
    files: Any
    if options.pages and options.pages.is_file():
        # Written by this script: a pickle of anybody else's could run code.
        files = pickle.loads(options.pages.read_bytes())
    else:
        files = list(read_pages(options.folders, options.every))
        if options.pages:
            options.pages.write_bytes(pickle.dumps(files))
    found = timings(files, options.rounds)
    print(table(found))
    return int(0 < options.limit_ms < percentile(found, "both_ms", 0.95))


if __name__ == "__main__":
    sys.exit(main())
