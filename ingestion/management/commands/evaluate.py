"""`manage.py evaluate fields|types|text|search DIR`: score the system on a folder with truth.

`--save` keeps the run, `--against` compares with one that was kept. A run that cannot be made
or compared ends with exit code 1 and, with `--json`, `{"error": {"code", "message"}}`. So does,
with all that it found, a run in which a file could not be read."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents.errors import SenderError
from ingestion import batch, comparison, evaluation, runs
from ingestion.comparison import Comparison
from ingestion.intake import Options

SHOWN = 20
MEASURES = ("precision", "recall", "f1", "fuzzy")
WIDE = 60


class Command(BaseCommand):
    help = "Reads a folder in a project of its own, scores it, and removes the project again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=["fields", "types", "text", "search"])
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument(
            "--ignore-embedded", action="store_true", help="score the print, not the file's data"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object")
        parser.add_argument("--save", metavar="FILE", type=Path, help="keep this run")
        parser.add_argument(
            "--against", metavar="FILE", type=Path, help="compare with a run that was kept"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result, compared = _run(options)
        except SenderError as fault:
            if not options["json"]:
                raise CommandError(f"{fault.message} ({fault.code})") from fault
            print(json.dumps({"error": {"code": fault.code, "message": fault.message}}))
            sys.exit(1)
        if options["json"]:
            more = {"comparison": compared.as_json()} if compared else {}
            print(json.dumps(result.as_json() | more, ensure_ascii=False))
        else:
            _tell(result)
            if compared:
                _tell_comparison(compared, options["against"])
        if result.unread:
            sys.exit(1)


def _run(options: dict[str, Any]) -> tuple[runs.Result, Comparison | None]:
    kind, folder = options["kind"], options["folder"].resolve()
    before = None
    if options["against"]:
        # What cannot be compared is refused before the folder is read, which takes long.
        before = runs.kept(options["against"])
        comparison.check_same(before, kind=kind, fingerprint=runs.fingerprint(kind, folder))
    bar = batch.Bar()
    try:
        result = evaluation.evaluate(
            kind,
            folder,
            options=Options(ignore_embedded=options["ignore_embedded"]),
            on_progress=bar,
        )
    finally:
        bar.close()
    run = result.as_json()
    if options["save"]:
        runs.keep(run, options["save"])
    return result, comparison.compare(before, run) if before else None


def _tell(result: runs.Result) -> None:
    print(f"{result.dataset}: {result.kind}, {result.n} in {result.seconds:.0f} s")
    _tell_metrics(result)
    if result.counts:
        told = result.counts
        print(
            f"  straight through: {told['straight_through']} of {told['documents']} documents, "
            f"{told['straight_through_wrong']} with a wrong value; {told['accepted_wrong']} of "
            f"{told['accepted_values']} values wrong"
        )
    if result.reliability:
        print("  confidence         values   said  right")
        for one in result.reliability:
            print(
                f"    {one.low:.2f} to {one.high:.2f} {one.n:>10}  "
                f"{one.mean_confidence:.3f}  {one.share_right:.3f}"
            )
    if result.confusion:
        print("  truth -> found")
        for (want, got), count in sorted(result.confusion.items()):
            print(f"  {want:>12} -> {got:<12} {count}")
    for error in result.errors[:SHOWN]:
        print(f"  {error}")
    for unread in result.unread:
        print(f"  not read: {unread['file']}, {unread['error']['message']}")


def _tell_metrics(result: runs.Result) -> None:
    """A line for each; those of one field, or one column of a table, share theirs."""
    metrics = result.metrics
    of_fields = {name.rpartition(".")[0] for name in metrics if name.endswith(f".{MEASURES[0]}")}
    if of_fields:
        heads = "".join(f"{head:>10}" for head in ("true", "filled", *MEASURES))
        print(f"  {'':<30}{heads}")
    for name in sorted(of_fields):
        count = result.fields[name.removeprefix("fields.")]
        shares = "".join(f"{metrics[f'{name}.{measure}']:>10.3f}" for measure in MEASURES)
        print(f"  {name:<30}{count['true']:>10}{count['filled']:>10}{shares}")
    for name, value in metrics.items():
        if name.rpartition(".")[0] not in of_fields:
            print(f"  {name:<40}{value:>10.3f}")


def _tell_comparison(compared: Comparison, path: Path) -> None:
    told = compared.counts()
    print(
        f"against {path.name}: {told['better']} documents better, {told['worse']} worse, "
        f"{told['same']} same (sign test p = {told['p_value']:.3f})"
    )
    for name, (old, new) in compared.metrics.items():
        if "." in name and not name.endswith(".f1"):
            continue
        before, after = ("-" if v is None else f"{v:.3f}" for v in (old, new))
        print(f"  {name:<42} {before} -> {after}")
    for field, of in compared.by_field().items():
        print(
            f"  {field:<42} values: {of['better']} better, {of['worse']} worse, "
            f"{of['other']} wrong in another way"
        )
    for one in sorted(
        compared.moved, key=lambda one: ("worse", "same", "better").index(one.verdict)
    ):
        print(f"{one.verdict} {one.document}")
        for change in one.changes:
            truth = "" if change.verdict == "better" else f"   (true: {_short(change.truth)})"
            print(
                f"  {change.verdict:<7}{change.name}: {_short(change.before)} -> "
                f"{_short(change.after)}{truth}"
            )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDE else f"{text[: WIDE - 1]}…"
