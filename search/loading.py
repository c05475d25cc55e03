"""How an embedder is loaded: from the settings, or from what they were, kept without its key."""

import json
from functools import lru_cache
from typing import Any

from django.conf import settings

from config import engines
from config.engines import EngineConfig, EngineUnavailable
from search.engines import base

_SECRETS = ("api_key",)
# Beside the options in `Embedder.config`: whether there was a key, which is not kept.
NEEDS_KEY = "NEEDS_KEY"


def key_of(address: str) -> str:
    """The key for a server, empty where none is known; an empty address is OpenAI's own."""
    known = (
        (settings.EMBED_OLD_BASE_URL, settings.EMBED_OLD_API_KEY),
        (settings.EMBED_BASE_URL, settings.EMBED_API_KEY),
    )
    return next((str(key) for url, key in known if url == address and key), "")


@lru_cache(maxsize=4)
def loaded(chosen: str) -> base.Embedder:
    """The engine of a configuration (JSON). Raises EngineUnavailable `embedder_unknown`."""
    try:
        engine: base.Embedder = engines.load(json.loads(chosen))
    except (ImportError, AttributeError, KeyError, TypeError, ValueError) as fault:
        message = "The model that made the vectors cannot be loaded."
        raise EngineUnavailable(message, "embedder_unknown") from fault
    return engine


def named_by_settings() -> base.Embedder:
    """The engine that the settings of this process name."""
    return loaded(json.dumps(settings.ENGINES["embed"], sort_keys=True))


def without_secrets(chosen: EngineConfig) -> dict[str, Any]:
    """What `Embedder.config` keeps of a configuration."""
    given = chosen.get("OPTIONS", {})
    options = {name: value for name, value in given.items() if name not in _SECRETS}
    return {**chosen, "OPTIONS": options, NEEDS_KEY: bool(given.get("api_key"))}
