"""Docket's own settings with a database for each side, a stage and engines that do nothing."""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES, INSTALLED_APPS, STEP_LIMIT_S

DATABASES["default"]["NAME"] = os.environ["BENCH_DATABASE"]
INSTALLED_APPS = [*INSTALLED_APPS, "bench.queues.apps.BenchConfig"]
STEP_LIMIT_S = STEP_LIMIT_S | {"noop": 60}
ENGINES = {
    "read": {"BACKEND": "tests.faulty_engines.Reader"},
    "classify": {"BACKEND": "tests.faulty_engines.Classifier"},
    "extract": {"BACKEND": "tests.faulty_engines.Extractor"},
    "embed": {"BACKEND": "tests.faulty_engines.Embedder"},
}
