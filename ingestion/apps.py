from pathlib import Path

from django.apps import AppConfig
from django.conf import settings


class IngestionConfig(AppConfig):
    name = "ingestion"

    def ready(self) -> None:
        from config import checks  # noqa: F401  (registers the system checks)
        from ingestion import workers

        for folder in (settings.SCRATCH, settings.STATIC_ROOT):
            Path(folder).mkdir(parents=True, exist_ok=True)
        workers.listen()
