"""Days of a small country as the marts hold them, made of drawn curves: signals, sites, events, contributions."""

from datetime import date, timedelta

import numpy as np
import polars as pl

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


def festival(ordinary):
    """Days about the festival: an ordinary year at a level, and what is left of the fall as the shock."""
    season = pl.DataFrame({"day": days()[12:47], "value": curve("steel")[12:47]})
    return season.select(
        "day", level=pl.lit("country"), region=pl.lit("CN"), partner=pl.col("day") - timedelta(days=354),
        ordinary=pl.lit(ordinary), ordinary_lower=pl.lit(ordinary - 5), ordinary_upper=pl.lit(ordinary + 5),
        shock=100 * pl.col("value") / ordinary, shock_lower=100 * pl.col("value") / ordinary - 9,
        shock_upper=100 * pl.col("value") / ordinary + 9,
    )  # fmt: skip


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


def events():
    """A fall of two sites, a city and the country, one going on, and one new rise with a picture at the end."""
    last = days()[-1]
    spells = [
        ("steel", "site", "site1", date(2020, 1, 22), 9, "below"),
        ("steel", "site", "site2", date(2020, 1, 22), 9, "below"),
        ("commuting", "city", "wuhan", date(2020, 1, 23), 53, "below"),
        ("commuting", "country", "CN", date(2020, 1, 23), 6, "below"),
        ("sector", "sector", "remote_work", date(2020, 2, 20), 3, "above"),
        ("steel", "site", "site0", last - timedelta(days=2), 3, "above"),
    ]  # fmt: skip
    high = {"value": 131.0, "lower": 122.0, "upper": 140.0}
    low = {"value": 41.0, "lower": 33.0, "upper": 49.0}
    return pl.DataFrame(
        [
            {"signal": signal, "level": level, "key": key, "day": since + timedelta(days=n), "direction": way,
             **(high if way == "above" else low), "usual_lower": 92.0, "usual_upper": 108.0, "score": 4.5,
             "rows_in": "marts.recovery_daily", "is_new": n == 0,
             "evidence": f"steel/2020-03-12/{key}.png" if key == "site0" else None}
            for signal, level, key, since, length, way in spells
            for n in range(length)
        ]
    )  # fmt: skip


SHARES = {"commuting": 0.6, "steel": 0.25, "parking": 0.15}


def contributions():
    """Both composites of the country: weights, and a factor with a tenth less commuting; the last day lacks it."""
    last = days()[-1]
    less = {("factor", "commuting"): 0.9}
    frames = [
        pl.DataFrame({"day": days(), "value": curve(signal) * less.get((kind, signal), 1.0)})
        .with_columns(kind=pl.lit(kind), region=pl.lit("CN"), signal=pl.lit(signal), weight=pl.lit(share),
                      loading=pl.lit(20.0), contribution=share * (pl.col("value") - 100),
                      observed=(pl.col("day") < last) | pl.lit(signal != "commuting"))
        for kind in ("weights", "factor")
        for signal, share in SHARES.items()
    ]  # fmt: skip
    return pl.concat(frames)


def index(parts):
    """The composites that contributions add up to."""
    value = 100 + pl.col("contribution").sum()
    made = parts.group_by("kind", "region", "day").agg(value=value, missing=pl.col("observed").not_().sum())
    return made.with_columns(
        as_of=pl.col("day"),
        lower=pl.col("value") - 4,
        upper=pl.col("value") + 4,
        missing=pl.col("missing").cast(pl.Int64),
    ).sort("kind", "day")
