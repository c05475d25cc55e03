"""Fitting the confidences of a type anew, on what reviewers confirmed and corrected here.

Documents that went straight through were seen by nobody: they count only where a project
draws a sample of them (`Project.audit_share`)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from documents import calibration, outcomes
from documents.calibration import Curves, Sample
from documents.errors import SenderError
from documents.models import AnyUser, Calibration, record

LEAST_VALUES = 200
FOLDS = 5


class TooFewReviews(SenderError):
    """Too few reviewed values to tell what a score is worth."""

    code = "too_few_reviews"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Mean squared error of the confidences (Brier score, 0 is perfect) on values that the
    curves were not fitted on: of the engines' scores, of the curves in force, of the new ones."""

    values: int
    of_scores: float
    of_present: float
    of_new: float


def refit(type_slug: str) -> tuple[Calibration, Report]:
    """Curves from all reviews of a type, saved but not switched on. Raises TooFewReviews."""
    samples = [Sample(**row) for row in outcomes.samples(type_slug)]
    if len(samples) < LEAST_VALUES:
        raise TooFewReviews(
            f"{len(samples)} reviewed values are too few; at least {LEAST_VALUES} are needed."
        )
    report = compare(samples, present=calibration.active(type_slug))
    made = Calibration.objects.create(
        type_slug=type_slug,
        curves=calibration.fit(samples).over(calibration.shipped(type_slug)).as_json(),
        values=len(samples),
        fitted_on="reviews",
    )
    return made, report


def switch_on(made: Calibration, actor: AnyUser | None) -> None:
    """Let documents that are read from now on take these curves."""
    with transaction.atomic():
        same = Calibration.objects.select_for_update().filter(type_slug=made.type_slug)
        same.update(is_active=False)
        same.filter(pk=made.pk).update(is_active=True)
        record("calibration.switched_on", made, actor=actor, project=None)


def compare(samples: Sequence[Sample], *, present: Curves) -> Report:
    """What curves fitted on these samples would be worth on others like them."""
    mixed = list(samples)
    random.Random(0).shuffle(mixed)
    new = 0.0
    for fold in range(FOLDS):
        fitted = calibration.fit(s for n, s in enumerate(mixed) if n % FOLDS != fold)
        new += sum(_error(fitted, sample) for sample in mixed[fold::FOLDS])
    return Report(
        values=len(mixed),
        of_scores=sum(_error(calibration.NONE, sample) for sample in mixed) / len(mixed),
        of_present=sum(_error(present, sample) for sample in mixed) / len(mixed),
        of_new=new / len(mixed),
    )


def _error(curves: Curves, sample: Sample) -> float:
    worth = curves.worth(
        field=sample.field, source=sample.source, basis=sample.basis, score=sample.score
    )
    return (worth.confidence - sample.is_right) ** 2
