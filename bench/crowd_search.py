"""What a crowd is found by and looked at: chunks, vectors of pages, pictures."""

import io
import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench import crowd_papers as papers
from bench.crowd_papers import Sheaf
from bench.crowd_rows import Table, World, texts
from search import terms


def chunks(world: World, all_sheaves: Sequence[Sheaf], start: int) -> Table:
    columns = (
        *("id", "project_id", "document_id", "page", "ordinal", "text", "length"),
        *("terms", "frequencies", "text_version"),
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        ids = count(start)
        for sheaf, paper, number, text in texts(world, all_sheaves):
            told = terms.count(text)
            yield (
                *(next(ids), world.projects[sheaf.project], paper.id, number, 0, text),
                *(told.length, list(told.terms), list(told.frequencies), 1),
            )

    return columns, rows()


def vectors(
    world: World, all_sheaves: Sequence[Sheaf], *, embedder: int, dimension: int, batch: int
) -> Iterator[dict[str, Any]]:
    """A unit vector for each page, around one of 300 subjects: project, document, row (counted
    from 0) and `dense`, in batches."""
    noise = np.random.default_rng(world.seed)
    subjects = noise.standard_normal((300, dimension))
    spread = noise.standard_normal((24, dimension))
    of_page = [
        (world.projects[sheaf.project], paper.id.bytes)
        for sheaf in all_sheaves
        for paper in sheaf.papers
        for _ in range(paper.pages)
    ]
    for at in range(0, len(of_page), batch):
        part = of_page[at : at + batch]
        dense = subjects[noise.integers(0, len(subjects), len(part))]
        dense = dense + 0.35 * noise.standard_normal((len(part), len(spread))) @ spread / 4
        yield {
            "project_id": np.array([project for project, _ in part]),
            "document_id": np.array([document for _, document in part], dtype="V16"),
            "row": np.arange(at, at + len(part)),
            "embedder_id": np.full(len(part), embedder),
            "dense": dense / np.linalg.norm(dense, axis=1, keepdims=True),
        }


def pictures(dice: random.Random) -> Iterator[bytes]:
    """Pages as WebP, words where `slots` says."""
    words, weights = papers.vocabulary(dice)
    font = ImageFont.load_default(size=34)
    for _ in range(papers.PICTURES):
        image = Image.new("L", (papers.WIDTH_PX, papers.HEIGHT_PX), 250)
        pen = ImageDraw.Draw(image)
        for left, top, _, _ in papers.slots():
            pen.text((left, top), dice.choices(words, cum_weights=weights)[0], 20, font)
        out = io.BytesIO()
        image.save(out, "WEBP", quality=75)
        yield out.getvalue()
