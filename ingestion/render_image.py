"""Images as pages: counting frames, the pixel limit, decoding, upright by EXIF.

Every frame of a TIFF is a page; other formats have one, animations their first frame.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pi_heif
from PIL import Image, ImageFile, ImageOps

from config.engines import EngineError

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "HEIF")
DECODED_SIDE_PX = 5000
LEAST_READABLE = 0.5
PLAUSIBLE_DPI = (100, 1300)

pi_heif.register_heif_opener()
# Sizes are checked against the caller's limit before a frame is decoded, see `_check_size`.
Image.MAX_IMAGE_PIXELS = None


def describe(path: str, max_pixels: int) -> int:
    """Number of pages. The first one is decoded, so that a picture that cannot be read is
    refused at the door. EngineError codes: file_damaged, image_too_large."""
    with _opened(path) as image:
        pages = _frames(image)
    _decoded(path, 1, max_pixels)
    return pages


def draw(path: str, number: int, max_pixels: int) -> tuple[Image.Image, float]:
    """The page in mode RGB or L, and its dpi or 0. Images of more than 5,000 pixels a side
    are reduced by whole factors. EngineError codes: page_damaged, image_too_large."""
    try:
        return _decoded(path, number, max_pixels)
    except EngineError as error:
        if error.code == "file_damaged":
            raise EngineError(error.message, "page_damaged") from error
        raise


def flattened(image: Image.Image) -> Image.Image:
    """`image` in mode RGB or L on white paper."""
    if image.mode in ("RGB", "L"):
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _eight_bits(image)
    if image.mode == "P" or "A" in image.getbands() or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return paper
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep greys scaled to 0..255; Pillow's own conversion clips them to white."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    top = 65535.0 if values.max() > 255 else 255.0
    return Image.fromarray(np.clip(values * (255.0 / top), 0, 255).astype(np.uint8))


@contextmanager
def _opened(path: str) -> Iterator[Image.Image]:
    """The image; whatever Pillow's plugins raise becomes an EngineError. They raise nearly
    anything on hostile input: SyntaxError, TypeError, struct.error, KeyError and more."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                yield image
    except EngineError:
        raise
    except MemoryError as error:
        raise EngineError(
            "The image needs more memory than there is. Send it smaller.", "image_too_large"
        ) from error
    except Exception as error:
        raise _damaged() from error


def _damaged() -> EngineError:
    return EngineError(
        "The image cannot be decoded. Open it in an image viewer, save it anew and send that.",
        "file_damaged",
    )


def _frames(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _check_size(image: Image.Image, max_pixels: int) -> None:
    if image.width < 1 or image.height < 1:
        raise _damaged()
    if image.width * image.height > max_pixels:
        raise EngineError(
            f"The image has {image.width} x {image.height} pixels, more than the "
            f"{max_pixels:,} that are allowed. Send it smaller.",
            "image_too_large",
        )


def _decoded(path: str, number: int, max_pixels: int) -> tuple[Image.Image, float]:
    with _opened(path) as image:
        _check_size(image, max_pixels)
        if number > 1:
            image.seek(number - 1)
            _check_size(image, max_pixels)
        whole_side = max(image.size)
        dpi = _dpi(image)
        if image.format in ("JPEG", "MPO"):
            image.draft(None, (DECODED_SIDE_PX // 2, DECODED_SIDE_PX // 2))
        _load(image, path, number)
        page = (
            image.reduce(factor)
            if (factor := -(-max(image.size) // DECODED_SIDE_PX)) > 1
            else image
        )
        page = flattened(ImageOps.exif_transpose(page))
        return page.copy() if page is image else page, dpi * max(page.size) / whole_side


def _load(image: Image.Image, path: str, number: int) -> None:
    """Decode; a file that ends early is decoded as far as it goes if that is most of it."""
    try:
        image.load()
        return
    except OSError as error:
        first_fault = error
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image.load()
    except Exception as error:
        raise _damaged() from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    if _readable_share(image) < LEAST_READABLE:
        raise _damaged() from first_fault


def _readable_share(image: Image.Image) -> float:
    """Share of the rows above the uniform rest that a decoder leaves where data ended."""
    grey = np.asarray(image.convert("L"))
    differs = (grey != grey[-1, -1]).any(axis=1)
    rows = np.flatnonzero(differs)
    return float(rows[-1] + 1) / grey.shape[0] if rows.size else 0.0


def _dpi(image: Image.Image) -> float:
    """Resolution in the header where a scanner can have meant it: 72 and 96 are what programs
    write that do not know."""
    try:
        dpi = float(image.info.get("dpi", (0, 0))[0])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return 0.0
    return dpi if PLAUSIBLE_DPI[0] <= dpi <= PLAUSIBLE_DPI[1] else 0.0
