"""A small warehouse with the marts' columns, made of drawn curves."""

from datetime import date, timedelta
from io import BytesIO

import duckdb
import numpy as np
import polars as pl
import pytest
from PIL import Image

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
            {"city": ["wuhan", "shenzhen"], "name": ["Wuhan", "Shenzhen"], "region": ["Hubei", "Guangdong"]}
        ),
        "marts.commuting_corrections": corrections(),
        "seeds.composite_weights": pl.DataFrame(
            {"signal": ["commuting", "steel"], "weight": [0.7, 0.3], "reason": ["Ours", "Ours"]}
        ),
        "seeds.settings": pl.DataFrame({"name": ["country"], "value": ["CN"]}),
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


def make_home(home, frames):
    """Write a warehouse, evidence and refused records into a folder."""
    make_warehouse(home / "warehouse.duckdb", frames)
    for n in range(8):
        signal = "steel" if n < 5 else "parking"
        file = home / "evidence" / signal / "2020-03-12" / f"site{n}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(n))
    (home / "secret.png").write_bytes(picture(99))
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
