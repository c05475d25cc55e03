from django.apps import AppConfig


class IngestionConfig(AppConfig):
    name = "ingestion"

    def ready(self) -> None:
        from config import checks  # noqa: F401  (registers the system checks)
        from ingestion import workers

        workers.listen()
