"""GET /api/v1/search: hits as JSON."""

from dataclasses import fields

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents.derived import SUPPLIER_CHARS
from documents.models import DocumentStatus
from search import queries
from search.presentation import all_as_json
from search.queries import MAX_LIMIT, Mode
from search.scope import Narrow


class Question(serializers.Serializer[None]):
    """The parameters of a search."""

    q = serializers.CharField(allow_blank=True)
    project = serializers.SlugField(required=False, allow_blank=True, default="")
    type = serializers.SlugField(required=False, allow_blank=True, default="")
    status = serializers.ChoiceField(
        DocumentStatus.values, required=False, allow_blank=True, default=""
    )
    supplier = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=SUPPLIER_CHARS
    )
    first = serializers.DateField(required=False, allow_null=True, default=None)
    last = serializers.DateField(required=False, allow_null=True, default=None)
    least = serializers.DecimalField(21, 6, required=False, allow_null=True, default=None)
    most = serializers.DecimalField(21, 6, required=False, allow_null=True, default=None)
    mode = serializers.ChoiceField(choices=[mode.value for mode in Mode], default=Mode.HYBRID.value)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=10)


class SearchView(APIView):
    """What the caller may see that answers `q`; `mode` says how it was searched in the end."""

    def get(self, request: Request) -> Response:
        question = Question(data=request.query_params)
        question.is_valid(raise_exception=True)
        asked = question.validated_data
        found = queries.find(
            request.user,
            asked["q"],
            project_slug=asked["project"] or None,
            narrow=Narrow(**{field.name: asked[field.name] for field in fields(Narrow)}),
            mode=asked["mode"],
            limit=asked["limit"],
        )
        return Response(
            {
                "query": found.query,
                "mode": found.mode.value,
                "notice": found.notice,
                "hits": all_as_json(found),
            }
        )
