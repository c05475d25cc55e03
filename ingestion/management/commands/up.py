"""`manage.py up`: migrate, then web server and workers until Ctrl-C."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from ingestion import serving


class Command(BaseCommand):
    help = "Serves the pages and runs the workers."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        if settings.PRODUCTION:
            call_command("collectstatic", interactive=False, verbosity=0)
        password = serving.make_operator()
        try:
            with serving.serving() as served:
                tell_address(served, password)
                serving.wait_for_end(served)
        except serving.CannotServe as fault:
            raise CommandError(str(fault)) from fault


def tell_address(served: serving.Serving, password: str) -> None:
    print(f"\n  Docket is at {served.url}")
    if password:
        print(f"  Sign in as {serving.OPERATOR} with the password {password} (shown this once)")
    else:
        print(f"  Sign in as {serving.OPERATOR}, with the password shown at the first start")
        print(f"  (`manage.py changepassword {serving.OPERATOR}` sets a new one)")
    print("  Ctrl-C ends it, `make stop` ends its Postgres, too; the data stays.\n", flush=True)
