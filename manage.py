#!/usr/bin/env python
"""Docket's command line; starts the embedded Postgres first where the settings ask for it."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import database, settings

    if not settings.SECRET_KEY:
        sys.exit(
            "DATABASE_URL is set but SECRET_KEY is not. Set it to 50 random characters, the same "
            "on every machine: queue messages signed with another key are dropped."
        )
    if settings.EMBEDDED_DATABASE:
        database.start(settings.VAR)
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except BrokenPipeError:
        # Whoever read our output has gone; so has the wish for the rest of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OperationalError as fault:
        sys.exit(f"The database does not answer; what is queued goes on when it does. {fault}")


if __name__ == "__main__":
    main()
