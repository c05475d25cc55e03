"""A reader of plain text that gives pages an image and says which way it was asked to turn it."""

import io
from dataclasses import replace

from PIL import Image

from ingestion.engines.base import Limits, PageReading
from tests.faulty_engines import Reader


class TurningReader(Reader):
    """Pages of 40 x 60 pixels, 60 x 40 where they are turned by a quarter."""

    def read(
        self,
        *,
        path: str,
        media_type: str,
        number: int,
        languages: tuple[str, ...],
        ignore_embedded: bool,
        limits: Limits,
        rotation: int | None = None,
    ) -> PageReading:
        plain = super().read(
            path=path,
            media_type=media_type,
            number=number,
            languages=languages,
            ignore_embedded=ignore_embedded,
            limits=limits,
        )
        size = (60, 40) if rotation in (90, 270) else (40, 60)
        out = io.BytesIO()
        Image.new("RGB", size, "white").save(out, "WEBP")
        text = plain.text if rotation is None else f"{plain.text} turned={rotation}"
        return replace(
            plain,
            image=out.getvalue(),
            width_px=size[0],
            height_px=size[1],
            rotation=rotation or 0,
            text=text,
        )
