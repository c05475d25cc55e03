"""What scanners and phones do to a page: tilt, noise, a table below it, perspective, shadow, blur.

Pictures are RGB or grey arrays of bytes, origin top left. Every choice comes from the given
generator, so a picture can be made again.
"""

import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Shade = NDArray[np.float32]

_TABLES = ((118, 84, 58), (74, 66, 60), (150, 140, 126), (60, 72, 84), (172, 150, 118))
_FRAMES = ((1800, 2400), (1944, 2592), (2250, 3000), (2448, 3264), (2736, 3648), (3000, 4000))
_SMALLEST_PAGE_SHARE = 0.86


def scanned(rng: random.Random, page: Picture) -> Picture:
    """A clean grey scan: under half a degree of tilt, soft edges, a little noise in the ink."""
    noise = np.random.default_rng(rng.getrandbits(32))
    grey: Picture = np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-0.45, 0.45), 1.0)
    tilted = cv2.warpAffine(grey, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    soft = cv2.GaussianBlur(tilted, (0, 0), rng.uniform(0.4, 0.8))
    toned = _speckle(noise, (height, width), rng.uniform(2, 5)) + 22
    toned += soft.astype(np.float32) * 0.9
    # Scanners clip paper to white; that also keeps the files small.
    toned[toned > 236] = 255
    return toned.clip(0, 255).astype(np.uint8)


def photographed(rng: random.Random, page: Picture, quarter_turns: int) -> Picture:
    """A hasty phone picture of at most 12 megapixels, turned so often to the left."""
    noise = np.random.default_rng(rng.getrandbits(32))
    height, width = page.shape[:2]
    short, long = rng.choice(_FRAMES)
    frame = (short, long) if height >= width else (long, short)
    placing = _placed(rng, page_size=(width, height), frame=frame)
    paper = _bent(rng, _on_paper(rng, page))
    picture = _laid(paper, _table(rng, noise, frame), placing, frame)
    lit = _blurred(rng, picture, short) * _light(rng, frame)[:, :, np.newaxis]
    lit += _speckle(noise, (frame[1], frame[0]), rng.uniform(3, 6))[:, :, np.newaxis]
    shot = lit.clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(shot, quarter_turns))


def _speckle(noise: np.random.Generator, shape: tuple[int, int], strength: float) -> Shade:
    return np.asarray(noise.standard_normal(shape, dtype=np.float32) * np.float32(strength))


def _blurred(rng: random.Random, picture: Picture, short: int) -> Shade:
    """Out of focus by about a pixel, and in a quarter of the pictures the hand shook as well.

    Measured against a frame of 2450 pixels, so that small pictures stay legible too.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 1.35) * short / 2450)
    if rng.random() < 0.25:
        length = max(3, round(rng.uniform(3, 6) * short / 2450))
        kernel = np.eye(length, dtype=np.float32)[:, :: rng.choice((1, -1))] / length
        soft = cv2.filter2D(soft, -1, kernel)
    return np.asarray(soft, dtype=np.float32)


def _on_paper(rng: random.Random, page: Picture) -> Picture:
    """Paper that is not quite white, ink that is not quite black, sometimes a fold across."""
    white = np.array([rng.uniform(232, 246), rng.uniform(230, 242), rng.uniform(218, 236)])
    black = rng.uniform(25, 55)
    # One table for the 256 tones of each channel is far cheaper than arithmetic on megapixels.
    tones = np.arange(256)[:, np.newaxis] / 255
    table = (black + tones * (white - black)).astype(np.uint8)
    toned = cv2.LUT(page, table[np.newaxis, :, :])
    if rng.random() < 0.35:
        height = toned.shape[0]
        fold = int(height * rng.choice((0.34, 0.5, 0.66)))
        reach = max(4, height // 160)
        for offset in range(-reach, reach):
            shade = 1 + (0.04 if offset < 0 else -0.10) * (1 - abs(offset) / reach)
            row = toned[fold + offset].astype(np.float32) * shade
            toned[fold + offset] = row.clip(0, 255).astype(np.uint8)
    return np.asarray(toned, dtype=np.uint8)


def _bent(rng: random.Random, page: Picture) -> Picture:
    """The page does not lie flat: its lines of text bow by up to half a percent of its height."""
    height, width = page.shape[:2]
    bow = rng.uniform(-0.005, 0.005) * height
    columns = np.arange(width, dtype=np.float32)
    shift = (bow * np.sin(np.pi * columns / width)).astype(np.float32)
    across = np.broadcast_to(columns, (height, width)).copy()
    down = np.arange(height, dtype=np.float32)[:, np.newaxis] + shift[np.newaxis, :]
    bent = cv2.remap(page, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, dtype=np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placing:
    """The homography from page to frame, and the page's size."""

    matrix: NDArray[np.float64]
    page_size: tuple[int, int]


def _placed(rng: random.Random, *, page_size: tuple[int, int], frame: tuple[int, int]) -> _Placing:
    """The page nearly fills the frame, up to 6 degrees askew, its far edge a little shorter."""
    width, height = page_size
    share = rng.uniform(_SMALLEST_PAGE_SHARE, 0.93)
    scale = share * min(frame[0] / width, frame[1] / height)
    # Perspective and jitter tilt some lines by another degree and a half.
    angle = np.radians(rng.uniform(-4.5, 4.5))
    centre = np.array(frame) / 2 + np.array([rng.uniform(-0.015, 0.015) * side for side in frame])
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    spread = (corners - np.array([width, height]) / 2) * scale
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = spread @ turn.T
    far = 1 - rng.uniform(0.0, 0.06)
    side = rng.choice(((0, 1), (2, 3), (1, 2), (3, 0)))
    seen[list(side)] *= far
    jitter = 0.008 * min(frame)
    seen += np.array([[rng.uniform(-jitter, jitter) for _ in range(2)] for _ in range(4)])
    seen = _kept_inside(seen, centre, frame)
    matrix = cv2.getPerspectiveTransform(
        corners.astype(np.float32), (seen + centre).astype(np.float32)
    )
    return _Placing(matrix=np.asarray(matrix, dtype=np.float64), page_size=page_size)


def _kept_inside(
    seen: NDArray[np.float64], centre: NDArray[np.float64], frame: tuple[int, int]
) -> NDArray[np.float64]:
    """Shrunk so that no corner leaves the frame: cut-off text would make the truth untrue."""
    margin = 12
    room = np.minimum(centre, np.array(frame) - centre) - margin
    return np.asarray(seen * min(1.0, float((room / np.abs(seen).max(axis=0)).min())))


def _table(
    rng: random.Random, noise: np.random.Generator, frame: tuple[int, int]
) -> NDArray[np.float32]:
    """A table top: long streaks of grain for wood, short ones for cloth."""
    width, height = frame
    colour = np.array(rng.choice(_TABLES), dtype=np.float32)
    streaks = rng.choice(((10, 300), (40, 900), (300, 300)))
    grain = np.zeros((height, width), dtype=np.float32)
    for weight, (rows, columns) in ((14.0, streaks), (6.0, (streaks[0] * 4, streaks[1] * 2))):
        coarse = noise.normal(0, weight, (rows, columns)).astype(np.float32)
        grain += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(colour[np.newaxis, np.newaxis, :] + grain[:, :, np.newaxis], dtype=np.float32)


def _laid(
    paper: Picture, table: NDArray[np.float32], placing: _Placing, frame: tuple[int, int]
) -> Picture:
    """The paper on the table, with the soft shadow of its edge."""
    mask = np.full(paper.shape[:2], 255, dtype=np.uint8)
    cover = cv2.warpPerspective(mask, placing.matrix, frame, flags=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(
        paper, placing.matrix, frame, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    small = cv2.resize(cover, (frame[0] // 8, frame[1] // 8), interpolation=cv2.INTER_AREA)
    shadow = cv2.GaussianBlur(np.roll(small, (3, 3), axis=(0, 1)), (0, 0), 4)
    shadow = cv2.resize(shadow, frame, interpolation=cv2.INTER_LINEAR)
    dimmed = table * (1 - 0.5 * shadow[:, :, np.newaxis].astype(np.float32) / 255)
    share = cover[:, :, np.newaxis].astype(np.float32) / 255
    mixed = seen.astype(np.float32) * share + dimmed * (1 - share)
    return np.asarray(mixed.clip(0, 255), dtype=np.uint8)


def _light(rng: random.Random, frame: tuple[int, int]) -> Shade:
    """Brightness falling off to one side, and in half the pictures the shadow of hand and phone."""
    width, height = frame[0] // 16, frame[1] // 16
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    direction = rng.uniform(0, 2 * np.pi)
    slope = np.cos(direction) * (across - 0.5) + np.sin(direction) * (down - 0.5)
    shade = 0.86 + rng.uniform(0.12, 0.32) * slope
    if rng.random() < 0.5:
        x, y = rng.uniform(0.1, 0.9), rng.uniform(0.5, 1.1)
        reach = rng.uniform(0.25, 0.5)
        distance = np.hypot((across - x) / 0.8, down - y)
        shade *= 1 - rng.uniform(0.2, 0.42) / (1 + np.exp((distance - reach) / 0.03))
    whole = cv2.resize(shade.astype(np.float32), frame, interpolation=cv2.INTER_CUBIC)
    return np.asarray(whole, dtype=np.float32)
