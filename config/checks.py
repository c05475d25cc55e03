"""System checks: what must be true of the settings and the database before anything runs."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, register
from django.db import connections
from django.db.utils import OperationalError


@register()
def secret_key_is_shared(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    if settings.DATABASE_URL and not settings.SECRET_KEY:
        return [
            Error(
                "DATABASE_URL is set but SECRET_KEY is not.",
                hint="Every machine on one database needs the same SECRET_KEY: queue messages "
                "signed with another key are dropped. Set it to 50 random characters.",
                id="docket.E001",
            )
        ]
    return []


@register()
def engines_can_be_found(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    errors = []
    for purpose, config in settings.ENGINES.items():
        module, _, name = config["BACKEND"].rpartition(".")
        try:
            getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as fault:
            errors.append(
                Error(
                    f"ENGINES[{purpose!r}] names {config['BACKEND']}, which cannot be loaded.",
                    hint=str(fault),
                    id="docket.E002",
                )
            )
    return errors


@register()
def einvoice_keys_can_be_read(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[Error]:
    """Without them every extraction would fail: no signature passes for lack of its key."""
    if not settings.EINVOICE_KEYS:
        return []
    from ingestion.engines.signatures import UnreadableKeys, read_keys

    try:
        read_keys(settings.EINVOICE_KEYS)
    except UnreadableKeys as fault:
        return [
            Error(
                "DOCKET_EINVOICE_KEYS names keys that cannot be used.",
                hint=f"{fault} It takes public RSA keys of 2,048 bits or more as PEM or JWKS.",
                id="docket.E007",
            )
        ]
    return []


@register()
def vectors_can_be_kept(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    """pgvector's halfvec has up to 16,000 numbers; nothing tells those of a model beforehand."""
    if not settings.EMBED_MODEL or 1 <= settings.EMBED_DIMENSION <= 16_000:
        return []
    return [
        Error(
            "DOCKET_EMBED_MODEL is set, but DOCKET_EMBED_DIMENSION is not from 1 to 16,000.",
            hint="Set it to how many numbers a vector of the model has.",
            id="docket.E008",
        )
    ]


@register()
def prices_of_models_can_be_read(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[Error]:
    """A price that is not understood would let a budget of money be passed unseen."""
    from ingestion.llm.prices import parse

    try:
        parse(settings.MODEL_PRICES)
    except ValueError as fault:
        return [
            Error(
                "DOCKET_MODEL_PRICES cannot be read.",
                hint=f"{fault} The two are US dollars for a million tokens in and out.",
                id="docket.E009",
            )
        ]
    return []


@register()
def calls_are_kept_for_the_charts(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[Error]:
    from ingestion.spending import PERIODS

    charted_d = max(PERIODS.values())
    if charted_d < settings.MODEL_CALLS_KEPT_D:
        return []
    return [
        Error(
            f"DOCKET_MODEL_CALLS_KEPT_D is {settings.MODEL_CALLS_KEPT_D}.",
            hint=f"Keep it above {charted_d}: the charts of spending go back so many days.",
            id="docket.E011",
        )
    ]


@register()
def model_has_an_address(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[Error]:
    address = settings.OPENAI_BASE_URL
    if not address or address.startswith(("http://", "https://")):
        return []
    return [
        Error(
            "OPENAI_BASE_URL is no address of a web server.",
            hint="Write it like http://127.0.0.1:8080/v1, or leave it empty for OpenAI's own.",
            id="docket.E010",
        )
    ]


@register()
def steps_end_before_their_task(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[Error]:
    """django-q2 ends a task by killing it; a step must end by its own limit before that."""
    longest = settings.TASK_TIMEOUT_S - settings.TASK_RESERVE_S
    return [
        Error(
            f"STEP_LIMIT_S[{stage!r}] is {limit} s, above {longest} s.",
            hint=f"Keep it {settings.TASK_RESERVE_S} s below TASK_TIMEOUT_S.",
            id="docket.E003",
        )
        for stage, limit in settings.STEP_LIMIT_S.items()
        if limit > longest
    ]


@register("database")
def database_is_able(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[Error]:
    """Postgres 15 or later with pgvector 0.8 or later."""
    hint = "Point DATABASE_URL at a Postgres 15 or later with pgvector 0.8 or later, or unset it."
    errors = []
    for alias in databases or ():
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "SELECT current_setting('server_version_num')::int, coalesce(("
                    " SELECT coalesce(installed_version, default_version)"
                    " FROM pg_available_extensions WHERE name = 'vector'), '')"
                )
                version, vector = cursor.fetchone() or (0, "")
        except OperationalError as fault:
            errors.append(Error(f"No connection to Postgres: {fault}", hint=hint, id="docket.E004"))
            continue
        if version < 150_000:
            errors.append(Error(f"Postgres {version} is too old.", hint=hint, id="docket.E005"))
        if not vector or tuple(int(n) for n in vector.split(".")[:2]) < (0, 8):
            found = f"is {vector}" if vector else "is missing"
            errors.append(Error(f"pgvector {found}.", hint=hint, id="docket.E006"))
    return errors
