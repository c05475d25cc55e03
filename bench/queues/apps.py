from django.apps import AppConfig


class BenchConfig(AppConfig):
    """Gives jobs of kind "process" one stage that does nothing, for the length of a bench."""

    name = "bench.queues"
    label = "bench_queues"

    def ready(self) -> None:
        from bench.queues import noop
        from ingestion import pipeline
        from ingestion.models import Kind
        from ingestion.stages.base import Stage

        pipeline.STAGES["noop"] = Stage(name="noop", module=noop)
        pipeline.OF_KIND[Kind.PROCESS] = ("noop",)
