"""Peak memory of everything that Docket runs while it ingests files.

    python bench/memory.py FILE...      prints a JSON object

Starts `manage.py ingest` (which starts its own workers) and adds up, every second, the
proportional set size of that process, all its descendants and the embedded Postgres.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from config import database, settings  # noqa: E402


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


def main() -> int:
    database.start(settings.VAR)
    postgres = int((settings.VAR / "pg/data/postmaster.pid").read_text().split()[0])
    started = time.monotonic()
    words = ["ingest", "--json", "--project", f"bench-{int(time.time())}", *sys.argv[1:]]
    printed = tempfile.TemporaryFile("w+")  # noqa: SIM115  (the child holds it too)
    ingest = subprocess.Popen([sys.executable, "manage.py", *words], cwd=ROOT, stdout=printed)
    peak = 0
    while ingest.poll() is None:
        peak = max(peak, sum(pss_bytes(p) for p in [*family(ingest.pid), *family(postgres)]))
        time.sleep(1)
    printed.seek(0)
    lines = [json.loads(line) for line in printed]
    told = {
        "peak_pss_mb": round(peak / 1e6),
        "seconds": round(time.monotonic() - started, 1),
        "files": [{k: line[k] for k in ("file", "status", "pages", "seconds")} for line in lines],
        "workers": settings.WORKERS,
    }
    print(json.dumps(told))
    return ingest.returncode


if __name__ == "__main__":
    sys.exit(main())
