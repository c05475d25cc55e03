"""A reader of pages in a process of its own, so that its memory can be told from others'.

    python bench/readers.py READER     reads JSON lines {"path", "number"} from stdin

Answers each with {"text", "seconds", "cpu_seconds", "by"}, at the end with {"peak_mb"}: the
most that this process or a program called by it held. READER is one of
Docket's (see `OURS`) or of those beside it (`PEERS`); a peer is given pictures of pages.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".tif": "image/tiff",
}
OURS: dict[str, dict[str, object]] = {
    "automatic": {},
    "without Tesseract": {"tesseract_cmd": ""},
    "Tesseract only": {"order": ("tesseract",)},
}
Read = Callable[[str, int], tuple[str, str]]


def ours(options: dict[str, object]) -> Read:
    from ingestion.engines.base import Limits
    from ingestion.engines.pages import AutoReader

    limits = Limits(max_pages=2000, max_pixels=100_000_000, max_side_px=2500, ocr_dpi=300)
    reader = AutoReader(threads=0, **options)  # type: ignore[arg-type]

    def read(path: str, number: int) -> tuple[str, str]:
        reading = reader.read(
            path=path,
            media_type=MEDIA_TYPES[Path(path).suffix.lower()],
            number=number,
            languages=("eng",),
            ignore_embedded=False,
            limits=limits,
        )
        return reading.text, reading.engine

    return read


def rapidocr(runtime: str) -> Read:
    """RapidOCR with its defaults, but for the runtime: "onnxruntime" (its own) or "openvino"."""
    from rapidocr import RapidOCR
    from rapidocr.utils.typings import EngineType

    kind = EngineType(runtime)
    engine = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Det.engine_type": kind,
            "Cls.engine_type": kind,
            "Rec.engine_type": kind,
        }
    )

    def read(path: str, number: int) -> tuple[str, str]:
        output: Any = engine(path)
        return "\n".join(output.txts or ()), runtime

    return read


def tesseract(path: str, number: int) -> tuple[str, str]:
    """One call of the program with its defaults."""
    told = subprocess.run(["tesseract", path, "-"], capture_output=True, check=False)
    return told.stdout.decode(errors="replace"), "tesseract"


def ocrmypdf(path: str, number: int) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        sidecar = Path(folder) / "text"
        told = subprocess.run(
            [
                str(Path(sys.executable).with_name("ocrmypdf")),
                *("--force-ocr", "--output-type", "pdf", "--quiet", "--image-dpi", "300"),
                *("--pages", str(number)),
                *("--sidecar", str(sidecar)),
                *(path, str(Path(folder) / "out.pdf")),
            ],
            capture_output=True,
            check=False,
        )
        if told.returncode:
            sys.stderr.write(told.stderr.decode(errors="replace")[-500:])
        return sidecar.read_text() if sidecar.exists() else "", "ocrmypdf"


PEERS: dict[str, Callable[[], Read]] = {
    "RapidOCR": lambda: rapidocr("onnxruntime"),
    "RapidOCR, OpenVINO": lambda: rapidocr("openvino"),
    "tesseract": lambda: tesseract,
    "OCRmyPDF": lambda: ocrmypdf,
}


def cpu_seconds() -> float:
    """Of this process and of the programs that it called and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_mb() -> int:
    """The most that was resident, here or in the largest program called."""
    return (
        max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        // 1024
    )


def main() -> None:
    name = sys.argv[1]
    read = ours(OURS[name]) if name in OURS else PEERS[name]()
    for line in sys.stdin:
        page = json.loads(line)
        cpu, start = cpu_seconds(), time.perf_counter()
        text, engine = read(page["path"], page["number"])
        told = {
            "text": text,
            "by": engine,
            "seconds": time.perf_counter() - start,
            "cpu_seconds": cpu_seconds() - cpu,
        }
        print(json.dumps(told), flush=True)
    print(json.dumps({"peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    main()
