"""Objections to a field that the page names more than once, and not alike."""

from collections.abc import Collection, Sequence

from documents.fields import squeeze
from ingestion.engines.base import Objection
from ingestion.engines.rules.near import Candidate

_AS_GOOD = 0.93  # of the best candidate's score: its label says no less
_SURE = 0.85  # a label that can mean nothing else; several vague ones ("No", "Date") are usual


def named_twice(
    field: str, title: str, found: Sequence[Candidate], *, body: Collection[int]
) -> tuple[Objection, ...]:
    """An objection where another value stands beside a label as good as the chosen one's.

    found: best first; body: the lines of the items, which name other papers than this one. A
    value that is part of the other is the same with or without a series or a year."""
    if not found or found[0].score < _SURE:
        return ()
    best = found[0]
    for other in found[1:]:
        one, two = squeeze(best.value), squeeze(other.value)
        if one in two or two in one or other.line in body:
            continue
        if other.score >= _AS_GOOD * best.score:
            message = f"The page names two {title}: {best.value} and {other.value}."
            return (Objection(code="named_twice", field=field, message=message),)
    return ()
