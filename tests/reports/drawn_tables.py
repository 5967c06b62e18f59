"""Forecasts, published figures and places of the small country, and all its tables together."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from drawn_days import (
    DAYS,
    NASTY,
    SECTORS,
    contributions,
    corrections,
    curve,
    days,
    events,
    festival,
    index,
    recovery,
    rows,
    sites,
)


def forecasts():
    """Sixty days ahead by the published line alone, and days of return; steel does not come back."""
    path = rows(np.minimum(80 + 1.7 * np.arange(DAYS), 200), 8.0).with_columns(day=pl.col("day") + timedelta(days=75))
    paths, dates = [], []
    for signal in ("composite", "commuting", "steel"):
        paths.append(path.head(60).with_columns(as_of=pl.lit(days()[-1]), signal=pl.lit(signal), region=pl.lit("CN")))
        for threshold, n in ((90.0, 6), (95.0, 9), (100.0, 12)):
            found = None if signal == "steel" else days()[-1] + timedelta(days=n)
            early = None if signal == "steel" else found - timedelta(days=3)
            late = None if threshold == 100.0 else found and found + timedelta(days=4)
            key = (days()[-1], signal, "CN", threshold, found, early, late, 0.12 if found is None else 0.98)
            dates.append((*key, days()[-1] + timedelta(days=60)))
    names = ["as_of", "signal", "region", "threshold", "date_median", "date_lower", "date_upper", "prob_by", "horizon"]
    return pl.concat(paths), pl.DataFrame(dates, schema=names, orient="row")


def published():
    return pl.DataFrame(
        {
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
    )


def posts():
    """Growth of sectors' shares to their last day."""
    sector = [
        rows(np.linspace(0, growth, DAYS), 12.0 + abs(growth) * 0.05, sector=name, lang="all").rename(
            {"value": "growth_pct"}
        )
        for name, growth in SECTORS.items()
    ]
    return pl.concat(sector)


def raw_files():
    """Two files of pings on the newest day, the second three days late, one of posts, a late image without records."""
    last = days()[-1]
    names = ["kind", "day", "file", "bytes", "sha256", "records_in", "records_kept", "records_refused", "arrived"]
    files = [
        ("pings", last, "pings/a.csv.gz", 1234, "cd" * 32, 100, 98, 2, last),
        ("pings", last, "pings/b.csv.gz", 999, "ef" * 32, 50, 50, 0, last + timedelta(days=3)),
        ("posts", last, f"posts/{NASTY}.jsonl", 77, "12" * 32, 7, 7, 0, last),
        ("lot_images", last, "lots/a.tif", 4096, "34" * 32, 0, 0, 0, last + timedelta(days=2)),
    ]
    return pl.DataFrame(files, schema=names, orient="row")


def tables(rng):
    """Every table that the report reads, as a first version of the warehouse held them."""
    paths, dates = forecasts()
    parts = contributions()
    area = pl.DataFrame(
        {"site_id": ["all", "xuwen", "golmud"], "farms": [5, 2, 3], "area_km2": [4.1, 0.9, 3.2],
         "lower": [3.4, 0.7, 2.6], "upper": [4.8, 1.1, 3.8]}
    ).with_columns(day=pl.lit(days()[-1]), n_obs=pl.lit(9))  # fmt: skip
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
        "marts.sector_growth": posts(),
        "marts.solar_daily": area,
        "marts.recovery_forecast": paths,
        "marts.recovery_dates": dates,
        "marts.published_comparison": published(),
        "marts.recovery_events": events(),
        "marts.index_contributions": parts,
        "marts.recovery_index": index(parts),
        "marts.raw_files": raw_files(),
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
        {"method": ["stack", "straight_line", "stack"], "stage": ["since", "since", "before"], "signal": "composite",
         "level": "country", "horizon": 14, "n": 40, "crps": [2.5, 4.5, 30.0], "crps_straight_line": [4.5, 4.5, 31.0],
         "crps_no_change": 6.0, "covered": [0.9, 0.6, 0.2]}
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
