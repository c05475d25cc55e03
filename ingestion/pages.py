"""Pages of which a part moves: the whole and the part share an address."""

from typing import Any, cast

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def is_htmx(request: WSGIRequest) -> bool:
    return bool(cast(HtmxDetails, cast(Any, request).htmx))


def partial(request: WSGIRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = varied(render(request, template, context))
    response["Cache-Control"] = "no-store"
    return response


def varied(response: HttpResponse) -> HttpResponse:
    """The whole page and its moving part share an address; a cache must not mix them up."""
    patch_vary_headers(response, ["HX-Request"])
    return response
