"""Models that are not asked, since a budget is one of money and nobody said what they cost."""

from collections.abc import Sequence

from django.conf import settings

from documents import reader
from documents.language import Purpose
from documents.models import Project
from ingestion.llm.prices import price_of
from ingestion.models import Limits


def models(project: Project) -> tuple[str, ...]:
    """Models that a project's prompts ask and that have no price."""
    asked = {reader.model_of(Purpose(purpose), project) for purpose in Purpose}
    return tuple(sorted(model for model in asked if is_unpriced(model)))


def is_unpriced(model: str) -> bool:
    """Whether a project with a budget in cents may not ask a model: nobody named its price."""
    return settings.HAS_MODEL and price_of(model, settings.MODEL_PRICES) is None


def told(names: Sequence[str]) -> str:
    """What is missing where a budget is one of money, as a sentence."""
    named = " and ".join(names)
    verb, its = ("has", "its") if len(names) == 1 else ("have", "their")
    return (
        f"{named} {verb} no price, so nothing is asked under a budget in cents: name {its} price "
        f"in DOCKET_MODEL_PRICES ({names[0]}=0/0 where it is free)."
    )


def counts_money(project: Project | None) -> bool:
    """Whether a project has a budget in cents; None: whether any has."""
    rows = Limits.objects.filter(model_cents_a_day__isnull=False)
    own = rows.filter(project=project).first() if project else None
    if own is not None:
        return bool(own.model_cents_a_day)
    others = project is None and rows.filter(model_cents_a_day__gt=0).exists()
    return bool(settings.MODEL_CENTS_A_DAY) or others
