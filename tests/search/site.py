"""The addresses of searching alone, and a bare layout, so that these tests hang on no others."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from search.api import SearchView
from search.views import search

LAYOUT = "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"


def _elsewhere(request: HttpRequest, **named: Any) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("search/", search, name="search"),
    path("api/v1/search/", SearchView.as_view(), name="api-search"),
    path("", _elsewhere, name="home"),
    path("investigations", _elsewhere, name="investigations"),
    path("login/", _elsewhere, name="login"),
    path("documents/<uuid:document_id>/", _elsewhere, name="document"),
    path("uploads/<uuid:upload_id>/pages/<int:number>.webp", _elsewhere, name="page-image"),
]


def bare_layout(settings: Any) -> None:
    (engine,) = settings.TEMPLATES
    options = {name: value for name, value in engine["OPTIONS"].items() if name != "loaders"}
    loaders = [
        ("django.template.loaders.locmem.Loader", {"base.html": LAYOUT}),
        "django.template.loaders.filesystem.Loader",
        "django.template.loaders.app_directories.Loader",
    ]
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": {**options, "loaders": loaders}}]
