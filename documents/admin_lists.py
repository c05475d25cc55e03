"""What lists of the admin share so that they stay fast over a million rows: a count that ends,
and filters that offer what there can be without asking every row."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from documents.models import Page

COUNTED_ROWS = 10_000


class CappedPaginator(Paginator[Any]):
    """Counts to 10,000: nobody turns further, and a full count costs more than it tells."""

    @cached_property
    def count(self) -> int:
        return cast(Any, self.object_list)[:COUNTED_ROWS].count()  # type: ignore[no-any-return]


class CouldBeRead(admin.SimpleListFilter):
    """Whether a page was read."""

    title = "reading"
    parameter_name = "reading"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("done", "Read"), ("failed", "Could not be read")]

    def queryset(self, request: HttpRequest, rows: "QuerySet[Page]") -> "QuerySet[Page]":
        if self.value() == "done":
            return rows.filter(error_code="")
        return rows.filter(error_code__gt="") if self.value() == "failed" else rows


class OfMediaType(admin.SimpleListFilter):
    """The kind of a file, by the first part of its media type."""

    title = "kind of file"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("application/pdf", "PDF"), ("image/", "Picture"), ("text/", "Text, e-invoice")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(media_type__startswith=self.value()) if self.value() else rows


class ByVerb(admin.SimpleListFilter):
    """What was done, by the verbs of the newest events."""

    title = "what was done"
    parameter_name = "verb"
    newest = 2_000

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        seen = model_admin.model.objects.order_by("-pk").values_list("verb", flat=True)
        return [(verb, verb.replace(".", ": ").replace("_", " ")) for verb in _known(seen)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(verb=self.value()) if self.value() else rows


def _known(verbs: Any) -> list[str]:
    return sorted(set(verbs[: ByVerb.newest]))
