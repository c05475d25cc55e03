"""The addresses of searching alone, and a bare layout, so that these tests hang on no others."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from search import views, views_saved
from search.api import SearchView

LAYOUT = "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"


def _elsewhere(request: HttpRequest, **named: Any) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("search/", views.search, name="search"),
    path("search/suppliers", views.suppliers, name="search-suppliers"),
    path("search/saved", views_saved.keep, name="search-keep"),
    path("search/saved/<uuid:saved_id>", views_saved.change, name="search-change"),
    path("search/saved/<uuid:saved_id>/delete", views_saved.delete, name="search-delete"),
    path(
        "uploads/<uuid:upload_id>/pages/<int:number>/matches",
        views.page_matches,
        name="page-matches",
    ),
    path("jobs", _elsewhere, name="jobs"),
    path("api/v1/search/", SearchView.as_view(), name="api-search"),
    path("", _elsewhere, name="home"),
    path("investigations", _elsewhere, name="investigations"),
    path("login/", _elsewhere, name="login"),
    path("documents/<uuid:document_id>/", _elsewhere, name="document"),
    path(
        "uploads/<uuid:upload_id>/pages/<int:number>-small.webp", _elsewhere, name="page-thumbnail"
    ),
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
