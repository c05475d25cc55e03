"""Small images of pages. Pure: engines make them of what they drew, `documents.files` of what
lies in the storage."""

import io

from PIL import Image

WIDTH_PX = 240
HEIGHT_PX = 480
_QUALITY = 72


def of_image(image: Image.Image) -> bytes:
    """WebP at most WIDTH_PX wide and HEIGHT_PX high, in the proportions of `image`."""
    factor = min(1.0, WIDTH_PX / image.width, HEIGHT_PX / image.height)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    plain = image if image.mode in ("RGB", "L") else image.convert("RGB")
    out = io.BytesIO()
    plain.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0).save(
        out, "WEBP", quality=_QUALITY, method=2
    )
    return out.getvalue()


def of_webp(content: bytes) -> bytes:
    """The same of a stored page image. Raises PIL.UnidentifiedImageError where it is none."""
    with Image.open(io.BytesIO(content), formats=["WEBP"]) as image:
        return of_image(image)
