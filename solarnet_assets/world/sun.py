"""When a satellite passes, and where the sun stands then."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from solarnet_assets.world.rng import generator


@dataclass(frozen=True)
class Sun:
    """Sun position: elevation and azimuth (clockwise from north) in degrees, and the Earth-Sun factor U = 1/d2."""

    elevation: float
    azimuth: float
    u: float

    @property
    def cos_zenith(self) -> float:
        """Cosine of the solar zenith angle."""
        return max(math.sin(math.radians(self.elevation)), 0.05)


def sun_at(moment: datetime, lon: float, lat: float) -> Sun:
    """Return the sun's position at a UTC moment (Spencer's Fourier series, Search 2(5), 1971; within 0.5 degrees)."""
    day = moment.timetuple().tm_yday
    hours = moment.hour + moment.minute / 60 + moment.second / 3600
    g = 2 * math.pi * (day - 1 + (hours - 12) / 24) / 365
    declination = (
        0.006918 - 0.399912 * math.cos(g) + 0.070257 * math.sin(g) - 0.006758 * math.cos(2 * g)
        + 0.000907 * math.sin(2 * g) - 0.002697 * math.cos(3 * g) + 0.00148 * math.sin(3 * g)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075
        + 0.001868 * math.cos(g)
        - 0.032077 * math.sin(g)
        - 0.014615 * math.cos(2 * g)
        - 0.040849 * math.sin(2 * g)
    )
    angle = math.radians(15 * (hours + lon / 15 + minutes / 60 - 12))
    phi = math.radians(lat)
    sin_el = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(angle)
    elevation = math.asin(max(-1.0, min(1.0, sin_el)))
    azimuth = math.atan2(-math.sin(angle), math.tan(declination) * math.cos(phi) - math.sin(phi) * math.cos(angle))
    u = (
        1.000110
        + 0.034221 * math.cos(g)
        + 0.001280 * math.sin(g)
        + 0.000719 * math.cos(2 * g)
        + 0.000077 * math.sin(2 * g)
    )
    return Sun(math.degrees(elevation), math.degrees(azimuth) % 360, u)


def overpass(day: date, lon: float, solar_hour: float, jitter_minutes: float) -> datetime:
    """Return the UTC moment of a sun-synchronous pass at a mean local solar hour."""
    noon = datetime.combine(day, time(), tzinfo=UTC)
    moment = noon + timedelta(hours=solar_hour - lon / 15, minutes=jitter_minutes)
    return moment.replace(microsecond=0)


def revisits(seed: int, kind: str, site: str, day: date, every: int, missing: float) -> bool:
    """Tell whether a sensor that returns every ``every`` days delivers a pass of a site on a day."""
    phase = int(generator(seed, kind, site, "phase").integers(every))
    if (day.toordinal() - phase) % every:
        return False
    return bool(generator(seed, kind, site, day, "missing").random() >= missing)
