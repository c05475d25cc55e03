"""Two sentences of the front page: how right it is, and what it costs. A query each."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from documents.models import AnyUser, Outcome
from documents.presentation import told_cost
from ingestion import spending
from ingestion.charts_shares import percent

DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What people found of late, and what language models took."""

    accuracy: str
    cost: str


def of(user: AnyUser) -> Glance:
    return Glance(accuracy=_accuracy(user), cost=_cost(user))


def _accuracy(user: AnyUser) -> str:
    since = timezone.now() - timedelta(days=DAYS)
    seen = Outcome.objects.visible_to(user).filter(at__gte=since).order_by()
    counts = seen.aggregate(values=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    if not counts["values"]:
        return f"Nobody reviewed a document in the last {DAYS} days, so nothing is known."
    share = percent(counts["right"], counts["values"])
    return f"{share} of the {counts['values']:,} values that people looked at were right as read."


def _cost(user: AnyUser) -> str:
    if not settings.HAS_MODEL:
        return "Nothing: no language model is set up."
    whole = spending.overall(spending.Asked(user=user, project=None, days=DAYS))
    if not whole.calls:
        return "Nothing: no language model was asked."
    many = "call" if whole.calls == 1 else "calls"
    return f"{told_cost(whole.microcents)} for {whole.calls:,} {many} of language models."
