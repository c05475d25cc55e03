"""Lines of print into text: the recogniser in RapidOCR's wheel, run on OpenVINO without RapidOCR.

The weights are the same; three things make it faster (`bench/reading.py`): two batches run side
by side on a thread each, where one batch on two threads loses a quarter; the last layer is cut
down to the letters of European print, an eighth of its 18,710 classes, where the page has no
others; and only the best class of every step leaves the model.
"""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

LINE_PX = 48
# OpenVINO keeps memory for every shape of input that it has seen: few sizes of batches and few
# widths; but padding misleads, so lines of different width are never read together (word F1 on
# ten receipts 0.931, with batches of any width 0.906, and a sixth less time).
BATCH_SIZES = (6, 3, 1)
WIDTHS_PX = (
    *(80, 120, 160, 200, 240, 280, 320, 360, 400, 480, 560, 640, 800, 960, 1120, 1280),
    *(1600, 1920, 2560),
)
# Of what OpenVINO prepares for a shape. Without a bound (5,000) a process that read 79 receipts
# peaked at 1,384 MB, with it at 1,104; the time is the same.
SHAPES_KEPT = 64
# Han, kana, Hangul, bopomofo and their wide forms, by the names that Unicode gives them.
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What stands in a line. score: mean confidence of its characters, 0 where there are none;
    places: for every character that is no space where its middle stands, as a share of the
    line's length; confidences: of these."""

    text: str
    score: float
    places: tuple[float, ...]
    confidences: tuple[float, ...]


class Recogniser:
    """The model, for `threads` batches at a time; loads what it needs when it is first needed."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._nets: dict[bool, _Net] = {}

    def read(self, crops: Sequence[Pixels], *, any_script: bool) -> list[Text]:
        """The texts of `crops` (blue, green, red), in their order; Chinese and Japanese only
        with `any_script`."""
        if any_script not in self._nets:
            self._nets[any_script] = _Net(self.threads, any_script=any_script)
        return self._nets[any_script].read(crops)


class _Net:
    """The model with a last layer for all its characters, or for those of Europe only."""

    def __init__(self, threads: int, *, any_script: bool) -> None:
        import openvino as ov

        core = ov.Core()
        model = core.read_model(_model_path())
        # The classes: nothing, the model's characters in its order, a space.
        characters = ["", *model.get_rt_info(["framework", "character"]).value.splitlines(), " "]
        chosen = [n for n, c in enumerate(characters) if any_script or not is_east_asian(c)]
        self._characters = np.array([characters[index] for index in chosen])
        compiled = core.compile_model(
            _with_best_only(model, chosen),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": threads,
                "NUM_STREAMS": threads,
                "CPU_RUNTIME_CACHE_CAPACITY": SHAPES_KEPT,
            },
        )
        self._queue = ov.AsyncInferQueue(compiled, threads)
        self._queue.set_callback(_keep)

    def read(self, crops: Sequence[Pixels]) -> list[Text]:
        told: list[tuple[list[int], int, list[NDArray[Any]]]] = []
        for batch, width_px in _batches(crops):
            lines = np.stack([_normalised(crops[index], width_px) for index in batch])
            best: list[NDArray[Any]] = []
            told.append((batch, width_px, best))
            self._queue.start_async([lines], userdata=best)
        self._queue.wait_all()
        found: dict[int, Text] = {}
        for batch, width_px, (confidences, classes) in told:
            for row, index in enumerate(batch):
                share = min(1.0, LINE_PX * _ratio(crops[index]) / width_px)
                found[index] = self._text(classes[row, :, 0], confidences[row, :, 0], share)
        return [found[index] for index in range(len(crops))]

    def _text(
        self, classes: NDArray[np.int64], confidences: NDArray[np.float32], share: float
    ) -> Text:
        """Greedy CTC: a class that repeats is one character; `share` of the steps hold the line,
        the rest is padding."""
        new = np.ones(len(classes), dtype=bool)
        new[1:] = classes[1:] != classes[:-1]
        steps = np.flatnonzero(new & (classes != 0))
        characters = self._characters[classes[steps]]
        solid = np.array([not c.isspace() for c in characters], dtype=bool)
        length = max(1.0, len(classes) * share)
        sure = confidences[steps]
        return Text(
            text="".join(characters),
            score=float(sure.mean()) if len(sure) else 0.0,
            places=tuple(np.minimum(1.0, (steps[solid] + 0.5) / length).tolist()),
            confidences=tuple(sure[solid].tolist()),
        )


def bounded(model: Any, threads: int) -> Any:
    """A request to `model` that keeps what it prepared for the last SHAPES_KEPT shapes only."""
    import openvino as ov

    limits = {"INFERENCE_NUM_THREADS": threads, "CPU_RUNTIME_CACHE_CAPACITY": SHAPES_KEPT}
    return ov.Core().compile_model(model, "CPU", limits).create_infer_request()


def is_east_asian(character: str) -> bool:
    """Whether it belongs to Chinese, Japanese or Korean print only."""
    return bool(character) and unicodedata.name(character[0], "").startswith(EAST_ASIAN)


def _model_path() -> Path:
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("rapidocr")
    return next((Path(spec.origin).parent / "models").glob("*_rec_*.onnx"))


def _with_best_only(model: Any, classes: list[int]) -> Any:
    """`model` giving of `classes` only the best one of every step: its confidence and its
    place in `classes`."""
    import openvino as ov
    from openvino import opset13 as op

    node = model.get_results()[0]
    while node.get_type_name() != "Add" or len(node.input_value(1).get_shape()) != 1:
        node = node.input_value(0).get_node()
    bias = node.input_value(1).get_node().data[classes]
    product = node.input_value(0).get_node()
    weights = product.input_value(1).get_node().data[:, classes]
    scores = op.add(
        op.matmul(product.input_value(0), op.constant(weights), False, False), op.constant(bias)
    )
    best = op.topk(op.softmax(scores, 2), np.int32(1), 2, "max", "none")
    return ov.Model([best.output(0), best.output(1)], model.get_parameters(), "lines")


def _keep(request: Any, best: list[NDArray[Any]]) -> None:
    best.extend(request.get_output_tensor(number).data.copy() for number in (0, 1))


def _batches(crops: Sequence[Pixels]) -> Iterator[tuple[list[int], int]]:
    """Crops that are padded to the same width, which is told too, the widest first."""
    alike: dict[int, list[int]] = {}
    for index, crop in enumerate(crops):
        alike.setdefault(_step_above(LINE_PX * _ratio(crop)), []).append(index)
    for width_px in sorted(alike, reverse=True):
        rest = alike[width_px]
        while rest:
            size = next(size for size in BATCH_SIZES if size <= len(rest))
            yield rest[:size], width_px
            rest = rest[size:]


def _step_above(width_px: float) -> int:
    return next((step for step in WIDTHS_PX if step >= width_px), math.ceil(width_px / 640) * 640)


def _ratio(crop: Pixels) -> float:
    return float(crop.shape[1] / crop.shape[0])


def _normalised(crop: Pixels, width_px: int) -> NDArray[np.float32]:
    """A crop of LINE_PX height, -1..1, channels first, with zeros at its right."""
    own_px = min(width_px, math.ceil(LINE_PX * _ratio(crop)))
    line = np.zeros((3, LINE_PX, width_px), dtype=np.float32)
    resized = cv2.resize(crop, (own_px, LINE_PX)).astype(np.float32)
    line[:, :, :own_px] = resized.transpose(2, 0, 1) / 127.5 - 1
    return line
