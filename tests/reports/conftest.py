"""A small warehouse with the marts' columns, made of drawn curves."""

from datetime import UTC, date, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from io import BytesIO
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from PIL import Image

from solarnet_assets.landing import Landing, reject, rejects_frame
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.schemas import SCHEMAS

START, DAYS = date(2020, 1, 1), 75
CURVES = {
    "steel": [(0, 100), (19, 100), (28, 29), (39, 76), (46, 80), (61, 90), (74, 86)],
    "parking": [(0, 100), (19, 100), (28, 22), (39, 32), (54, 55), (69, 78), (74, 84)],
    "commuting": [(0, 100), (19, 100), (26, 16), (39, 20), (69, 72), (74, 80)],
}
SECTORS = {"remote_work": 537, "online_education": 169, "gaming": 124, "e_commerce": 0, "express_delivery": -1}
NASTY = '<script>alert("x")</script> & Söhne'


def curve(signal):
    return np.interp(np.arange(DAYS), *zip(*CURVES[signal], strict=True))


def days():
    return [START + timedelta(days=n) for n in range(DAYS)]


def rows(value, half, **names):
    frame = pl.DataFrame({"day": days(), "value": value, "lower": np.maximum(value - half, 0), "upper": value + half})
    return frame.with_columns(n_obs=pl.lit(12, dtype=pl.Int64), **{k: pl.lit(v) for k, v in names.items()})


def recovery(rng):
    frames = []
    composite = 0.6 * curve("commuting") + 0.25 * curve("steel") + 0.15 * curve("parking")
    for signal, value in {**{s: curve(s) for s in CURVES}, "composite": composite}.items():
        areas = [
            ("CN", "country"),
            ("Hubei", "region"),
            ("Shanghai", "region"),
            ("wuhan", "city"),
            ("shenzhen", "city"),
        ]
        for region, level in areas:
            noisy = np.maximum(value + rng.normal(0, 1.5, DAYS) - (40 if "u" in region else 0), 0)
            frames.append(rows(noisy, 5.0, signal=signal, region=region, level=level))
    gap = pl.col("day").is_between(date(2020, 2, 18), date(2020, 2, 21)) & (pl.col("signal") == "parking")
    return pl.concat(frames).filter(~gap)


def sites(rng):
    frames = []
    for n in range(8):
        signal = "steel" if n < 5 else "parking"
        value = np.maximum(curve(signal) + rng.normal(0, 4, DAYS), 0)
        name = NASTY if n == 0 else f"Works {n}"
        frame = rows(value, 9.0, signal=signal, site_id=f"site{n}", name=name, group="mill", region="Hebei")
        frames.append(
            frame.with_columns(evidence=pl.lit(f"{signal}/2020-03-12/site{n}.png" if n != 3 else "../secret.png"))
        )
    return pl.concat(frames)


def picture(seed):
    rng = np.random.default_rng(seed)
    shade = (rng.gamma(2, 14, (96, 96, 3))).clip(0, 255).astype(np.uint8)
    shade[40:52, 44:60] = (255, 120, 40)
    out = BytesIO()
    Image.fromarray(shade).resize((192, 192), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def tables(rng):
    sector = [
        rows(np.linspace(0, growth, DAYS), 12.0 + abs(growth) * 0.05, sector=name, lang="all").rename(
            {"value": "growth_pct"}
        )
        for name, growth in SECTORS.items()
    ]
    path = rows(np.minimum(80 + 1.7 * np.arange(DAYS), 200), 8.0).with_columns(day=pl.col("day") + timedelta(days=75))
    forecasts, dates = [], []
    for signal in ("composite", "commuting", "steel"):
        forecasts.append(
            path.head(60).with_columns(as_of=pl.lit(days()[-1]), signal=pl.lit(signal), region=pl.lit("CN"))
        )
        for threshold, n in ((90.0, 6), (95.0, 9), (100.0, 12)):
            found = None if signal == "steel" else days()[-1] + timedelta(days=n)
            early = None if signal == "steel" else found - timedelta(days=3)
            late = None if threshold == 100.0 else found and found + timedelta(days=4)
            key = (days()[-1], signal, "CN", threshold, found, early, late, 0.12 if found is None else 0.98)
            dates.append((*key, days()[-1] + timedelta(days=60)))
    names = ["as_of", "signal", "region", "threshold", "date_median", "date_lower", "date_upper", "prob_by", "horizon"]
    area = pl.DataFrame(
        {"site_id": ["all", "xuwen", "golmud"], "farms": [5, 2, 3], "area_km2": [4.1, 0.9, 3.2],
         "lower": [3.4, 0.7, 2.6], "upper": [4.8, 1.1, 3.8]}
    ).with_columns(day=pl.lit(days()[-1]), n_obs=pl.lit(9))  # fmt: skip
    item = {
        "item": ["Steel, 9 February", "Full recovery", "Posts on remote work", "Solar farms of China"],
        "published": [76.0, 86.0, 537.0, 439.0],
        "published_text": ["76 % of capacity", "26 March 2020", "+537 %", NASTY],
        "unit": ["% of normal", "day of the year", "% since 1 January", "farms"],
        "published_source": ["IEEE Spectrum", "The Batch", "IEEE Spectrum", "arXiv"],
        "url": ["https://example.org/a", "javascript:alert(1)", None, "https://example.org/b"],
        "measured": [74.2, 87.0, 520.0, 5.0],
        "lower": [70.0, 84.0, 470.0, None],
        "upper": [78.5, 93.0, 575.0, None],
        "measured_text": [None, "27 March 2020", None, None],
        "truth": [76.0, 86.0, 537.0, None],
        "within": [True, True, True, None],
        "note": ["% of the mills' own baseline", "", "", "Not comparable"],
        "signal": ["steel", "commuting", "sector", "solar"],
        "day": [date(2020, 2, 9), date(2020, 3, 10), date(2020, 3, 15), None],
    }
    return {
        "marts.recovery_daily": recovery(rng),
        "marts.site_daily": sites(rng),
        "marts.parking_groups": pl.concat(
            [
                rows(curve("parking") + shift, 5.0, site_group=kind)
                for kind, shift in (("theme park", 0), ("factory", 5))
            ]
        ),
        "marts.steel_shock": festival(80.0),
        "marts.sector_growth": pl.concat(sector),
        "marts.solar_daily": area,
        "marts.recovery_forecast": pl.concat(forecasts),
        "marts.recovery_dates": pl.DataFrame(dates, schema=names, orient="row"),
        "marts.published_comparison": pl.DataFrame(item),
        "staging.stg_cities": pl.DataFrame(
            {
                "city": ["wuhan", "shenzhen"],
                "name": ["Wuhan", "Shenzhen"],
                "region": ["Hubei", "Guangdong"],
                "lon": [114.3, 114.06],
                "lat": [30.6, 22.55],
            }
        ),
        "staging.stg_sites": pl.DataFrame(
            {
                "site_id": ["site0", "site1", "golmud"],
                "signal": ["steel", "steel", "solar"],
                "name": [NASTY, "Works 1", "Golmud"],
                "region": ["Hebei", "Hebei", "Qinghai"],
                "lon": [118.2, 115.0, 94.9],
                "lat": [39.6, 38.0, 36.4],
            }
        ),
        "marts.commuting_corrections": corrections(),
        "seeds.composite_weights": pl.DataFrame(
            {"signal": ["commuting", "steel"], "weight": [0.7, 0.3], "reason": ["Ours", "Ours"]}
        ),
        "seeds.settings": pl.DataFrame({"name": ["country"], "value": ["CN"]}),
    }


def stacked(frames):
    """Give the forecasts a second method, as the newest tables have it: the stack bends where the line does not."""
    paths, dates = frames["marts.recovery_forecast"], frames["marts.recovery_dates"]
    bent = paths.with_columns(value=pl.col("value").clip(upper_bound=97.0), method=pl.lit("stack"))
    chances = {"prob_never": 0.6, "prob_by": 0.4, "prob_by_7d": 0.1, "prob_by_14d": 0.2, "prob_by_28d": 0.3}
    never = pl.when(pl.col("threshold") == 100.0).then(None).otherwise(pl.col("date_median"))
    unknown = dates.head(1).with_columns(
        method=pl.lit("logistic"), note=pl.lit("3 days since the trough, 10 are needed"), prob_never=pl.lit(None),
        **{name: pl.lit(None, pl.Float64) for name in chances if name != "prob_never"},
    )  # fmt: skip
    both = [
        dates.with_columns(method=pl.lit("straight_line"), note=pl.lit(None, pl.String)),
        dates.with_columns(date_median=never, method=pl.lit("stack"), note=pl.lit(None, pl.String)).with_columns(
            **{name: pl.lit(value) for name, value in chances.items()}
        ),
        unknown,
    ]
    scores = pl.DataFrame(
        {"method": ["stack", "straight_line"], "signal": "composite", "level": "country", "horizon": 14, "n": 40,
         "crps": [2.5, 4.5], "crps_straight_line": 4.5, "crps_no_change": 6.0, "covered": [0.9, 0.6]}
    )  # fmt: skip
    sectors = frames["marts.sector_growth"].with_columns(
        growth_pct_4w=pl.lit(41.0), lower_4w=pl.lit(17.0), upper_4w=pl.lit(63.0),
        note=pl.when(pl.col("sector") == "gaming").then(pl.lit("too few days for a weekly rhythm; odd <b>")),
    )  # fmt: skip
    return {
        **frames,
        "marts.sector_growth": sectors,
        "marts.recovery_forecast": pl.concat([paths.with_columns(method=pl.lit("straight_line")), bent]),
        "marts.recovery_dates": pl.concat(both, how="diagonal_relaxed"),
        "marts.forecast_scores": scores,
    }


def corrections():
    """Two cities; without matching working days the week shows, and detection is left out of the published figure."""
    week = pl.Series([25.0 if day.weekday() > 4 else -10.0 for day in days()])
    base = pl.DataFrame({"day": days(), "value_with": curve("commuting")}).with_columns(
        value_without=pl.col("value_with") + week,
        baseline_kind=pl.when(pl.col("day") == date(2020, 2, 22))
        .then(pl.lit("interpolated"))
        .otherwise(pl.lit("lunar")),
    )
    return pl.concat(
        base.with_columns(city=pl.lit(city), correction=pl.lit(name), is_on=pl.lit(name != "correct_detection"))
        for city in ("wuhan", "shenzhen")
        for name in ("match_working_days", "correct_detection")
    )


def festival(ordinary):
    """Days about the festival: an ordinary year at a level, and what is left of the fall as the shock."""
    season = pl.DataFrame({"day": days()[12:47], "value": curve("steel")[12:47]})
    return season.select(
        "day", level=pl.lit("country"), region=pl.lit("CN"), partner=pl.col("day") - timedelta(days=354),
        ordinary=pl.lit(ordinary), ordinary_lower=pl.lit(ordinary - 5), ordinary_upper=pl.lit(ordinary + 5),
        shock=100 * pl.col("value") / ordinary, shock_lower=100 * pl.col("value") / ordinary - 9,
        shock_upper=100 * pl.col("value") / ordinary + 9,
    )  # fmt: skip


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


@pytest.fixture(scope="session")
def browser():
    """A function that starts a headless browser and gives one tab of it; see ``devtools.py``."""
    spec = spec_from_file_location("devtools", Path(__file__).with_name("devtools.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.browser


@pytest.fixture(scope="session")
def truth():
    rows = [pl.DataFrame({"signal": s, "key": "CN", "day": days(), "value": curve(s)}) for s in CURVES]
    golmud = {"signal": "solar", "key": "golmud", "day": days(), "value": 3.1}
    return pl.concat([*rows, pl.DataFrame(golmud)])


@pytest.fixture(scope="session")
def nasty():
    return NASTY


@pytest.fixture(scope="session")
def frames():
    return tables(np.random.default_rng(5))


@pytest.fixture(scope="session")
def write_warehouse():
    return make_warehouse


@pytest.fixture(scope="session")
def fill_home():
    return make_home


@pytest.fixture(scope="session")
def stack():
    return stacked
