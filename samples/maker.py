"""Plans a folder of samples, writes the files and `truth.jsonl` beside them."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samples import camera
from samples.shelf import Paperwork, draw_file

VARIANTS = ("born_digital", "scan", "photo")

# A packet counts as a bill: 18 bills, 6 e-way bills, 6 others, and the first three show all types.
_CYCLE_LISTED = (
    "bill eway_bill unknown receipt foreign bill bill eway_bill unknown packet bill eway_bill "
    "unknown foreign bill receipt bill eway_bill unknown foreign bill eway_bill unknown receipt "
    "foreign bill packet eway_bill unknown receipt"
)
_CYCLE = tuple(_CYCLE_LISTED.split())


# How photos are turned, one after the other: three of eight do not stand upright.
_TURNED = (0, 1, 0, 0, 2, 0, 3, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file to be made; `turn` counts the files of its kind from 0."""

    number: int
    kind: str
    turn: int
    variant: str
    quarter_turns: int = 0


def plan(
    count: int, seed: int, *, variants: Sequence[str] = (), kinds: Sequence[str] = ()
) -> list[Item]:
    """Which files there will be; variants take turns if given, else 8 of 30 are photos, 8 scans."""
    cycle = [kind for kind in _CYCLE if not kinds or kind in kinds]
    dealt = [variants[n % len(variants)] for n in range(count)] if variants else _mix(count, seed)
    seen: Counter[str] = Counter()
    items = []
    for number in range(count):
        kind = cycle[number % len(cycle)]
        variant = dealt[number]
        items.append(
            Item(
                number=number,
                kind=kind,
                # Different seeds start at different layouts, so small folders differ too.
                turn=seen[kind] + seed,
                variant=variant,
                quarter_turns=_TURNED[seen[variant] % len(_TURNED)] if variant == "photo" else 0,
            )
        )
        seen.update((kind, variant))
    return items


def _mix(count: int, seed: int) -> list[str]:
    photos = scans = round(count * 8 / 30)
    mix = ["photo"] * photos + ["scan"] * scans
    mix += ["born_digital"] * (count - len(mix))
    random.Random(f"mix:{count}:{seed}").shuffle(mix)
    return mix


def make_samples(
    folder: Path,
    *,
    count: int,
    seed: int,
    variants: Sequence[str] = (),
    kinds: Sequence[str] = (),
    report: Callable[[str], object] = lambda line: None,
) -> None:
    """Write `count` files and `truth.jsonl` into the folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as truth:
        for item in plan(count, seed, variants=variants, kinds=kinds):
            rng = random.Random(f"{seed}:{count}:{item.number}")
            paperwork = draw_file(rng, item.kind, item.turn)
            shot = camera.take(
                rng,
                paperwork.pdf,
                variant=item.variant,
                attachment=paperwork.attachment,
                quarter_turns=item.quarter_turns,
            )
            name = f"paper-{item.number + 1:03d}.{shot.suffix}"
            (folder / name).write_bytes(without_clock(shot.content))
            line = truth_line(name, item, paperwork)
            truth.write(json.dumps(line, ensure_ascii=False) + "\n")
            report(f"{name} ({item.number + 1} of {count})")


_CLOCK = re.compile(rb"((?:Creation|Mod)Date ?\(D:)\d{14}")
_FILE_ID = re.compile(rb"(/ID ?\[ ?<)([0-9A-Fa-f]*)(> ?<)([0-9A-Fa-f]*)(>)")


def without_clock(content: bytes) -> bytes:
    """A PDF without the time and the random id of its writing, byte for byte as long: the same
    seed gives the same file."""
    if not content.startswith(b"%PDF-"):
        return content
    content = _CLOCK.sub(rb"\g<1>20000101000000", content)
    return _FILE_ID.sub(lambda m: m[1] + b"0" * len(m[2]) + m[3] + b"0" * len(m[4]) + m[5], content)


def truth_line(name: str, item: Item, paperwork: Paperwork) -> dict[str, Any]:
    """What `truth.jsonl` says of this file."""
    documents = paperwork.documents
    types = {page: filed.type for filed in documents for page in filed.pages}
    line: dict[str, Any] = {"file": name}
    if len(documents) == 1:
        line["type"] = documents[0].type
    line |= {
        "page_types": [types[page] for page in sorted(types)],
        "pages": len(paperwork.transcripts),
        "variant": item.variant,
        "layout": "+".join(filed.layout for filed in documents),
        "text": "\n".join(paperwork.transcripts),
    }
    if len(documents) == 1:
        line["fields"] = documents[0].fields
    line["documents"] = [
        {"type": filed.type, "pages": list(filed.pages), "fields": filed.fields}
        for filed in documents
    ]
    return line
