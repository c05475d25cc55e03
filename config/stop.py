"""`make stop`: end the web server, the workers and the embedded Postgres of this folder.

python -m config.stop
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from config import database, settings

GRACE_S = 40


def noted(folder: Path) -> list[psutil.Process]:
    """The processes that `manage.py up` wrote down; a reused pid is told by its start time."""
    found = []
    for file in folder.glob("*.pid"):
        try:
            pid, started = file.read_text().split()
            process = psutil.Process(int(pid))
            if abs(process.create_time() - float(started)) < 2:
                found.append(process)
        except (OSError, ValueError, psutil.NoSuchProcess):
            continue
    return found


def note(folder: Path, name: str, pid: int) -> None:
    """Write down a process of ours as `<name>.pid`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pid").write_text(f"{pid} {psutil.Process(pid).create_time()}")


def kill_group(pid: int) -> None:
    """SIGKILL to what is left of the process group that `pid` led; harmless where it is gone.

    A group whose leader has died keeps its number from being used again."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def stop_processes(folder: Path) -> int:
    """SIGTERM to each, SIGKILL to what is left of its group; returns their number.

    Each was started as the leader of a group of its own. A leader that is dead may have left
    workers behind."""
    processes = noted(folder)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(processes, timeout=GRACE_S)
    orphaned = [pid for pid in _noted_pids(folder) if not psutil.pid_exists(pid)]
    for pid in {*orphaned, *(process.pid for process in processes)}:
        kill_group(pid)
    for file in folder.glob("*.pid"):
        file.unlink(missing_ok=True)
    return len(processes)


def _noted_pids(folder: Path) -> list[int]:
    pids = []
    for file in folder.glob("*.pid"):
        with suppress(OSError, ValueError, IndexError):
            pids.append(int(file.read_text().split()[0]))
    return pids


def main() -> int:
    runs = settings.VAR / "run"
    count = stop_processes(runs) + stop_processes(runs / "clusters")
    had_database = settings.EMBEDDED_DATABASE and database.stop(settings.VAR)
    sys.stdout.write(f"Stopped {count} processes{' and Postgres' if had_database else ''}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
