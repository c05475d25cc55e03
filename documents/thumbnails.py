"""Small images of pages, made when first looked at and kept beside the pages.

The name carries the time at which the page was read, so a page that is read again gets a new
one; they go with their upload.
"""

import io
from uuid import UUID

from django.core.files.storage import default_storage
from PIL import Image

from documents import files
from documents.models import Page

WIDTH_PX = 280


def fetch(page: Page) -> bytes:
    """The thumbnail of a page as WebP; FileNotFoundError where the page has no image."""
    name = _name(page.upload_id, page)
    try:
        with default_storage.open(name, "rb") as file:
            kept: bytes = file.read()
        return kept
    except FileNotFoundError:
        made = shrink(files.fetch_page(page.upload_id, page.number))
    files.store_bytes(name, made)
    return made


def shrink(webp: bytes) -> bytes:
    """A page image made WIDTH_PX wide, at most twice as high."""
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as image:
        small = image.convert("RGB")
    small.thumbnail((WIDTH_PX, WIDTH_PX * 2), reducing_gap=2.0)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=72, method=2)
    return out.getvalue()


def _name(upload_id: UUID, page: Page) -> str:
    stamp = int(page.read_at.timestamp()) if page.read_at else 0
    return f"uploads/{upload_id}/small/{page.number}-{stamp}.webp"
