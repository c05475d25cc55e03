"""GET /api/v1/search: hits as JSON."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from search import queries
from search.presentation import as_json
from search.queries import MAX_LIMIT, Mode


class Question(serializers.Serializer[None]):
    """The parameters of a search."""

    q = serializers.CharField(allow_blank=True)
    project = serializers.SlugField(required=False, allow_blank=True, default="")
    type = serializers.SlugField(required=False, allow_blank=True, default="")
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
            type_slug=asked["type"] or None,
            mode=asked["mode"],
            limit=asked["limit"],
        )
        return Response(
            {
                "query": found.query,
                "mode": found.mode.value,
                "notice": found.notice,
                "hits": [as_json(hit) for hit in found.hits],
            }
        )
