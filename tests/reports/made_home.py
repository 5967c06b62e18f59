"""Writes the small country's tables, pictures, raw files and refusals into a home."""

from datetime import UTC, date, datetime
from io import BytesIO

import duckdb
import numpy as np
import polars as pl
from drawn_days import NASTY
from PIL import Image

from solarnet_assets.landing import Landing, reject, rejects_frame
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS


def picture(seed):
    rng = np.random.default_rng(seed)
    shade = (rng.gamma(2, 14, (96, 96, 3))).clip(0, 255).astype(np.uint8)
    shade[40:52, 44:60] = (255, 120, 40)
    out = BytesIO()
    Image.fromarray(shade).resize((192, 192), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def make_warehouse(path, frames):
    con = duckdb.connect(str(path))
    for schema in ("marts", "staging", "seeds"):
        con.execute(f"create schema {schema}")
    for name, frame in frames.items():
        con.register("frame", frame)
        con.execute(f"create table {name} as select * from frame")  # noqa: S608 - our own names
        con.unregister("frame")
    con.close()


def land(lake):
    """Write two partitions of mills' scenes; the newest is where the pictures say that they are from."""
    for day in (date(2020, 3, 1), date(2020, 3, 12)):
        scene = {
            "scene_id": "site0", "site_id": "site0", "time": datetime(day.year, day.month, day.day, tzinfo=UTC),
            "platform": "sentinel-2a", "path": "a1.tif", "mask_path": None, "bands": ["B12"], "scale": 1e-4,
            "offset": 0.0, "baseline": None, "sun_elevation": None, "epsg": 32650, "gsd": 20.0,
            "source_file": f"raw/{NASTY}.json", "sha256": "ab" * 32,
        }  # fmt: skip
        schema = SCHEMAS["steel_scenes"]
        frame = pl.DataFrame([scene], schema_overrides={"mask_path": pl.String, "baseline": pl.String})
        rejects = rejects_frame([reject("bad.json", "not a scene", 0)])
        landing = Landing(frame.select(schema.column_names()), rejects, 2)
        lake.write("steel_scenes", day, landing)


def make_home(home, frames):
    """Write a warehouse, evidence and refused records into a folder."""
    make_warehouse(home / "warehouse.duckdb", frames)
    for n in range(8):
        signal = "steel" if n < 5 else "parking"
        file = home / "evidence" / signal / "2020-03-12" / f"site{n}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(n))
    (home / "secret.png").write_bytes(picture(99))
    land(Lake(home / "lake", home / "quarantine"))
    refused = home / "quarantine" / "pings" / "day=2020-02-03"
    refused.mkdir(parents=True)
    pl.DataFrame(
        {
            "file": ["a.csv", "a.csv"],
            "row": [3, 9],
            "reason": ["latitude 200 is outside -90..90"] * 2,
            "sample": ["", ""],
        }
    ).write_parquet(refused / "rejects-abc.parquet")
    return home
