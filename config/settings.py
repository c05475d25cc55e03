"""Every setting of Docket, read from the environment here and nowhere else.

Importing this module starts nothing. Units are in the names; the README's table of settings
is tested against this file.
"""

import os
import secrets
import socket
from pathlib import Path
from typing import Any

import django_stubs_ext

from config import broker, database, logs
from config.engines import EngineConfig

# Lets `ModelAdmin[Job]` and its like be written at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent


def _text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value else default


def _list(name: str, default: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def _cores() -> int:
    """Cores that this process may use: those of a container, too (cgroup v2, cpu.max)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return min(cores or 1, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or "max", which is no number
        return cores or 1


def _own_secret(path: Path) -> str:
    """A secret made once for this folder, readable by its owner only."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48))
    if os.geteuid() == 0:
        os.chown(draft, path.parent.stat().st_uid, -1)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


# --- Where things lie -------------------------------------------------------------------
VAR = Path(_text("DOCKET_VAR", str(BASE_DIR / "var"))).resolve()
PRODUCTION = _text("DOCKET_ENV", "local") == "production"
DEBUG = False

DATABASE_URL = _text("DATABASE_URL")
EMBEDDED_DATABASE = not DATABASE_URL
# `off` behind a pooler in transaction mode, which passes on neither notices nor options.
LISTEN = _text("DOCKET_LISTEN", "auto") != "off"
DATABASES: dict[str, dict[str, Any]] = {
    "default": database.embedded(VAR) if EMBEDDED_DATABASE else database.from_url(DATABASE_URL)
}
if DATABASE_URL and LISTEN:
    DATABASES["default"] = database.with_server_limits(DATABASES["default"])
# Reconnecting for every task cost a factor of ten of the queue's throughput.
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# django-q2 drops messages that were signed with another key, so machines that share a
# database must share this one; a system check refuses DATABASE_URL without it.
SECRET_KEY = _text("SECRET_KEY") or (_own_secret(VAR / "secret_key") if EMBEDDED_DATABASE else "")

STORAGE = _text("DOCKET_STORAGE", "local")
_default_storage: dict[str, Any] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": str(VAR / "media"), "allow_overwrite": True},
}
if STORAGE == "s3":
    from botocore.config import Config  # type: ignore[import-untyped]

    _default_storage = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _text("DOCKET_S3_BUCKET"),
            "endpoint_url": _text("DOCKET_S3_ENDPOINT") or None,
            "region_name": _text("DOCKET_S3_REGION") or None,
            "file_overwrite": True,
            "querystring_auth": True,
            # A bucket that does not answer is given up before a step's lease runs out.
            "client_config": Config(
                connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2}
            ),
        },
    }
STORAGES: dict[str, dict[str, Any]] = {
    "default": _default_storage,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
SCRATCH = VAR / "scratch"

# --- The site ---------------------------------------------------------------------------
HOST = _text("DOCKET_HOST", "127.0.0.1")
PORT = _number("DOCKET_PORT", 8000)
ALLOWED_HOSTS = _list("DOCKET_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = _list("DOCKET_TRUSTED_ORIGINS", "")
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_q",
    "django_htmx",
    "rest_framework",
    "documents",
    "search",
    "ingestion",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.security.content_security_policy",
    "ingestion.metrics.write_after_request",
    "ingestion.health.without_session",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.uploads.refuse_files_of_strangers",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "documents.roles.in_templates",
            ],
        },
    }
]
CACHES = {
    "default": {
        # A cache in memory would hide the cluster's state from every other process.
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "docket_cache",
    }
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = _text("TIME_ZONE", "UTC")
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True

IS_LOOPBACK = HOST in ("127.0.0.1", "::1", "localhost")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION or not IS_LOOPBACK
SECURE_SSL_REDIRECT = PRODUCTION
# Probes and scrapers come straight to the process, by plain http. A redirect would protect
# nothing: by then the scraper has sent its token.
PROBES = ("/healthz", "/readyz")
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]
METRICS_TOKEN = _text("DOCKET_METRICS_TOKEN")
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "config.api.problem",
}

# --- What one file may cost ---------------------------------------------------------------
MAX_FILE_BYTES = _number("DOCKET_MAX_FILE_BYTES", 1_000_000_000)
MAX_PAGES = _number("DOCKET_MAX_PAGES", 5_000)
MAX_PIXELS = _number("DOCKET_MAX_PIXELS", 120_000_000)
MAX_FILES_PER_UPLOAD = _number("DOCKET_MAX_FILES_PER_UPLOAD", 500)
PAGE_IMAGE_SIDE_PX = 2_500
OCR_DPI = 300
FILE_UPLOAD_HANDLERS = ["config.uploads.BoundedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = str(SCRATCH)
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_FILES_PER_UPLOAD
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# --- Review -------------------------------------------------------------------------------
# How long nobody else gets a document that a person has opened, after their last sign of life.
REVIEW_HOLD_S = _number("DOCKET_REVIEW_HOLD_S", 900)

# --- The queue ------------------------------------------------------------------------------
HOST_NAME = socket.gethostname()
WORKERS = _number("DOCKET_WORKERS", _cores())
TASK_TIMEOUT_S = 300
# django-q2 ends a task by killing it; its last step must have ended by its own limit before.
TASK_RESERVE_S = 60
# How long a task goes on claiming before it makes way; a token follows if work remains.
TASK_SPAN_S = 20
LEASE_S = 30
LEASE_RENEWAL_S = 5
CANCEL_CHECK_S = 2
MAX_ATTEMPTS = _number("DOCKET_MAX_ATTEMPTS", 3)
MAX_LOSSES = _number("DOCKET_MAX_LOSSES", 10)
BACKOFF_BASE_S = _number("DOCKET_BACKOFF_BASE_S", 5)
BACKOFF_FACTOR = _number("DOCKET_BACKOFF_FACTOR", 2)
BACKOFF_MAX_S = 600
AGEING_S = _number("DOCKET_AGEING_S", 600)
JOB_LIMIT_S = _number("DOCKET_JOB_LIMIT_S", 3_600)
CAPTURE_LIMIT_S = _number("DOCKET_CAPTURE_LIMIT_S", 300)
CAPTURES_AT_ONCE = _number("DOCKET_CAPTURES_AT_ONCE", 5)
# Jobs that one order of a person takes up: more would outlast a web request's patience.
JOBS_AT_ONCE = 500
BACKLOG_BATCH = _number("DOCKET_BACKLOG_BATCH", 100)
RESULTS_KEPT_H = _number("DOCKET_RESULTS_KEPT_H", 24)
STEPS_KEPT_D = _number("DOCKET_STEPS_KEPT_D", 90)
STEP_LIMIT_S = {
    "split": 120,
    "ocr": 120,
    "classify": 60,
    "assemble": 120,
    "extract": 60,
    "replay": 60,
    "answer": 120,
    "embed": 240,
}
ENGINE_MEMORY_BYTES = _number("DOCKET_ENGINE_MEMORY_BYTES", 2_500_000_000)
# A child above this starts afresh between two pages: RapidOCR's memory only grows.
ENGINE_RESTART_BYTES = _number("DOCKET_ENGINE_RESTART_BYTES", 1_200_000_000)
BROKER = _text("DOCKET_BROKER")
POLL_S = _number("DOCKET_POLL_MS", 200) / 1000
POLL_LISTENING_S = 1.0
Q_CLUSTER: dict[str, Any] = {
    "name": "docket",
    "workers": WORKERS,
    "bulk": 1,
    "queue_limit": 1,
    "retry": 3600,
    "timeout": TASK_TIMEOUT_S,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": -1,
    "catch_up": False,
    "poll": POLL_S,
    "guard_cycle": 1,
    "recycle": 500,
    **broker.options(BROKER),
}

# --- Engines ----------------------------------------------------------------------------------
OCR_LANGUAGES = _list("DOCKET_LANGUAGES", "eng")
ENGINE_THREADS = max(1, _cores() // WORKERS)
# Set but empty switches the program off; unset means: use it where it is on the PATH.
TESSERACT_CMD = os.environ.get("TESSERACT_CMD")
POPPLER_PATH = os.environ.get("POPPLER_PATH")
# Public keys (a PEM or JWKS file, or a folder of them) that sign the QR codes of e-invoices.
EINVOICE_KEYS = _text("DOCKET_EINVOICE_KEYS") and str(Path(_text("DOCKET_EINVOICE_KEYS")).resolve())
ENGINES: dict[str, EngineConfig] = {
    "read": {
        "BACKEND": "ingestion.engines.pages.AutoReader",
        "OPTIONS": {
            "tesseract_cmd": TESSERACT_CMD,
            "poppler_path": POPPLER_PATH,
            "threads": ENGINE_THREADS,
            "cores": _cores(),
            "slot_dir": str(SCRATCH),
        },
    },
    "classify": {"BACKEND": "ingestion.engines.rules.RulesClassifier"},
    "extract": {
        "BACKEND": "ingestion.engines.rules.RulesExtractor",
        "OPTIONS": {"einvoice_keys": EINVOICE_KEYS},
    },
    "embed": {
        "BACKEND": "search.engines.minilm.MiniLM",
        "OPTIONS": {"threads": ENGINE_THREADS},
    },
}

# --- Language models --------------------------------------------------------------------------
# Any server that speaks OpenAI's API; without one of the two no model is asked.
OPENAI_BASE_URL = _text("OPENAI_BASE_URL")
OPENAI_API_KEY = _text("OPENAI_API_KEY")
HAS_MODEL = bool(OPENAI_BASE_URL or OPENAI_API_KEY)
# What prompts without a model of their own ask.
MODEL = _text("DOCKET_MODEL", "gpt-4o-mini")
# US dollars for a million tokens in and out: "gpt-4o-mini=0.15/0.60,other=1/3".
MODEL_PRICES = _list("DOCKET_MODEL_PRICES", "")
MODEL_PARALLEL = _number("DOCKET_MODEL_PARALLEL", 4)
MODEL_TIMEOUT_S = _number("DOCKET_MODEL_TIMEOUT_S", 60)
MODEL_BATCH_PAGES = _number("DOCKET_MODEL_BATCH_PAGES", 10)
# Each on its own: only then can a model that obeys a document mix it up with no other.
MODEL_BATCH_DOCUMENTS = _number("DOCKET_MODEL_BATCH_DOCUMENTS", 1)
# The most that a server counts for one picture: gpt-4o-mini 2,833 and 5,667 for each of up to
# eight tiles of 512 pixels, other models a tenth of that or less.
MODEL_IMAGE_TOKENS = _number("DOCKET_MODEL_IMAGE_TOKENS", 50_000)
# After so many answers in a row that did not come, a server is left alone: for so long at
# first, then twice as long each time.
MODEL_FAILURES = 5
MODEL_PAUSE_S = 30
MODEL_PAUSE_MAX_S = 600
# Nobody waits longer for a server that does not answer: the rules' result stands.
MODEL_SILENT_MAX_S = 3600
# A day of UTC and a project; 0 is no limit.
MODEL_TOKENS_A_DAY = _number("DOCKET_MODEL_TOKENS_A_DAY", 0)
MODEL_CENTS_A_DAY = _number("DOCKET_MODEL_CENTS_A_DAY", 0)
# What a server asks for questions in a batch, of its usual price, percent; how long questions
# are gathered for one.
MODEL_BATCH_PERCENT = _number("DOCKET_MODEL_BATCH_PERCENT", 50)
MODEL_BATCH_GATHER_S = 60
# Rows of calls, from the last time that their answer was used.
MODEL_CALLS_KEPT_D = _number("DOCKET_MODEL_CALLS_KEPT_D", 365)
if HAS_MODEL:
    # An answer and one repaired answer, and never longer than a task.
    _asked_s = min(TASK_TIMEOUT_S - TASK_RESERVE_S, 60 + 2 * MODEL_TIMEOUT_S)
    STEP_LIMIT_S |= dict.fromkeys(("classify", "extract", "replay", "answer"), _asked_s)

# --- Embeddings -------------------------------------------------------------------------------
# A model of a server in place of the local one.
EMBED_MODEL = _text("DOCKET_EMBED_MODEL")
EMBED_BASE_URL = _text("DOCKET_EMBED_BASE_URL") or OPENAI_BASE_URL
EMBED_API_KEY = _text("DOCKET_EMBED_API_KEY") or OPENAI_API_KEY
# Of the server whose vectors are being replaced, where it is another one; its key goes to that
# address alone.
EMBED_OLD_BASE_URL = _text("DOCKET_EMBED_OLD_BASE_URL")
EMBED_OLD_API_KEY = _text("DOCKET_EMBED_OLD_API_KEY")
EMBED_DIMENSION = _number("DOCKET_EMBED_DIMENSION", 0)
EMBED_MAX_TOKENS = _number("DOCKET_EMBED_MAX_TOKENS", 512)
EMBED_QUERY_TIMEOUT_S = _number("DOCKET_EMBED_QUERY_TIMEOUT_S", 5)
if EMBED_MODEL:
    ENGINES["embed"] = {
        "BACKEND": "search.engines.openai.OpenAI",
        "OPTIONS": {
            "model": EMBED_MODEL,
            "dimension": EMBED_DIMENSION,
            "base_url": EMBED_BASE_URL,
            "api_key": EMBED_API_KEY,
            "max_tokens": EMBED_MAX_TOKENS,
        },
        # A person who searches is told soon that it was done by words alone.
        "QUERY_OPTIONS": {"timeout_s": EMBED_QUERY_TIMEOUT_S, "wait_s": 0, "rest_s": 20},
    }

SLOW_PAGE_S = _number("DOCKET_SLOW_PAGE_MS", 0) / 1000
if SLOW_PAGE_S:
    ENGINES["read"] = {
        "BACKEND": "ingestion.engines.slow.SlowReader",
        "OPTIONS": {"slow_s": SLOW_PAGE_S, "reader": ENGINES["read"]},
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "own": {"()": logs.formatter(_text("DOCKET_LOG_FORMAT", "line"))},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "own"}},
    "root": {"handlers": ["stderr"], "level": _text("DOCKET_LOG_LEVEL", "INFO")},
    "loggers": {
        # Its warnings hold addresses, and addresses hold questions.
        "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # Says a line for each request to a language model.
        "httpx2": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # Says a line for each token; what happened to a step stands in our own lines.
        "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
