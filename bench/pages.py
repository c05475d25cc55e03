"""Pages of a file as the stages hand them to the rules."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingestion.engines.base import Limits, PageInput
from ingestion.engines.pages import AutoReader


def read_file(
    reader: AutoReader,
    path: Path,
    *,
    media_type: str,
    password: str,
    languages: Sequence[str],
    limits: Limits,
    print_only: bool = False,
) -> Iterator[PageInput]:
    """Every page of a file, the first with the marks of the file itself; with `print_only`
    without the data that the file carries. Raises EngineFault where it cannot be read."""
    facts = reader.open(path=str(path), media_type=media_type, password=password, limits=limits)
    for number in range(1, facts.pages + 1):
        page = reader.read(
            path=str(path),
            media_type=media_type,
            number=number,
            languages=tuple(languages),
            ignore_embedded=print_only,
            limits=limits,
        )
        attached = () if print_only or number > 1 else facts.marks
        yield PageInput(
            number=number,
            text=page.text,
            words=page.words,
            width_px=page.width_px,
            height_px=page.height_px,
            source=page.source,
            marks=(*page.marks, *attached),
        )
