"""The headline and the large charts: levels, solar farms and the forecast."""

from __future__ import annotations

from typing import Any

import polars as pl
from markupsafe import Markup

from solarnet_assets.reports import charts, festival, words
from solarnet_assets.reports.data import ReportData

LEVELS = ("composite", "steel", "parking", "commuting")


def country_rows(data: ReportData, signal: str) -> pl.DataFrame:
    """Return the country's days of one signal."""
    rows = data["recovery_daily"].filter(pl.col("signal") == signal, pl.col("region") == data.country)
    return rows.select("day", "value", "lower", "upper", "n_obs").sort("day")


def country_truth(data: ReportData, signal: str) -> pl.DataFrame:
    """Return the simulation's truth of the country within the days that the report shows; empty outside one."""
    truth = data.truth.filter(pl.col("signal") == signal, pl.col("key") == data.country)
    span = data.span
    return truth.filter(pl.col("day").is_between(*span) if span else pl.lit(value=False)).select("day", "value")


def headline(data: ReportData) -> dict[str, Any] | None:
    """Return the newest value of the index (or of the first signal there is) and its day of return."""
    for signal in (*LEVELS[:1], "commuting", "steel", "parking"):
        rows = country_rows(data, signal)
        if rows.height:
            last = rows.row(-1, named=True)
            return {
                "signal": words.SIGNALS[signal],
                "country": words.title(data.country),
                "day": words.day(last["day"], year=True),
                "value": words.percent(last["value"]),
                "interval": words.interval(last["lower"], last["upper"]),
                "back": _return(data, signal),
            }
    return None


def cards(data: ReportData) -> list[dict[str, Any]]:
    """Return the newest figure of every signal."""
    shown = []
    for signal in LEVELS[1:]:
        rows = country_rows(data, signal)
        if rows.height:
            last = rows.row(-1, named=True)
            shown.append(_card(signal, words.percent(last["value"]), last, "of normal"))
    sectors = data["sector_growth"].filter(pl.col("lang") == "all", pl.col("growth_pct").is_not_null())
    if sectors.height:
        newest = sectors.filter(pl.col("day") == pl.col("day").max()).sort("growth_pct", "sector").row(-1, named=True)
        what = f"{words.title(newest['sector']).lower()}, since 1 January"
        shown.append(_card("sector", words.percent(newest["growth_pct"], signed=True), newest, what))
    areas = _newest_solar(data).filter(pl.col("site_id") == "all")
    if areas.height:
        row = areas.row(0, named=True)
        shown.append(_card("solar", words.number(row["area_km2"], "km²"), row, f"in {row['farms']} farms"))
    return shown


def _card(signal: str, value: str, row: dict[str, Any], what: str) -> dict[str, Any]:
    return {
        "signal": signal,
        "name": words.SIGNALS[signal],
        "value": value,
        "interval": words.interval(row["lower"], row["upper"]),
        "what": what,
        "day": words.day(row["day"]),
    }


def level_sections(data: ReportData) -> list[dict[str, Any]]:
    """Return chart and table of every percent-of-normal signal that has figures."""
    sections = []
    for signal in LEVELS:
        rows = country_rows(data, signal)
        if rows.is_empty():
            continue
        truth = country_truth(data, signal)
        published = (
            data["published_comparison"]
            .filter(
                pl.col("signal") == signal, pl.col("unit") == "% of normal", ~pl.col("item").str.contains("car park")
            )
            .unique(["day"], keep="first", maintain_order=True)
            .select("day", "published", published_text=pl.col("published").map_elements(_short, return_dtype=pl.String))
        )
        last = rows.row(-1, named=True)
        ordinary = festival.ordinary_rows(data, signal)
        usual = (
            None
            if ordinary is None
            else ordinary.select("day", value="ordinary", lower="ordinary_lower", upper="ordinary_upper")
        )
        label = (
            f"{words.SIGNALS[signal]}, {words.title(data.country)}, {words.day(rows['day'][0])} to "
            f"{words.day(last['day'])}: "
            f"lowest {words.percent(_number(rows['value'].min()))}, last {words.percent(last['value'])}, 90 % interval "
            f"{words.interval(last['lower'], last['upper'])}"
        )
        sections.append(
            {
                "signal": signal,
                "name": words.SIGNALS[signal],
                "meaning": words.MEANING[signal],
                "chart": Markup(charts.level_chart(signal, rows, truth, published, label, usual)),  # noqa: S704
                "shock": festival.shock(ordinary),
                "rows": [_row(row) for row in rows.sort("day", descending=True).iter_rows(named=True)],
                "has_truth": truth.height > 0,
                "has_published": published.height > 0,
                "last_day": last["day"],
            }
        )
    return sections


def _short(value: float) -> str:
    return f"{value:.0f}"


def _number(value: Any) -> float:
    return float(value)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "day": words.day(row["day"], year=True),
        "value": words.percent(row["value"]),
        "interval": words.interval(row["lower"], row["upper"]),
        "n_obs": f"{row['n_obs'] or 0:,}",
    }


def _newest_solar(data: ReportData) -> pl.DataFrame:
    rows = data["solar_daily"]
    return rows.filter(pl.col("day") == pl.col("day").max())


def solar_section(data: ReportData) -> dict[str, Any] | None:
    """Return area and number of solar farms by watched place on the newest day."""
    rows = _newest_solar(data).filter(pl.col("site_id") != "all")
    if rows.is_empty():
        return None
    names = data["stg_sites"].filter(pl.col("signal") == "solar").select("site_id", place="name")
    truth = data.truth.filter(pl.col("signal") == "solar").select("day", site_id="key", truth="value")
    shown = (
        rows.join(names, on="site_id", how="left")
        .join(truth, on=["site_id", "day"], how="left")
        .with_columns(name=pl.col("place").fill_null(pl.col("site_id")))
        .sort("area_km2", "name", descending=[True, False])
    )
    total = _newest_solar(data).filter(pl.col("site_id") == "all")
    label = "Area of solar farms by watched place: " + "; ".join(
        f"{row['name']} {words.number(row['area_km2'], 'km²')}" for row in shown.iter_rows(named=True)
    )
    drawn = shown.select("name", "area_km2", "lower", "upper", "truth")
    return {
        "meaning": words.MEANING["solar"],
        "day": words.day(shown["day"][0], year=True),
        "last_day": shown["day"][0],
        "total": words.number(total["area_km2"][0], "km²") if total.height else "",
        "total_interval": words.interval(total["lower"][0], total["upper"][0], "") if total.height else "",
        "farms": int(total["farms"][0]) if total.height else int(shown["farms"].sum()),
        "chart": Markup(charts.area_chart(drawn, label)),  # noqa: S704 - drawn here, its label escaped there
        "rows": [
            {
                "name": row["name"],
                "farms": row["farms"],
                "area": words.number(row["area_km2"], "km²"),
                "interval": words.interval(row["lower"], row["upper"], ""),
                "truth": words.number(row["truth"], "km²"),
            }
            for row in shown.iter_rows(named=True)
        ],
        "has_truth": shown["truth"].null_count() < shown.height,
    }


def forecast_section(data: ReportData) -> dict[str, Any] | None:
    """Return the straight line of the headline signal, and the days of return of every signal."""
    dates = data["recovery_dates"].filter(pl.col("region") == data.country)
    order = {signal: n for n, signal in enumerate(LEVELS)}
    known = sorted({s for s in dates["signal"].to_list() if s in order}, key=lambda s: order[s])
    if not known:
        return None
    drawn = []
    for signal in [s for s in ("composite", "commuting") if s in known] or known[:1]:
        at_100 = dates.filter(pl.col("signal") == signal, pl.col("threshold") == 100)
        found = at_100.row(0, named=True) if at_100.height else {}
        path = (
            data["recovery_forecast"].filter(pl.col("signal") == signal, pl.col("region") == data.country).sort("day")
        )
        if path.is_empty():
            continue
        back = _return(data, signal)
        label = f"{words.SIGNALS[signal]}: straight line. {back or 'No day of return within the horizon.'}"
        chart = charts.forecast_chart(
            country_rows(data, signal), path.select("day", "value", "lower", "upper"), found, signal, label
        )
        drawn.append({"name": words.SIGNALS[signal], "chart": Markup(chart), "back": back})  # noqa: S704
    rows = dates.filter(pl.col("signal").is_in(known)).sort(
        pl.col("signal").replace_strict(order, return_dtype=pl.Int64), "threshold"
    )
    return {
        "as_of": words.day(dates["as_of"][0], year=True),
        "last_day": dates["as_of"][0],
        "charts": drawn,
        "rows": [_date_row(row) for row in rows.iter_rows(named=True)],
    }


def _date_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "signal": words.SIGNALS[row["signal"]],
        "threshold": words.percent(row["threshold"]),
        "median": words.day(row["date_median"]) if row["date_median"] else "not within the horizon",
        "interval": f"{words.day(row['date_lower'])} to {_late(row)}" if row["date_lower"] else "",
        "prob": words.percent(100 * row["prob_by"]) if row["prob_by"] is not None else "–",
        "horizon": words.day(row["horizon"]),
    }


def _late(row: dict[str, Any]) -> str:
    return words.day(row["date_upper"]) if row["date_upper"] else f"after {words.day(row['horizon'])}"


def _return(data: ReportData, signal: str) -> str:
    """Return the sentence on the day of return to 100 %, or nothing where no forecast was made."""
    found = data["recovery_dates"].filter(
        pl.col("signal") == signal, pl.col("region") == data.country, pl.col("threshold") == 100
    )
    if found.is_empty():
        return ""
    row = found.row(0, named=True)
    if row["date_median"] is None:
        chance = words.percent(100 * (row["prob_by"] or 0.0))
        return f"A straight line does not reach 100 % by {words.day(row['horizon'], year=True)} (probability {chance})."
    if row["date_median"] == row["as_of"]:
        return "It is back at 100 %."
    return (
        f"A straight line through the last 28 days reaches 100 % on {words.day(row['date_median'], year=True)} "
        f"(90 % interval {words.day(row['date_lower'])} to {_late(row)})."
    )
