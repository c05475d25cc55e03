"""Scanned PDFs through the whole of Docket (queue, workers, database) against OCRmyPDF.

    python -m bench.pipeline [--data DIR] [--files N] [--rounds N] [--peers PYTHON]

Makes PDFs of four scanned pages each from the pictures of DATA's ocr_pages and receipts, starts
workers and lets them read one file, so that they are warm; then the files go through
`manage.py ingest` and, one after the other, through `ocrmypdf -j 2 --force-ocr --output-type
pdf`, in turns. Prints a JSON object: pages a second of both in every round and their ratio. The
environment tells where (DOCKET_VAR) and by what (DJANGO_SETTINGS_MODULE=
bench.tesseract_settings: by Tesseract alone).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

from bench.reading import DPI, MOST_PIXELS, ROOT, pictures
from ingestion import render_image

PAGES = 4
START_S = 90.0


def made(data: Path, folder: Path, count: int) -> list[Path]:
    """`count` files, no two alike."""
    sources = [
        sample.path
        for name, every in (("ocr_pages", 1), ("receipts", 3))
        for sample in pictures(data / name, every)
    ]
    files = []
    for number in range(count):
        chosen = islice(cycle(sources), number * PAGES, (number + 1) * PAGES)
        pages = [
            render_image.draw(str(path), 1, MOST_PIXELS)[0].convert("L").rotate(number // 20)
            for path in chosen
        ]
        target = folder / f"scan-{number}.pdf"
        pages[0].save(target, "PDF", resolution=DPI, save_all=True, append_images=pages[1:])
        files.append(target)
    return files


@contextmanager
def workers() -> Iterator[None]:
    """`manage.py work`, up and well."""
    work = subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + START_S
        check = [sys.executable, "manage.py", "work", "--check"]
        while subprocess.run(check, cwd=ROOT, capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise SystemExit("The workers do not come up.")
            time.sleep(1)
        yield
    finally:
        os.kill(work.pid, signal.SIGTERM)
        work.wait()


def docket(files: list[Path]) -> float:
    """Seconds, the start of the command included."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "manage.py", "ingest", "--json", "--anew", "--project", "bench-pipeline"]
        + [str(path) for path in files],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def ocrmypdf(files: list[Path], python: str) -> float:
    program = str(Path(python).with_name("ocrmypdf"))
    start = time.perf_counter()
    for path in files:
        subprocess.run(
            [
                *(program, "-j", "2", "--force-ocr", "--output-type", "pdf", "--quiet"),
                *("--sidecar", str(path.with_suffix(".txt")), str(path), str(path) + ".out"),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peers", default=sys.executable, help="the Python that has OCRmyPDF")
    options = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        first, *files = made(options.data, Path(folder), options.files + 1)
        pages = PAGES * len(files)
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, check=True)
        with workers():
            docket([first])
            for turn in range(options.rounds):
                took = {}
                for side in ("docket", "ocrmypdf")[:: 1 if turn % 2 else -1]:
                    is_ours = side == "docket"
                    took[side] = docket(files) if is_ours else ocrmypdf(files, options.peers)
                told = {name: round(pages / seconds, 3) for name, seconds in took.items()}
                rounds.append({**told, "ratio": round(took["ocrmypdf"] / took["docket"], 2)})
                print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"pages": pages, "pages_a_second": rounds}))


if __name__ == "__main__":
    main()
