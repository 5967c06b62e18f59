"""The heat detectors side by side on anybody's image: hot pixels, clusters, excess, and figures against a mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.evaluation.heat_images import HeatImage, Stated, read_image, read_mask
from solarnet_assets.imagery.clouds import grow
from solarnet_assets.steel.clusters import Cluster, find_clusters
from solarnet_assets.steel.detectors import DETECTORS, CannotDecide, bands_of
from solarnet_assets.steel.model import threshold
from solarnet_assets.steel.observe import heat_picture, heat_probability

Mask = NDArray[np.bool_]

NETWORK = "HeatNet"

AWAY = 2
"""Pixels from the mask beyond which a hot pixel is false beyond doubt: masks are drawn to about a pixel."""


@dataclass(frozen=True)
class Verdict:
    """What one detector says of an image.

    Attributes:
        detector: its name.
        undecided: why it cannot decide, None where it can; the rest is then empty.
        hot: hot pixels.
        clusters: of them, the strongest first.
        precision, recall, false, away: against the mask, None without one: hot pixels outside it, and those of them
            more than two pixels from it.
    """

    detector: str
    undecided: str | None = None
    hot: int = 0
    clusters: tuple[Cluster, ...] = ()
    precision: float | None = None
    recall: float | None = None
    false: int | None = None
    away: int | None = None


@dataclass(frozen=True)
class HeatReport:
    """All detectors on one image.

    Attributes:
        image: what was judged.
        verdicts: HeatNet's first.
        picture: PNG with HeatNet's clusters framed, None where it cannot decide.
        largest: largest probability by HeatNet, None where it cannot decide.
    """

    image: HeatImage
    verdicts: tuple[Verdict, ...]
    picture: bytes | None
    largest: float | None


def evaluate(path: Path, stated: Stated, mask: Path | None = None) -> HeatReport:
    """Judge an image by HeatNet and every reference detector.

    Args:
        path: GeoTIFF or JPEG 2000.
        stated: what is known of it.
        mask: raster of the same size, hot where it is not zero.

    Raises:
        BadInputError: the image or the mask cannot be used.
    """
    image = read_image(path, stated)
    scene = image.scene
    truth = None if mask is None else read_mask(mask, scene.seen.shape)
    found = _decisions(image)
    verdicts = tuple(_verdict(name, decided, image, truth) for name, decided in found.items())
    network = found[NETWORK]
    if isinstance(network, str):
        return HeatReport(image, verdicts, None, None)
    return HeatReport(image, verdicts, heat_picture(scene, network >= threshold(), side=1200), float(network.max()))


def _decisions(image: HeatImage) -> Mapping[str, NDArray[np.float32] | str]:
    """Return, per detector, the probability of heat (rules: 0 or 1), or why it cannot decide."""
    scene = image.scene
    found: dict[str, NDArray[np.float32] | str] = {}
    try:
        found[NETWORK] = heat_probability(scene)
    except CannotDecide as error:
        found[NETWORK] = str(error)
    for name, detector in DETECTORS.items():
        try:
            found[name] = detector(bands_of(scene.reflectance, scene.gain)).astype(np.float32)
        except CannotDecide as error:
            found[name] = str(error)
    return found


def _cut(name: str) -> float:
    return threshold() if name == NETWORK else 0.5


def _verdict(name: str, decided: NDArray[np.float32] | str, image: HeatImage, truth: Mask | None) -> Verdict:
    if isinstance(decided, str):
        return Verdict(name, decided)
    clusters, labels = find_clusters(image.scene, decided, _cut(name))
    hot = labels > 0
    verdict = Verdict(name, None, int(hot.sum()), tuple(clusters))
    if truth is None:
        return verdict
    hits, count = int((hot & truth).sum()), int(truth.sum())
    return Verdict(
        name,
        None,
        verdict.hot,
        verdict.clusters,
        precision=hits / verdict.hot if verdict.hot else None,
        recall=hits / count if count else None,
        false=int((hot & ~truth).sum()),
        away=int((hot & ~grow(truth, AWAY)).sum()),
    )
