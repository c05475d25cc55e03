"""JSON API: who is at work, and who is paused; for superusers, since workers serve all projects."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents.errors import NotAllowed
from ingestion import workers
from ingestion.models import Control, WorkerBeat


class _HostRequest(serializers.Serializer[Any]):
    host = serializers.CharField(default="", allow_blank=True, max_length=100)


class WorkersView(APIView):
    """GET /api/v1/workers: who is at work on what, and who is paused; for superusers."""

    def get(self, request: Request) -> Response:
        _superuser(request)
        paused = Control.objects.filter(is_paused=True).values_list("host", flat=True)
        return Response(
            {
                "paused": "" in paused,
                "paused_hosts": sorted(host for host in paused if host),
                "workers": [
                    {
                        "name": beat.name,
                        "host": beat.host,
                        "step": beat.step_id,
                        "stage": beat.step.stage if beat.step else None,
                        "memory_bytes": beat.memory_bytes,
                        "seen_at": beat.seen_at,
                    }
                    for beat in WorkerBeat.objects.select_related("step")
                ],
            }
        )


class PauseView(APIView):
    """POST /api/v1/workers/pause: all hosts, or the `host` named; steps at work finish."""

    is_paused = True

    def post(self, request: Request) -> Response:
        _superuser(request)
        asked = _HostRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        host = asked.validated_data["host"]
        workers.set_paused(self.is_paused, request.user, of_host=host)
        return Response({"host": host, "paused": self.is_paused})


class ResumeView(PauseView):
    """POST /api/v1/workers/resume: the same the other way."""

    is_paused = False


def _superuser(request: Request) -> None:
    if not getattr(request.user, "is_superuser", False):
        raise NotAllowed("The workers serve all projects; only a superuser holds them.")
