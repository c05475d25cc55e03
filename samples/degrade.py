"""What scanners and phones do to a page: tilt, noise, perspective, shadow, blur."""

import random

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def scanned(rng: random.Random, page: Picture) -> Picture:
    """A clean grey scan: under half a degree of tilt, soft edges, a little noise in the ink."""
    noise = np.random.default_rng(rng.getrandbits(32))
    grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-0.45, 0.45), 1.0)
    grey = cv2.warpAffine(grey, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    grey = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.4, 0.8))
    speckle = noise.normal(22, rng.uniform(2, 5), grey.shape)
    toned = np.asarray(grey, dtype=np.float32) * 0.9 + speckle
    # Scanners clip paper to white; that also keeps the files small.
    return np.where(toned > 236, 255, toned.clip(0, 255)).astype(np.uint8)


def photographed(rng: random.Random, page: Picture) -> Picture:
    return page
