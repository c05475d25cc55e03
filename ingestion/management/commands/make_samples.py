"""Makes sample papers with known truth; needs neither database nor network."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from samples.maker import VARIANTS, make_samples
from samples.shelf import FILE_KINDS


class Command(BaseCommand):
    help = "Write invented bills, e-way bills and other papers, and what is true of them."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--count", type=int, default=30)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--variants", default="", help=f"of {','.join(VARIANTS)}; dealt in turn"
        )
        parser.add_argument("--kinds", default="", help=f"only these of {','.join(FILE_KINDS)}")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] < 1:
            raise CommandError("--count must be at least 1.")
        make_samples(
            options["folder"],
            count=options["count"],
            seed=options["seed"],
            variants=_chosen("--variants", options["variants"], VARIANTS),
            kinds=_chosen("--kinds", options["kinds"], tuple(FILE_KINDS)),
            report=self.stderr.write,
        )


def _chosen(option: str, text: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if wrong := [name for name in names if name not in allowed]:
        raise CommandError(f"{option}: {', '.join(wrong)} is none of {', '.join(allowed)}.")
    return names
