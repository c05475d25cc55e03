"""`make stop`: end the web server, the workers and the embedded Postgres of this folder.

python -m config.stop
"""

import sys
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
            file.unlink(missing_ok=True)
    return found


def note(folder: Path, name: str, pid: int) -> None:
    """Write down a process of ours as `<name>.pid`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pid").write_text(f"{pid} {psutil.Process(pid).create_time()}")


def stop_processes(folder: Path) -> int:
    """SIGTERM to each, SIGKILL to what is left after the grace period; returns their number."""
    processes = noted(folder)
    for process in processes:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, left = psutil.wait_procs(processes, timeout=GRACE_S)
    for process in left:
        process.kill()
    for file in folder.glob("*.pid"):
        file.unlink(missing_ok=True)
    return len(processes)


def main() -> int:
    count = stop_processes(settings.VAR / "run")
    had_database = settings.EMBEDDED_DATABASE and database.stop(settings.VAR)
    sys.stdout.write(f"Stopped {count} processes{' and Postgres' if had_database else ''}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
