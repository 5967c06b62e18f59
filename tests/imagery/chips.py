"""Tiny scenes with STAC items, and the table of sites that they lie over."""

import json
import warnings
from datetime import date

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning

from solarnet_assets.landing import RawFile

EPSG, WEST, NORTH = 32650, 500_000.0, 4_400_000.0
DAY = date(2020, 2, 9)
BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")


def square(east, north, half=200.0, epsg=EPSG):
    """Return WKT (EPSG:4326) of a square about a map point."""
    from pyproj import Transformer

    to = Transformer.from_crs(epsg, 4326, always_xy=True)
    ring = [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]
    points = [to.transform(east + x, north + y) for x, y in ring]
    return "POLYGON ((" + ", ".join(f"{x:.8f} {y:.8f}" for x, y in points) + "))"


def site(site_id="mill", east=WEST + 640, north=NORTH - 640, signal="steel", half=200.0):
    return {"site_id": site_id, "signal": signal, "geometry": square(east, north, half)}


def tif(path, pixels, *, epsg=EPSG, west=WEST, north=NORTH, gsd=20.0, names=(), nodata=0, **profile):
    """Write (bands, rows, columns) as a deflate GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    crs = {} if epsg is None else {"crs": f"EPSG:{epsg}", "transform": Affine(gsd, 0, west, 0, -gsd, north)}
    size = {"count": pixels.shape[0], "height": pixels.shape[1], "width": pixels.shape[2], "dtype": pixels.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver="GTiff", compress="deflate", nodata=nodata, **crs, **size, **profile
        ) as out:
            out.write(pixels)
            for number, name in enumerate(names, 1):
                out.set_band_description(number, name)
    return path


def numbers(bands=6, n=64, seed=0):
    return np.random.default_rng(seed).integers(500, 3000, (bands, n, n)).astype(np.uint16)


def item(scene_id, *, bands=BANDS, href=None, scl=None, assets=None, **properties):
    """Return a STAC item of one multi-band file."""
    listed = [{"name": band, "scale": 0.0001, "offset": 0} for band in bands]
    data = {"href": href or f"./{scene_id}.tif", "roles": ["data"], "raster:bands": listed}
    made = {"data": data} | ({"scl": {"href": scl}} if scl else {})
    defaults = {
        "datetime": "2020-02-09T02:50:00Z",
        "platform": "sentinel-2a",
        "proj:code": f"EPSG:{EPSG}",
        "s2:processing_baseline": "02.09",
        "view:sun_elevation": 35.0,
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": scene_id,
        "geometry": None,
        "links": [],
        "properties": defaults | properties,
        "assets": assets or made,
    }


class Drop:
    """A folder of raw files of one day."""

    def __init__(self, root):
        self.root = root

    def put(self, scene_id="S2A", pixels=None, stac=None, scl=None, **raster):
        folder = self.root / "2020-02-09"
        tif(folder / f"{scene_id}.tif", numbers() if pixels is None else pixels, **raster)
        if scl is not None:
            tif(folder / f"{scene_id}_SCL.tif", scl, gsd=raster.get("gsd", 20.0))
        content = item(scene_id, scl=f"./{scene_id}_SCL.tif" if scl is not None else None) if stac is None else stac
        if content:
            self.write(f"{scene_id}.json", json.dumps(content))
        return folder / f"{scene_id}.tif"

    def write(self, name, text):
        path = self.root / "2020-02-09" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def files(self, **flags):
        return [
            RawFile(p, p.relative_to(self.root).as_posix(), **flags)
            for p in sorted(self.root.rglob("*"))
            if p.is_file()
        ]
