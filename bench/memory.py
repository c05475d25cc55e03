"""Peak memory of everything that Docket runs while it ingests files, and of its engine children.

    python bench/memory.py [--limits-mb CHILD ALL] FILE...      prints a JSON object

Starts `manage.py ingest` (which starts its own workers) and adds up, four times a second, the
proportional set size of that process, all its descendants and the embedded Postgres. An engine
child counts with the programs that it starts (Tesseract). With --limits-mb the exit code is 1
where a child, or all of them together, went above it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config import database, settings  # noqa: E402

POLL_S = 0.25
CHILD = "ingestion.engines.child"


def pss_bytes(process: psutil.Process) -> int:
    """Proportional set size: shared pages count by their share (Linux, smaps_rollup)."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, psutil.Error):
        pass
    return 0


def family(pid: int) -> list[psutil.Process]:
    try:
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    except psutil.Error:
        return []


def children(processes: list[psutil.Process]) -> Iterator[int]:
    """The process ids of the engine children among some processes."""
    for process in processes:
        try:
            if CHILD in process.cmdline():
                yield process.pid
        except psutil.Error:
            continue


@dataclass(slots=True)
class Peaks:
    """The most that was seen at once, bytes: of everything, of all engine children, of each."""

    everything: int = 0
    children: int = 0
    child: dict[int, int] = field(default_factory=dict)

    def look(self, *heads: int) -> None:
        processes = {process.pid: process for head in heads for process in family(head)}
        sizes = {pid: pss_bytes(process) for pid, process in processes.items()}
        self.everything = max(self.everything, sum(sizes.values()))
        each = {
            pid: sum(sizes.get(one.pid, 0) for one in family(pid))
            for pid in children(list(processes.values()))
        }
        self.children = max(self.children, sum(each.values()))
        for pid, size in each.items():
            self.child[pid] = max(size, self.child.get(pid, 0))

    def is_above(self, child_mb: float, all_mb: float) -> bool:
        return max(self.child.values(), default=0) > child_mb * 1e6 or self.children > all_mb * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--limits-mb", nargs=2, type=float, metavar=("CHILD", "ALL"))
    options = parser.parse_args()
    database.start(settings.VAR)
    postgres = int((settings.VAR / "pg/data/postmaster.pid").read_text().split()[0])
    started = time.monotonic()
    words = ["ingest", "--json", "--project", f"bench-{int(time.time())}", *options.files]
    printed = tempfile.TemporaryFile("w+")  # noqa: SIM115  (the child holds it too)
    ingest = subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, stdout=printed)
    peaks = Peaks()
    while ingest.poll() is None:
        peaks.look(ingest.pid, postgres)
        time.sleep(POLL_S)
    printed.seek(0)
    lines = [json.loads(line) for line in printed]
    told = {
        "peak_pss_mb": round(peaks.everything / 1e6),
        "children_peak_pss_mb": round(peaks.children / 1e6),
        "child_peak_pss_mb": sorted(
            (round(one / 1e6) for one in peaks.child.values()), reverse=True
        ),
        "seconds": round(time.monotonic() - started, 1),
        "files": [{k: line[k] for k in ("file", "status", "pages", "seconds")} for line in lines],
        "workers": settings.WORKERS,
    }
    print(json.dumps(told))
    is_above = options.limits_mb is not None and peaks.is_above(*options.limits_mb)
    return ingest.returncode or int(is_above)


if __name__ == "__main__":
    sys.exit(main())
