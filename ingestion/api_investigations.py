"""JSON API: questions over a project. Every member may ask, and sees what others asked."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents.models import AnyUser, Project
from ingestion import investigating
from search.investigation import MAX_QUESTION_CHARS, Form, Investigation

LISTED = 50
MAX_ROWS = 1_000


class _Asked(serializers.Serializer[Any]):
    project = serializers.SlugField(default="default")
    question = serializers.CharField(max_length=MAX_QUESTION_CHARS)
    form = serializers.ChoiceField(Form.values, default=Form.ANSWER.value)


class _Listed(serializers.Serializer[Any]):
    project = serializers.SlugField(default="", allow_blank=True)


class _Shown(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_ROWS, default=100)


class InvestigationsView(APIView):
    """POST /api/v1/investigations: 202 and a question on its way, or 201 and a list at once.

    GET: the newest fifty, of one project with `project`, without passages and rows."""

    def get(self, request: Request) -> Response:
        seen = Investigation.objects.visible_to(request.user).listed()
        wanted = _Listed(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        if slug := wanted.validated_data["project"]:
            seen = seen.filter(project__slug=slug)
        return Response([investigating.as_json(asked) for asked in seen[:LISTED]])

    def post(self, request: Request) -> Response:
        asked = _Asked(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        own = Project.objects.visible_to(request.user).filter(slug=values["project"])
        project = own.first()
        if project is None:
            raise Http404
        is_list = values["form"] == Form.LIST
        verb = investigating.make_list if is_list else investigating.ask
        made = verb(project, values["question"], user=request.user)
        return Response(
            investigating.as_json_whole(_seen(request, made.pk), request.user),
            status=201 if is_list else 202,
            headers={"Location": f"/api/v1/investigations/{made.pk}"},
        )


class InvestigationView(APIView):
    """GET /api/v1/investigations/{id}: the answer with its citations, or the filters with up to
    `limit` rows and the sums of all. DELETE: for whoever asked, and operators."""

    def get(self, request: Request, id: UUID) -> Response:
        shown = _Shown(data=request.query_params)
        shown.is_valid(raise_exception=True)
        limit = shown.validated_data["limit"]
        asked = _seen(request, id)
        return Response(investigating.as_json_whole(asked, request.user, limit=limit))

    def delete(self, request: Request, id: UUID) -> Response:
        investigating.delete(_seen(request, id), request.user)
        return Response(status=204)


class CancelView(APIView):
    """POST /api/v1/investigations/{id}/cancel"""

    def post(self, request: Request, id: UUID) -> Response:
        return _steer(request, id, investigating.cancel)


class RetryView(APIView):
    """POST /api/v1/investigations/{id}/retry"""

    def post(self, request: Request, id: UUID) -> Response:
        return _steer(request, id, investigating.retry)


def _steer(request: Request, id: UUID, verb: Callable[[Investigation, AnyUser], None]) -> Response:
    verb(_seen(request, id), request.user)
    return Response(investigating.as_json(_seen(request, id)))


def _seen(request: Request, id: UUID) -> Investigation:
    seen = Investigation.objects.visible_to(request.user).select_related("project", "job")
    asked = seen.filter(pk=id).first()
    if asked is None:
        raise Http404
    return asked
