"""Embedders behind a server are told apart by its address, too: those that are there get the name
that their settings give them now, and keep their vectors."""

from typing import Any
from urllib.parse import urlsplit

from django.db import migrations

BACKEND = "search.engines.openai.OpenAI"
OPENAI_URL = "https://api.openai.com/v1"
NAME_CHARS = 100


def name(apps: Any, schema_editor: Any) -> None:
    for row in apps.get_model("search", "Embedder").objects.filter(config__BACKEND=BACKEND):
        options = row.config.get("OPTIONS", {})
        parts = urlsplit(options.get("base_url") or OPENAI_URL)
        host = parts.netloc.rpartition("@")[2].lower()
        place = host + parts.path.rstrip("/").removesuffix("/v1")
        named = f"{options.get('model', '')}-{row.dimension}@{place}"
        if len(named) <= NAME_CHARS:
            row.name = named
            row.save(update_fields=["name"])


class Migration(migrations.Migration):
    dependencies = [("search", "0009_names_of_recipients")]
    operations = [migrations.RunPython(name, migrations.RunPython.noop)]
