"""Events: who has left its own interval, which way, how far and since when; the newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from solarnet_assets.reports import formats
from solarnet_assets.reports.data import ReportData
from solarnet_assets.reports.event_chart import count_chart
from solarnet_assets.reports.sparkline import event_mark
from solarnet_assets.reports.text import NOTHING, Text, joined
from solarnet_assets.reports.words import name_of, say

RECENT = 7
"""Days for which an event counts as new."""

FIRST, LISTED = 6, 300
"""Groups that stand open on the page, and most events that are listed at all."""

TOP = 160.0
"""End of the scale of the small pictures, percent of normal."""

NAMED = 3
"""Names that a group of several is introduced with."""

LEVELS = ("country", "region", "city", "site", "sector")
"""Levels, the widest first."""

SINGLE = {"steel": "site", "parking": "site", "commuting": "city", "sector": "sector"}
"""The level at which a signal's places are counted: areas hold the same sites and cities again."""

_KEY = ["signal", "level", "key"]

Events = Mapping[tuple[str, str, str], list[dict[str, Any]]]
"""Events of every place by signal, level and key, as :func:`by_place` returns them."""


def episodes(data: ReportData) -> pl.DataFrame:
    """Return events as spells: one row from the first day outside, on one side, to the last before a week inside.

    Returns:
        signal, level, key, direction, since, until, days (outside), is_open (outside on its newest day), beyond (points
        from the nearer limit of the own interval, signed), and value, lower, upper, usual_lower, usual_upper, score,
        rows_in and evidence on ``until``; the newest ``since`` first, within it the widest level and the farthest.
    """
    known = data["recovery_events"].filter(pl.col("direction").is_in(["above", "below"]))
    rows = known.drop_nulls(["value", "lower", "upper", "usual_lower", "usual_upper"]).sort(*_KEY, "direction", "day")
    spell = pl.col("is_new").fill_null(value=False).cum_sum().over(*_KEY, "direction").alias("spell")
    limit = pl.when(pl.col("direction") == "above").then("usual_upper").otherwise("usual_lower")
    made = (
        rows.with_columns(spell, beyond=pl.col("value") - limit)
        .group_by(*_KEY, "direction", "spell", maintain_order=True)
        .agg(
            pl.col("day").first().alias("since"),
            pl.col("day").last().alias("until"),
            pl.len().alias("days"),
            pl.col("value", "lower", "upper", "usual_lower", "usual_upper", "beyond").last(),
            pl.col("evidence", "score", "rows_in").last(),
        )
        .drop("spell")
    )
    dated = made.join(_newest_days(data), on=_KEY, how="left", maintain_order="left")
    ended = dated.with_columns(is_open=pl.col("until") >= pl.col("newest").fill_null(pl.col("until")))
    rank = pl.col("level").replace_strict(dict(zip(LEVELS, range(len(LEVELS)), strict=True)), default=len(LEVELS))
    order = [pl.col("since"), pl.col("signal"), pl.col("direction"), rank, pl.col("beyond").abs(), pl.col("key")]
    return ended.sort(order, descending=[True, False, False, False, True, False])


def _newest_days(data: ReportData) -> pl.DataFrame:
    """Return the newest day with a figure of every site, area and sector: signal, level, key, newest."""
    sectors = data["sector_growth"].filter(pl.col("lang") == "all").drop_nulls("growth_pct")
    site, sector = pl.lit("site").alias("level"), pl.lit("sector")
    frames = [
        data["site_newest"].select("signal", site, pl.col("site_id").alias("key"), "day"),
        data["recovery_daily"].drop_nulls("value").select("signal", "level", pl.col("region").alias("key"), "day"),
        sectors.select(sector.alias("signal"), sector.alias("level"), pl.col("sector").alias("key"), "day"),
    ]
    return pl.concat(frame.group_by(_KEY).agg(pl.col("day").max().alias("newest")) for frame in frames)


def by_place(spells: pl.DataFrame) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """Return the events of every place, the oldest first, by signal, level and key, for its small multiple."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    shown = spells.select(*_KEY, "direction", "since", "until", "is_open").sort("since", "direction")
    for row in shown.iter_rows(named=True):
        key = (row["signal"], row["level"], row["key"])
        found.setdefault(key, []).append(row | {"anchor": anchor(*key)})
    return found


def anchor(signal: str, level: str, key: str) -> str:
    """Return the id of a place's small multiple (keys may hold anything, ids may not), or of the country's chart."""
    if level == "country":
        return f"level-{signal}"
    return f"at-{hashlib.sha256(f'{signal} {level} {key}'.encode()).hexdigest()[:12]}"


def section(data: ReportData, spells: pl.DataFrame, pictures: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the part of the page on events; None where nothing ever left its own interval.

    Args:
        data: the report's data.
        spells: as :func:`episodes` returns them.
        pictures: ids of embedded pictures by their path in the evidence folder.
    """
    if spells.is_empty():
        return None
    last = data.span[1] if data.span else spells["until"].max()
    if not isinstance(last, date):
        raise TypeError(f"not a day: {last!r}")
    names = _names(data)
    shown = spells.head(LISTED).with_columns(
        is_new=pl.col("since") > last - timedelta(days=RECENT),
    )
    parts = shown.group_by("since", "signal", "direction", maintain_order=True)
    groups = [_group(part, names, pictures) for _, part in parts]
    return {
        "summary": _summary(spells, last),
        "now": _now(data, spells),
        "chart": count_chart(_single(data["recovery_events"]), data.span or (last, last), _label(spells, last)),
        "groups": groups[:FIRST],
        "earlier": groups[FIRST:],
        "n_earlier": formats.count(sum(len(group["members"]) for group in groups[FIRST:])),
        "more": max(spells.height - LISTED, 0),
        "last_day": spells["until"].max(),
    }


def headline(spells: pl.DataFrame, last: date) -> Text:
    """Return how many events are new, as a sentence; nothing where there never was one."""
    return _summary(spells, last) if spells.height else NOTHING


def _summary(spells: pl.DataFrame, last: date) -> Text:
    new = spells.filter(pl.col("since") > last - timedelta(days=RECENT)).height
    return say("events.summary", n=formats.count(new), day=formats.day(last, year=True)) if new else say("events.quiet")


def _label(spells: pl.DataFrame, last: date) -> Text:
    worst = (
        (_single(spells) if _single(spells).height else spells)
        .group_by("since")
        .len()
        .sort("len", "since", descending=True)
        .row(0, named=True)
    )
    return say("events.label", n=formats.count(worst["len"]), day=formats.day(worst["since"])) + _summary(spells, last)


def _single(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of single places, without the areas that they lie in."""
    return rows.filter(pl.col("level") == pl.col("signal").replace_strict(SINGLE, default=None))


def _now(data: ReportData, spells: pl.DataFrame) -> list[dict[str, Any]]:
    """Return, by signal, how many places are outside their own interval on their newest day, and which way."""
    totals = dict(_single(_newest_days(data)).group_by("signal").len().rows())
    still = _single(spells).filter(pl.col("is_open"))
    signals = [signal for signal in SINGLE if totals.get(signal)]
    return [
        {
            "signal": signal,
            "name": say(f"signals.{signal}"),
            "text": say(
                "events.now",
                n=formats.count(int(totals[signal])),
                above=formats.count(still.filter(signal=signal, direction="above").height),
                below=formats.count(still.filter(signal=signal, direction="below").height),
                kind=say(f"events.kinds.{SINGLE[signal]}"),
            ),
        }
        for signal in signals
    ]


def _names(data: ReportData) -> dict[tuple[str, str], tuple[Text, Text]]:
    """Return name and province of every place by level and key."""
    sites = data["site_newest"].select("site_id", "name", "region").rows()
    known = {("site", key): (name_of(name or key), name_of(region or "")) for key, name, region in sites}
    cities = data["stg_cities"].select("city", "name", "region").rows()
    return known | {("city", key): (name_of(name or key), name_of(region or "")) for key, name, region in cities}


def _group(
    part: pl.DataFrame, names: dict[tuple[str, str], tuple[Text, Text]], pictures: Mapping[str, str]
) -> dict[str, Any]:
    members = [_member(row, names, pictures) for row in part.iter_rows(named=True)]
    first = part.row(0, named=True)
    regions = sorted({member["place"].en: member["place"] for member in members if member["place"]}.items())
    shown = joined((member["name"] for member in members[:NAMED]), "; ", "；")  # names of sites hold commas
    rest, levels = len(members) - NAMED, set(part["level"])
    kind = say(f"events.kinds.{first['level'] if len(levels) == 1 else 'place'}")
    return {
        "signal": first["signal"],
        "signal_name": say(f"signals.{first['signal']}"),
        "direction": first["direction"],
        "way": say(f"events.all_{first['direction']}"),
        "since": formats.day(first["since"], year=True),
        "is_new": bool(first["is_new"]),
        "members": members,
        "count": say("events.count", n=len(members), kind=kind),
        "regions": _regions([region for _, region in regions]) if rest > 0 and len(regions) > 1 else NOTHING,
        "names": say("events.and_more", names=shown, n=rest) if rest > 0 else shown,
    }  # fmt: skip


def _regions(regions: list[Text]) -> Text:
    return joined(regions) if len(regions) <= NAMED else say("events.provinces", n=len(regions))


def _member(
    row: dict[str, Any], names: dict[tuple[str, str], tuple[Text, Text]], pictures: Mapping[str, str]
) -> dict[str, Any]:
    name, place = names.get((row["level"], row["key"]), (name_of(row["key"]), NOTHING))
    top = max(TOP, row["upper"], row["usual_upper"])
    until = say("events.still") if row["is_open"] else say("events.until", day=formats.day(row["until"]))
    return {
        "name": name,
        "place": place,
        "way": say(f"events.{row['direction']}"),
        "direction": row["direction"],
        "value": formats.percent(row["value"]),
        "interval": formats.interval(row["lower"], row["upper"]),
        "usual": formats.interval(row["usual_lower"], row["usual_upper"]),
        "beyond": formats.figure(row["beyond"], signed=True),
        "mark": event_mark(row, top),
        "days": formats.count(row["days"]),
        "is_open": row["is_open"],
        "until": until,
        "on": formats.day(row["until"]),
        "anchor": anchor(row["signal"], row["level"], row["key"]),
        "score": NOTHING if row["score"] is None else say("events.score", n=formats.tenth(abs(row["score"]))),
        "rows_in": row["rows_in"] or "",
        "evidence": row["evidence"] or "",
        "picture": pictures.get(row["evidence"] or "", ""),
    }
