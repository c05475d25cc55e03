"""How well and how fast pages are read, by Docket and by others, as one table of one run.

    make bench-reading [ARGS="--every 4 --rounds 3 --only receipts --readers automatic,RapidOCR"]

Every reader is a process of its own (`readers.py`) and kept warm. A page goes through all of
them, one after the other, in an order that turns with the page and the round, so that noise on
the machine hits them alike; of several rounds the median counts. The sets, from DATA:

    ocr_pages   pictures of pages, as they are (turned ones among them)
    receipts    pictures of receipts
    scans       pictures of both as JPEG in PDF pages, and the pages of mixed_scan (no text known)

Docket is given the file; the time to draw a page, to look for codes and to store its picture
counts. RapidOCR and tesseract are given the picture, of a PDF the raster of 300 dpi, whose
drawing is not counted; OCRmyPDF is given the file. Word F1 is taken on the multiset of
[A-Za-z0-9.,/%$-]+ in lower case: 2 |A and B| / (|A| + |B|). Columns: seconds a page, CPU seconds
a page, word F1 mean and worst, then the time as a ratio to each peer: over all pages, and on the
page where it is worst.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.readers import MEDIA_TYPES, OURS, PEERS  # noqa: E402
from ingestion import render_image, render_pdf  # noqa: E402

SETS = ("ocr_pages", "receipts", "scans")
SCANNED_RECEIPTS = 8  # every so many-th receipt is among the scans
MOST_PIXELS = 120_000_000
DPI = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A page: as a file for Docket and OCRmyPDF, as a picture for the other peers, and its
    text, "" where nobody knows it."""

    folder: str
    path: Path
    number: int
    picture: Path
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader made of a page in one round."""

    text: str
    by: str
    seconds: float
    cpu_seconds: float


class Reader:
    """A running `readers.py`."""

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, str(ROOT / "bench/readers.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, sample: Sample) -> Answer:
        path = sample.picture if self.name in PEERS and self.name != "OCRmyPDF" else sample.path
        number = 1 if path == sample.picture else sample.number
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"path": str(path), "number": number}) + "\n")
        self._process.stdin.flush()
        return Answer(**self._told())

    def end(self) -> int:
        """Its peak memory, MB."""
        assert self._process.stdin
        self._process.stdin.close()
        peak_mb: int = self._told()["peak_mb"]
        self._process.wait()
        return peak_mb

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended by itself.")
        told: dict[str, Any] = json.loads(line)
        return told


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[A-Za-z0-9.,/%$-]+", text.lower()))


def word_f1(read: str, true: str) -> float:
    a, b = words(read), words(true)
    total = sum(a.values()) + sum(b.values())
    return 2 * sum((a & b).values()) / total if total else 1.0


def pictures(folder: Path, every: int) -> Iterator[Sample]:
    truth = folder / "truth.jsonl"
    lines = truth.read_text(encoding="utf-8").splitlines() if truth.is_file() else []
    entries = sorted((json.loads(line) for line in lines if line.strip()), key=lambda e: e["file"])
    for entry in entries[::every]:
        path = folder / entry["file"]
        if path.suffix.lower() in MEDIA_TYPES:
            yield Sample(
                folder=folder.name, path=path, number=1, picture=path, text=entry.get("text", "")
            )


def scans(data: Path, made: Path, every: int) -> Iterator[Sample]:
    """PDFs that hold nothing but pictures, written to the folder `made` with their rasters."""
    printed = [*pictures(data / "ocr_pages", 1), *pictures(data / "receipts", SCANNED_RECEIPTS)]
    for sample in printed[::every]:
        page, _ = render_image.draw(str(sample.path), 1, MOST_PIXELS)
        target = made / f"{sample.path.stem}.pdf"
        dpi = DPI if min(page.size) > 1500 else DPI // 2
        page.convert("L").save(target, "PDF", resolution=dpi, quality=85)
        yield _rastered(target, 1, made, sample.text)
    package = data / "mixed_scan/package.pdf"
    if package.is_file():
        with render_pdf.opened(str(package)) as document:
            pages = len(document)
        for number in range(1, pages + 1, every):
            yield _rastered(package, number, made, "")


def _rastered(path: Path, number: int, made: Path, text: str) -> Sample:
    drawn, _ = render_pdf.draw(str(path), number, DPI, MOST_PIXELS, "")
    picture = made / f"{path.stem}-{number}.png"
    drawn.convert("L").save(picture, dpi=(DPI, DPI), compress_level=1)
    return Sample(folder="scans", path=path, number=number, picture=picture, text=text)


def rows(
    samples: list[Sample], answers: dict[tuple[str, Sample], list[Answer]], names: list[str]
) -> Iterator[str]:
    """The lines of the table for the samples of one set."""
    seconds = {
        (name, sample): statistics.median(a.seconds for a in answers[name, sample])
        for name in names
        for sample in samples
    }
    peers = [name for name in names if name in PEERS]
    for name in names:
        read = [answers[name, sample][0] for sample in samples]
        cpu = statistics.mean(
            statistics.median(a.cpu_seconds for a in answers[name, sample]) for sample in samples
        )
        own = [seconds[name, sample] for sample in samples]
        scores = [
            word_f1(a.text, sample.text)
            for a, sample in zip(read, samples, strict=True)
            if sample.text
        ] or [float("nan")]
        ratios = []
        for peer in peers:
            beside = [seconds[peer, sample] for sample in samples]
            worst = max(a / b for a, b in zip(own, beside, strict=True))
            ratios.append(f"{sum(own) / sum(beside):8.2f} {worst:6.2f}")
        by = ", ".join(f"{k} {n}" for k, n in Counter(a.by for a in read).most_common())
        yield (
            f"{samples[0].folder:10} {name:19} {statistics.mean(own):7.2f} {cpu:7.2f}"
            f" {statistics.mean(scores):6.3f} {min(scores):6.3f} " + " ".join(ratios) + f"  {by}"
        )


def head(names: list[str]) -> str:
    peers = "".join(f" {name[:15]:>15}" for name in names if name in PEERS)
    return (
        f"{'set':10} {'reader':19} {'s/page':>7} {'cpu s':>7} {'F1':>6} {'worst':>6} {peers}"
        "  read by"
    )


def measured(
    samples: list[Sample], readers: list[Reader], rounds: int
) -> dict[tuple[str, Sample], list[Answer]]:
    answers: dict[tuple[str, Sample], list[Answer]] = defaultdict(list)
    smallest = min(samples, key=lambda s: s.picture.stat().st_size)
    for reader in readers:
        reader.read(smallest)  # models are loaded, and not counted
    for turn in range(rounds):
        for index, sample in enumerate(samples):
            first = (index + turn) % len(readers)
            for reader in [*readers[first:], *readers[:first]]:
                answers[reader.name, sample].append(reader.read(sample))
            print(
                f"\rround {turn + 1}, page {index + 1} of {len(samples)}", end="", file=sys.stderr
            )
    print(file=sys.stderr)
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--every", type=int, default=1, help="only every Nth page of a set")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", default=",".join(SETS), help="sets, comma-separated")
    parser.add_argument("--readers", default=";".join([*OURS, *PEERS]), help="separated by ;")
    parser.add_argument("--peers", default=sys.executable, help="the Python that has the peers")
    parser.add_argument("--pages", type=Path, help="write every page's figures there, as JSON")
    options = parser.parse_args()
    Image.MAX_IMAGE_PIXELS = None
    names = options.readers.split(";")
    pythons = {name: options.peers if name in PEERS else sys.executable for name in names}
    readers = [Reader(name, pythons[name]) for name in names]
    with tempfile.TemporaryDirectory() as made:
        samples = [
            sample
            for folder in options.only.split(",")
            for sample in (
                scans(options.data, Path(made), options.every)
                if folder == "scans"
                else pictures(options.data / folder, options.every)
            )
        ]
        answers = measured(samples, readers, options.rounds)
    print(head(names))
    for folder in options.only.split(","):
        chosen = [sample for sample in samples if sample.folder == folder]
        for row in rows(chosen, answers, names):
            print(row)
    for reader in readers:
        print(f"{reader.name}: at most {reader.end()} MB")
    if options.pages:
        options.pages.write_text(json.dumps(_figures(answers), indent=1))


def _figures(answers: dict[tuple[str, Sample], list[Answer]]) -> list[dict[str, object]]:
    return [
        {
            "reader": name,
            "file": f"{sample.folder}/{sample.path.name}",
            "page": sample.number,
            "by": found[0].by,
            "seconds": [round(a.seconds, 3) for a in found],
            "cpu_seconds": [round(a.cpu_seconds, 3) for a in found],
            "word_f1": round(word_f1(found[0].text, sample.text), 4) if sample.text else None,
        }
        for (name, sample), found in answers.items()
    ]


if __name__ == "__main__":
    main()
