"""`make test`: run pytest and leave no server behind that was not there before.

python -m config.testrun [pytest's arguments]
"""

import subprocess
import sys

from config import database, settings


def main() -> int:
    was_running = settings.EMBEDDED_DATABASE and database.is_running(settings.VAR)
    code = subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]])
    if settings.EMBEDDED_DATABASE and not was_running:
        database.stop(settings.VAR)
    return code


if __name__ == "__main__":
    sys.exit(main())
