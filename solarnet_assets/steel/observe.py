"""One pass over one mill: does it count as an observation, and how hot was the mill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.imagery import clouds, geometry, picture
from solarnet_assets.imagery.scene import Scene, open_scene
from solarnet_assets.landing import BadInputError
from solarnet_assets.steel.clusters import Cluster, find_clusters, network_input, saturation
from solarnet_assets.steel.detectors import CannotDecide, bands_of, nhi, tai
from solarnet_assets.steel.excess import excess_radiance
from solarnet_assets.steel.model import engine, threshold
from solarnet_assets.storage.schemas import SteelObservations

MIN_SEEN = 0.80
MAX_CLOUD = 0.20
"""Climate TRACE, steel sector methodology (2022/2023): refused below 80 % coverage or above 20 % cloud."""

CLOUD_GROW = 2
"""Pixels around the polygon that count when its cloud share is taken: cloud edges are thin cloud."""

CLOUD_SD = 0.75
"""Relative sd per unit of cloud share: what is hidden differs from what is seen, and cloud edges are thin. Ours."""

SATURATION_SD = 0.5
"""Relative sd per unit share of hot pixels that are saturated: their excess is a lower limit. Ours."""

UNKNOWN_CLOUD_SD = 0.10
"""Relative sd where nothing tells clouds. Ours."""

DOUBTFUL = 0.3
"""Probability from which a pixel is kept out of the fit of what the ground reflects; lower, and a small works has too
few left to fit on. Ours."""

MAP_UNIT = 0.01
_MAP_LIMIT = 32_000

_LEFT_OUT = tuple(name for name in SteelObservations.columns() if name != "evidence")


@dataclass(frozen=True)
class Observation:
    """A row of ``steel_observations`` without its evidence, and the hot pixels behind it.

    Attributes:
        row: columns of the schema, ``evidence`` left out.
        hot: hot pixels by HeatNet (rows, columns), None where it cannot decide.
    """

    row: dict[str, Any]
    hot: NDArray[np.bool_] | None


def heat_probability(scene: Scene) -> NDArray[np.float32]:
    """Return the probability of a hot surface for every pixel of a scene, by HeatNet (rows, columns).

    Raises:
        CannotDecide: B12 is missing, or there is no other band.
    """
    return next(engine().run([network_input(scene)]))[0]


def observe(scene: Scene, site_id: str, wkt: str) -> Observation:
    """Judge and measure a pass.

    Args:
        scene: opened scene.
        site_id: mill.
        wkt: polygon of the hot plant area, EPSG:4326.
    """
    site = geometry.polygon_mask(wkt, scene.grid)
    seen = geometry.seen_share(wkt, scene.grid) * clouds.share(scene.seen, site)
    cloud = None if scene.cloud is None else clouds.share(scene.cloud, clouds.grow(site, CLOUD_GROW) & scene.seen)
    row = dict.fromkeys(_LEFT_OUT) | {
        "site_id": site_id, "scene_id": scene.scene_id, "time": scene.time, "valid": False,
        "seen_share": min(seen, 1.0), "cloud_share": cloud,
    }  # fmt: skip
    hot: NDArray[np.bool_] | None = None
    try:
        probability = heat_probability(scene)
        found, labels = find_clusters(scene, probability, threshold())
        hot = labels > 0
        row |= _clusters(found, labels, site)
        row |= _counts(scene, site)
        refusal = _refusal(seen, cloud)
        if refusal is None:
            row |= {"valid": True, "relative_sd": _relative_sd(cloud, row)}
            row |= _excess(scene, site, probability >= DOUBTFUL)
        return Observation(row | {"reason": refusal}, hot)
    except (CannotDecide, BadInputError) as error:
        return Observation(row | {"valid": False, "relative_sd": None, "reason": str(error)}, hot)


def _clusters(found: Sequence[Cluster], labels: NDArray[np.int32], site: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what HeatNet finds in the polygon: pixels, clusters that touch it, and their excess."""
    own = set(np.unique(labels[site])) - {0}
    touching = [cluster for cluster in found if cluster.number in own]
    return {
        "net_pixels": int(np.count_nonzero(labels[site])),
        "clusters": len(touching),
        "cluster_excess": float(sum(cluster.excess for cluster in touching)),
        "hot_clusters": [cluster.row() for cluster in touching],
    }


def _counts(scene: Scene, site: NDArray[np.bool_]) -> dict[str, int]:
    """Return hot pixels by TAI and NHI, and saturated pixels, inside the polygon."""
    bands = bands_of(scene.reflectance, scene.gain)
    saturated = site & scene.seen & (bands.r12 >= saturation(scene.platform) / bands.gain[2])
    return {
        "hot_pixels": int(np.count_nonzero(tai(bands) & site)),
        "nhi_pixels": int(np.count_nonzero(nhi(bands) & site)),
        "saturated_pixels": int(np.count_nonzero(saturated)),
    }


def _refusal(seen: float, cloud: float | None) -> str | None:
    if seen < MIN_SEEN:
        return f"only {seen:.0%} of the site is inside the scene, {MIN_SEEN:.0%} is needed"
    if cloud is not None and cloud > MAX_CLOUD:
        return f"{cloud:.0%} of the site lies under cloud or shadow, more than {MAX_CLOUD:.0%}"
    return None


def _relative_sd(cloud: float | None, row: Mapping[str, Any]) -> float:
    hidden = UNKNOWN_CLOUD_SD if cloud is None else CLOUD_SD * cloud
    clipped = SATURATION_SD * row["saturated_pixels"] / max(row["hot_pixels"], 1)
    return float(np.hypot(hidden, min(clipped, 1.0)))


def _excess(scene: Scene, site: NDArray[np.bool_], doubtful: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the excess of the whole site, scaled up to what cloud hides, and the map of it."""
    excess = excess_radiance(scene, site, geometry.ground_sampling_distance(scene.grid), doubtful).radiance
    known = np.isfinite(excess)
    rows, cols = np.flatnonzero(site.any(axis=1)), np.flatnonzero(site.any(axis=0))
    top, bottom, left, right = (int(n) for n in (rows[0], rows[-1], cols[0], cols[-1]))
    box = scene.grid.window(top, left, bottom - top + 1, right - left + 1)
    block = excess[top : bottom + 1, left : right + 1]
    a, _, c, _, e, f = box.transform
    return {
        "excess_radiance": float(
            excess[known].sum(dtype=np.float64) * np.count_nonzero(site) / np.count_nonzero(known)
        ),
        "excess_map": encode_map(block),
        "map_width": box.width,
        "map_grid": f"{box.epsg}:{c:.9g}:{f:.9g}:{a:.6g}:{e:.6g}:{box.height}x{box.width}",
    }


def encode_map(excess: NDArray[np.float32]) -> list[int | None]:
    """Return excess radiance (rows, columns) as the integers that ``excess_map`` stores."""
    numbers = np.clip(np.round(np.nan_to_num(excess) / MAP_UNIT), -_MAP_LIMIT, _MAP_LIMIT).astype(int)
    return [n if ok else None for n, ok in zip(numbers.ravel().tolist(), np.isfinite(excess).ravel(), strict=True)]


def evidence_picture(scene: Scene, observation: Observation, wkt: str) -> bytes:
    """Return a PNG: short-wave infrared false colour, the polygon, hot clusters framed, cloud veiled."""
    return heat_picture(scene, observation.hot, geometry.outlines(wkt, scene.grid))


def heat_picture(
    scene: Scene, hot: NDArray[np.bool_] | None, rings: Sequence[NDArray[np.float64]] = (), side: int = 288
) -> bytes:
    """Return a PNG of a scene in B12, B11 and near infrared with hot pixels framed, at least ``side`` pixels wide."""
    r = scene.reflectance
    blank = np.zeros_like(r["B12"])
    nir = next((r[name] for name in ("B8A", "B08", "B09") if name in r), blank)
    rgb = picture.stretch([r["B12"], r.get("B11", blank), nir])
    zoom = max(1, min(6, round(side / max(rgb.shape[:2]))))
    return picture.render(rgb, marked=hot, hidden=scene.cloud, rings=rings, zoom=zoom)


def observe_scenes(
    scenes: pl.DataFrame, polygons: Mapping[str, str], locate: Callable[[str], Path]
) -> tuple[pl.DataFrame, dict[str, bytes]]:
    """Observe landed scenes.

    A scene that cannot be opened any more, or whose mill is not in the table of sites any more, becomes a row that is
    not valid and says why; it has no picture.

    Args:
        scenes: schema ``Scenes``.
        polygons: mill -> polygon of the hot plant area (WKT, EPSG:4326).
        locate: stored file name -> local path.

    Returns:
        Rows of ``SteelObservations`` without evidence (null), in order of the scenes, and pictures (PNG) by scene.
    """
    rows: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    for landed in scenes.iter_rows(named=True):
        try:
            if landed["site_id"] not in polygons:
                raise BadInputError(f"{landed['site_id']} is not in the table of sites")
            mask = None if landed["mask_path"] is None else locate(landed["mask_path"])
            scene = open_scene(landed, locate(landed["path"]), mask)
        except BadInputError as error:
            known = {name: landed[name] for name in ("site_id", "scene_id", "time")}
            rows.append(known | {"valid": False, "reason": str(error), "seen_share": 0.0})
            continue
        observation = observe(scene, landed["site_id"], polygons[landed["site_id"]])
        rows.append(observation.row)
        pictures[landed["scene_id"]] = evidence_picture(scene, observation, polygons[landed["site_id"]])
    return pl.DataFrame(rows, schema=SteelObservations.create_empty().schema), pictures
