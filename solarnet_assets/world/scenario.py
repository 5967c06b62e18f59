"""Scenario files: what happens to the simulated country, as dated points in percent of normal."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from solarnet_assets.landing import BadInputError

Curve = Annotated[list[tuple[date, float]], Field(min_length=1)]
"""Dated points in percent of normal; straight lines between them, constant outside."""

Key = Annotated[str, Field(pattern=r"^\w[\w.-]{0,79}$")]
"""A part of file names: letters, digits, dots and dashes."""

Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
"""Degrees, WGS 84."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class City(_Strict):
    """A city: ``workforce`` weighs it, ``panel`` devices send pings (0: only a published index exists).

    ``pings_a_day`` is the mean of every device; without it each has its own, 5 to 60, growing from year to year.
    """

    id: Key
    name: str
    region: str
    lon: Longitude
    lat: Latitude
    radius_km: float = 15.0
    workforce: float = 1e6
    panel: int = Field(default=600, ge=0, le=100_000_000)
    pings_a_day: float | None = Field(default=None, gt=0)
    index: bool = False
    curve: Curve | None = None


class Mill(_Strict):
    """A steel mill; ``capacity`` in Mt a year; ``heat`` is its peak summed SWIR excess in a normal pass."""

    id: Key
    name: str
    region: str
    lon: Longitude
    lat: Latitude
    capacity: float
    heat: float | None = None
    curve: Curve | None = None


class Lot(_Strict):
    """A car park with ``stalls`` and a ``group`` (factory, retail, theme park)."""

    id: Key
    name: str
    region: str
    group: str = "factory"
    lon: Longitude
    lat: Latitude
    stalls: int = Field(default=120, ge=1, le=100_000)
    curve: Curve | None = None


class Farm(_Strict):
    """An area of interest that holds solar farms; ``arrays`` and their area in km2 by opening day."""

    id: Key
    name: str
    region: str
    lon: Longitude
    lat: Latitude
    arrays: list[tuple[date, float]] = []


class Outage(_Strict):
    """Days on which nothing of a network was scraped."""

    network: Literal["twitter", "mastodon", "weibo"]
    start: date
    end: date


class BotMix(_Strict):
    """Which kinds of bots write how much of what bots write, as relative weights; see ``world.bots``."""

    flood: float = Field(default=0.25, ge=0)
    timer: float = Field(default=0.15, ge=0)
    slow: float = Field(default=0.15, ge=0)
    leaflet: float = Field(default=0.2, ge=0)
    burst: float = Field(default=0.15, ge=0)
    ring: float = Field(default=0.1, ge=0)

    @model_validator(mode="after")
    def _some(self) -> BotMix:
        if not sum(self.model_dump().values()):
            raise ValueError("at least one kind of bot needs a weight above zero")
        return self


class Posts(_Strict):
    """How much is written: posts a day, the share that is Chinese, the share that bots write, and which bots.

    None of the following moves the truth, which is in percent of normal for that weekday. ``rhythm``: how far weekends
    lie from the mean of the week, a share; ``noise``: standard deviation of a sector's share from day to day;
    ``chinese_drift``: log-change of how much Chinese is written, from start to end, English the other way;
    ``new_words``: part of a sector's posts that no list of words knows, at the end of the scenario, none at its start.
    """

    per_day: int = Field(default=6000, ge=0, le=100_000_000)
    chinese: float = Field(default=0.5, ge=0, le=1)
    bots: float = Field(default=0.05, ge=0, le=0.5)
    mix: BotMix = BotMix()
    rhythm: float = Field(default=0.1, ge=0, lt=1)
    noise: float = Field(default=0.05, ge=0, le=1)
    chinese_drift: float = Field(default=0.0, ge=-2, le=2)
    new_words: float = Field(default=0.0, ge=0, le=1)
    outages: tuple[Outage, ...] = ()


class Signals(_Strict):
    """True country curves; sites and cities may have their own."""

    steel: Curve
    parking: Curve
    commuting: Curve
    sectors: dict[str, Curve]


class Scenario(_Strict):
    """A whole scenario file."""

    name: str
    seed: int = Field(ge=0, lt=2**63)
    timezone: str = "Asia/Shanghai"
    country: str = "CN"
    start: date
    end: date
    signals: Signals
    cities: list[City]
    mills: list[Mill]
    lots: list[Lot]
    farms: list[Farm]
    posts: Posts = Posts()

    @model_validator(mode="after")
    def _ordered(self) -> Scenario:
        if self.end < self.start:
            raise ValueError(f"end {self.end} lies before start {self.start}")
        if self.timezone not in available_timezones():
            raise ValueError(f"{self.timezone[:60]!r} is no IANA time zone")
        if not 1950 <= self.start.year <= self.end.year <= 2150:
            raise ValueError("start and end must lie in 1950 to 2150")
        ids = [x.id for group in (self.cities, self.mills, self.lots, self.farms) for x in group]
        if len(ids) != len(set(ids)):
            raise ValueError("ids of cities, mills, lots and farms must differ")
        return self


def load_scenario(path: Path | str) -> Scenario:
    """Read a scenario: a path to a YAML file, or the name of a shipped one (``published``, ``quiet``).

    Raises:
        BadInputError: the file is missing, not YAML, or does not fit; names the file and the field.
    """
    file = Path(path)
    if file.suffix not in {".yaml", ".yml"} and not file.exists():
        file = Path(__file__).parent / "scenarios" / f"{path}.yaml"
    try:
        return Scenario.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise BadInputError(f"scenario file {file} does not exist") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"scenario file {file} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        raise BadInputError(f"scenario file {file}: {where or 'file'}: {first['msg']}") from error


def value_at(curve: Curve, day: date) -> float:
    """Return a curve's value in percent of normal on a day."""
    days, values = zip(*sorted(curve), strict=True)
    return float(np.interp(day.toordinal(), [d.toordinal() for d in days], values))
