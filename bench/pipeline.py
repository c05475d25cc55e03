"""Scans through the whole of Docket (queue, workers, database) against OCRmyPDF.

    python -m bench.pipeline [--data DIR] [--files N] [--pages N] [--rounds N]
                             [--ocrmypdf PROGRAM] [--tesseract PROGRAM]

Makes PDFs of scanned pages (`--pages` in each, one by default: a pile of letters) from the
pictures of DATA's ocr_pages and receipts, starts workers and lets them read one file, so that
they are warm. Then, in an order that turns with the round, the files go

    docket     through `manage.py ingest`
    ocrmypdf   one after the other through `ocrmypdf`, with its own defaults
    bare       as pictures of 300 dpi, drawn beforehand, through `tesseract PICTURE OUT`, two at
               a time on one core each: what nothing that calls Tesseract can be faster than

Prints a JSON object: of every round the pages a second of each, and Docket's as a ratio to the
others'. The environment tells where (DOCKET_VAR) and by what (DJANGO_SETTINGS_MODULE=
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
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from bench.reading import DPI, MOST_PIXELS, ROOT, pictures
from ingestion import render_image, render_pdf

AT_A_TIME = 2
START_S = 90.0


def made(data: Path, folder: Path, count: int, each: int) -> list[Path]:
    """`count` files of `each` pages, no two alike."""
    sources = [
        sample.path
        for name, every in (("ocr_pages", 1), ("receipts", 3))
        for sample in pictures(data / name, every)
    ]
    files = []
    for number in range(count):
        chosen = islice(cycle(sources), number * each, (number + 1) * each)
        drawn = [render_image.draw(str(path), 1, MOST_PIXELS)[0].convert("L") for path in chosen]
        pages = [page.rotate(number * each // len(sources)) for page in drawn]
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


def ocrmypdf(files: list[Path], program: str) -> float:
    start = time.perf_counter()
    for path in files:
        subprocess.run(
            [program, "--quiet", str(path), str(path) + ".out"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
    return time.perf_counter() - start


def drawn(files: list[Path], each: int) -> list[Path]:
    """A picture of every page, beside its file."""
    pictures = []
    for path in files:
        for number in range(1, each + 1):
            page, _ = render_pdf.draw(str(path), number, DPI, MOST_PIXELS, "")
            pictures.append(path.with_name(f"{path.stem}-{number}.png"))
            page.convert("L").save(pictures[-1], dpi=(DPI, DPI), compress_level=1)
    return pictures


def bare(pictures: list[Path], program: str) -> float:
    def read(picture: Path) -> None:
        subprocess.run(
            [program, str(picture), str(picture.with_suffix(""))],
            check=True,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )

    start = time.perf_counter()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(read, pictures))
    return time.perf_counter() - start


def told(sides: Mapping[str, Callable[[], float]], first: int, pages: int) -> dict[str, float]:
    """The figures of a round that begins with the side number `first`."""
    names = list(sides)
    took = {name: sides[name]() for name in names[first:] + names[:first]}
    return {
        **{name: round(pages / took[name], 3) for name in names},
        **{f"docket/{name}": round(took[name] / took["docket"], 2) for name in names[1:]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--pages", type=int, default=1, help="in a file")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ocrmypdf", default="ocrmypdf", help="the program to call")
    parser.add_argument("--tesseract", default="tesseract", help="the program to call")
    options = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        first, *files = made(options.data, Path(folder), options.files + 1, options.pages)
        pictures = drawn(files, options.pages)
        sides = {
            "docket": partial(docket, files),
            "ocrmypdf": partial(ocrmypdf, files, options.ocrmypdf),
            "bare": partial(bare, pictures, options.tesseract),
        }
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=ROOT, check=True)
        with workers():
            docket([first])
            for turn in range(options.rounds):
                rounds.append(told(sides, turn % len(sides), len(pictures)))
                print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"pages": len(pictures), "rounds": rounds}))


if __name__ == "__main__":
    main()
