"""Every page of the site, found from the URL configuration with rows to fill in.

A page that is new is found without a word here, as long as its parameters are named after
their model (`job_id`, `saved_search_id`) or stand in `OTHERS`. Whoever needs a row that is not
there makes one in `tests/exhibits.py`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

OURS = ("documents", "search", "ingestion")
# In the admin, too; the tables of the broker have Django's plain pages and no place on our own.
IN_ADMIN = (*OURS, "auth")
# Parameters that are no model's key.
OTHERS: Mapping[str, Any] = {"number": 1, "form": "csv", "verb": "retry"}
# Pages that show more when they are asked something.
_ASKED = {"search": "q=spice+house", "retry-kind": "code=time_limit"}
# Answers that are no pages: programs read them.
_FOR_PROGRAMS = ("api-", "healthz", "readyz", "metrics", "investigation-csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A named URL of the site with its parameters filled in."""

    name: str
    path: str

    @property
    def is_admin(self) -> bool:
        return self.name.startswith("admin:")


class NoSample(LookupError):
    """There is no row to look at a page with; `tests/exhibits.py` makes them."""


def addresses(
    samples: Mapping[str, Any] | None = None, *, is_complete: bool = True
) -> Iterator[Address]:
    """Every named URL; `samples` by parameter ("job_id") or model ("ingestion.job") instead of
    the newest rows. Raises NoSample, unless a site that has no such row may do without."""
    found = dict(samples or {})
    for namespace, pattern in _patterns(get_resolver().url_patterns):
        if not pattern.name or pattern.name.startswith(_FOR_PROGRAMS):
            continue
        try:
            yield from _of_admin(pattern, found) if namespace else _of_site(pattern, found)
        except NoSample:
            if is_complete:
                raise


def pages(client: Client, samples: Mapping[str, Any] | None = None) -> Iterator[Address]:
    """Those that answer a GET with a whole page; forms' targets and parts of pages do not."""
    for address in addresses(samples):
        answer = client.get(address.path)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code == 200 and kind.startswith("text/html") and not answer.streaming:
            if b"<html" in answer.content[:1000]:
                yield address
        elif answer.status_code == 404:
            raise NoSample(f"{address.name} finds nothing at {address.path}")


def _patterns(entries: Any, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, entry.namespace or namespace)
        else:
            yield namespace, entry


def _of_site(pattern: URLPattern, found: dict[str, Any]) -> Iterator[Address]:
    values = {name: _value(name, found) for name in _parameters(pattern)}
    path = reverse(str(pattern.name), kwargs=values)
    yield Address(name=str(pattern.name), path=path)
    if pattern.name in _ASKED:
        yield Address(name=f"{pattern.name}, asked", path=f"{path}?{_ASKED[pattern.name]}")


def _of_admin(pattern: URLPattern, found: dict[str, Any]) -> Iterator[Address]:
    """A page of a model of ours, with that model's newest row, or one of no model."""
    parameters = _parameters(pattern)
    model = _model_of(str(pattern.name))
    if model and model._meta.app_label not in IN_ADMIN:
        return
    if model is None:
        if not parameters and pattern.name not in ("autocomplete", "jsi18n"):
            yield Address(name=f"admin:{pattern.name}", path=reverse(f"admin:{pattern.name}"))
        return
    values = {
        name: _newest(model, found) if name in ("object_id", "pk", "id") else _value(name, found)
        for name in parameters
    }
    name = f"admin:{pattern.name}"
    yield Address(name=name, path=reverse(name, kwargs=values))


def _model_of(name: str) -> type[Model] | None:
    """The model of "documents_document_change", where it is registered."""
    for model in admin.site._registry:
        if name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None


def _parameters(pattern: URLPattern) -> list[str]:
    known = getattr(pattern.pattern, "converters", None)
    return list(known or pattern.pattern.regex.groupindex)


def _value(name: str, found: dict[str, Any]) -> Any:
    if name not in found:
        found[name] = OTHERS[name] if name in OTHERS else _newest(_model_named(name), found)
    return found[name]


def _model_named(parameter: str) -> type[Model]:
    """The one whose name begins so: "job_id" is Job, "saved_id" SavedSearch."""
    wanted = parameter.removesuffix("_id").replace("_", "")
    known = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    for begins in (str.__eq__, str.startswith):
        found = [model for model in known if begins(str(model._meta.model_name), wanted)]
        if len(found) == 1:
            return found[0]
    raise NoSample(f"No model of ours is called {wanted!r}; see OTHERS in tests/sitemap.py.")


def _newest(model: type[Model], found: dict[str, Any]) -> Any:
    label = model._meta.label_lower
    if label not in found:
        found[label] = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    if found[label] is None:
        raise NoSample(f"No row of {label}; tests/exhibits.py makes them.")
    return found[label]
