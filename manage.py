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
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
