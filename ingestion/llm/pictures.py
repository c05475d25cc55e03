"""Pictures of pages for models with eyes: small enough to send, large enough to read."""

import io
from collections.abc import Callable, Iterable
from uuid import UUID

from PIL import Image

from documents import files

# An A4 page at 150 dpi: print of 8 points stands 16 pixels high.
MOST_SIDE_PX = 1_760
_QUALITY = 80


def of_pages(upload_id: UUID, numbers: Iterable[int], tick: Callable[[], None]) -> dict[int, bytes]:
    """JPEG bytes by page number; pages without a picture are left out."""
    found = {}
    for number in numbers:
        tick()
        try:
            found[number] = sized(files.fetch_page(upload_id, number))
        except FileNotFoundError:
            continue
    return found


def sized(image: bytes) -> bytes:
    """The picture as JPEG, which every server takes, no side above MOST_SIDE_PX."""
    with Image.open(io.BytesIO(image)) as picture:
        made = picture.convert("RGB")
        made.thumbnail((MOST_SIDE_PX, MOST_SIDE_PX), Image.Resampling.LANCZOS)
        target = io.BytesIO()
        made.save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()
