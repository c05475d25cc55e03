"""How well and how fast pages are read: engines x (seconds a page, word F1), as a table.

    python bench/reading.py [--data DIR] [--every N] [--threads N]

DIR holds folders with a truth.jsonl whose lines have `file` and `text` (ocr_pages, receipts);
folders without texts (types, mixed_scan, einvoices) are timed only. Word F1 is taken on the
multiset of [A-Za-z0-9.,/%$-]+ in lower case: 2 |A and B| / (|A| + |B|).
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from config.engines import EngineFault  # noqa: E402
from ingestion.engines.base import Limits  # noqa: E402
from ingestion.engines.pages import AutoReader  # noqa: E402

LIMITS = Limits(max_pages=2000, max_pixels=100_000_000, max_side_px=2500, ocr_dpi=300)
FOLDERS = ("ocr_pages", "receipts", "mixed_scan", "types", "einvoices")
MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".tif": "image/tiff",
}
READERS: dict[str, dict[str, object]] = {
    "automatic": {},
    "without Tesseract": {"tesseract_cmd": ""},
    "Tesseract first": {"order": ("tesseract", "rapid")},
    "Tesseract only": {"order": ("tesseract",)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A file to read and its text, "" where nobody knows it."""

    path: Path
    text: str


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[A-Za-z0-9.,/%$-]+", text.lower()))


def word_f1(read: str, true: str) -> float:
    a, b = words(read), words(true)
    total = sum(a.values()) + sum(b.values())
    return 2 * sum((a & b).values()) / total if total else 1.0


def samples(folder: Path, every: int) -> Iterator[Sample]:
    truth = folder / "truth.jsonl"
    lines = truth.read_text(encoding="utf-8").splitlines() if truth.is_file() else []
    entries = sorted((json.loads(line) for line in lines if line.strip()), key=lambda e: e["file"])
    for entry in entries[::every]:
        path = folder / entry["file"]
        if path.suffix.lower() in MEDIA_TYPES:
            yield Sample(path=path, text=entry.get("text", ""))


def measure(reader: AutoReader, folder: Path, every: int) -> str:
    """A row of the table."""
    pages, faults, elapsed = 0, 0, 0.0
    scores: list[float] = []
    engines: Counter[str] = Counter()
    for sample in samples(folder, every):
        media_type = MEDIA_TYPES[sample.path.suffix.lower()]
        path = str(sample.path)
        texts = []
        start = time.perf_counter()
        try:
            facts = reader.open(path=path, media_type=media_type, password="", limits=LIMITS)
            for number in range(1, facts.pages + 1):
                reading = reader.read(
                    path=path,
                    media_type=media_type,
                    number=number,
                    languages=("eng",),
                    ignore_embedded=False,
                    limits=LIMITS,
                )
                texts.append(reading.text)
                engines[reading.engine] += 1
        except EngineFault as fault:
            faults += 1
            print(f"{sample.path.name}: {fault.code}", file=sys.stderr)
        elapsed += time.perf_counter() - start
        pages += len(texts)
        if sample.text:
            scores.append(word_f1("\n".join(texts), sample.text))
    f1 = f"{sum(scores) / len(scores):.3f}" if scores else "-"
    used = ", ".join(f"{name} {count}" for name, count in engines.most_common())
    return f"{pages:5d}  {elapsed / max(pages, 1):6.2f}  {f1:>6}  {faults:6d}  {used}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--every", type=int, default=1, help="only every Nth file")
    parser.add_argument("--threads", type=int, default=2, help="threads of RapidOCR")
    options = parser.parse_args()
    print(f"{'reader':18} {'folder':11} pages  s/page      F1  faults  read by")
    for name, settings in READERS.items():
        reader = AutoReader(threads=options.threads, **settings)  # type: ignore[arg-type]
        for folder in FOLDERS:
            if (options.data / folder).is_dir():
                row = measure(reader, options.data / folder, options.every)
                print(f"{name:18} {folder:11} {row}", flush=True)
        size = psutil.Process().memory_info().rss >> 20
        print(f"{name:18} holds {size} MB after its last page", flush=True)


if __name__ == "__main__":
    main()
