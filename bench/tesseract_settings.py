"""Docket's settings with Tesseract as the only OCR engine, for `bench/pipeline.py`."""

from config.settings import *  # noqa: F403
from config.settings import ENGINES

ENGINES["read"] = {
    **ENGINES["read"],
    "OPTIONS": {**ENGINES["read"].get("OPTIONS", {}), "order": ("tesseract",)},
}
