"""`manage.py calibrate TYPE`: fit the confidences of a document type to what reviewers found."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents import recalibration
from documents.errors import SenderError


class Command(BaseCommand):
    help = "Fits confidences to reviewed values; the fit counts once it is switched on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("type", metavar="TYPE", help="slug of a document type, e.g. bill")
        parser.add_argument("--switch-on", action="store_true", help="use the new fit at once")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made, report = recalibration.refit(options["type"])
        except SenderError as fault:
            raise CommandError(f"{fault.code}: {fault.message}") from fault
        print(f"{report.values} reviewed values; mean squared error on values not fitted on:")
        print(f"  the engines' own scores  {report.of_scores:.4f}")
        print(f"  the curves in force      {report.of_present:.4f}")
        print(f"  the new curves           {report.of_new:.4f}")
        if options["switch_on"]:
            recalibration.switch_on(made, None)
            print("The new curves are in force.")
        else:
            print(f"Saved as number {made.pk}; switch it on in the admin, or with --switch-on.")
