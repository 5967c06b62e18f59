"""The phones of a city: who owns them, where they live and work, and what they do on a day of each kind.

Everything here is a function of (seed, city, slot, day). A city has slots that open one after the other as
the panel grows; in each slot devices follow each other, most for a year or so, some for a few days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.world.almanac import is_workday, lunar_position
from solarnet_assets.world.draws import Floats, Keys, combine, keys, normal, text_key, uniform
from solarnet_assets.world.scenario import City, Scenario, value_at

Flags = NDArray[np.bool_]

DAY, PART, LATE, NIGHT, AT_HOME, STUDENT, OTHER = range(7)
KIND_SHARES = (0.46, 0.05, 0.05, 0.03, 0.03, 0.09, 0.29)
HOME, WORK, LUNCH, SHOP, LEISURE, HABIT = range(6)
"""Places of a device, in the order of :func:`places`."""

CAPACITY = 1.25
GROWTH_PER_YEAR = 0.35
DENSITY_PER_YEAR = 0.22
KM_PER_DEGREE = 111.32


@dataclass(frozen=True)
class Owners:
    """Who owns the devices of a panel that day, one entry per device.

    The panel is a quota sample, as panels that are sold are: kind and habits follow a low-discrepancy
    sequence over its slots, so that its mix is the same in every year and near the shares that are meant.

    Attributes:
        key: identity of the device, 64 bits.
        kind: DAY .. OTHER.
        rate: where in the range of its kind the person's workday rate lies, in (0, 1).
        rest: the same for rest days; the lowest quarter works in services, where rest days are worked.
        stepwise: returns to normal at once, on one day.
        threshold: the level of the curve at which that happens, in (0, 1).
    """

    key: Keys
    kind: NDArray[np.int64]
    rate: Floats
    rest: Floats
    stepwise: Flags
    threshold: Floats


@dataclass(frozen=True)
class Devices:
    """The devices of one city on one day, and what they do.

    Attributes:
        owners: who they are.
        away: out of town today (festival, holiday or business trip).
        visible: the app reports anything today.
        commutes: goes to its workplace today.
        commuted: went there yesterday (night shifts end in the morning).
        pings_a_day: mean number of fixes, dimensionless, drifting from year to year.
    """

    owners: Owners
    away: Flags
    visible: Flags
    commutes: Flags
    commuted: Flags
    pings_a_day: Floats

    @property
    def key(self) -> Keys:
        """Identities of the devices."""
        return self.owners.key

    @property
    def kind(self) -> NDArray[np.int64]:
        """What the owners do for a living."""
        return self.owners.kind

    @property
    def workers(self) -> Flags:
        """Devices of people whose workplace is not their home."""
        return self.owners.kind <= NIGHT


def years_before_end(scenario: Scenario, day: date) -> float:
    """Return years from a day to the scenario's end (negative after it): what panel and index drift by."""
    return (scenario.end - day).days / 365.0


@lru_cache(maxsize=64)
def _quotas(seed: int, city: str, size: int) -> Floats:
    """Return a low-discrepancy sequence, shape (5, size): Roberts' R5, a Kronecker sequence, shifted by city."""
    golden = 1.0
    for _ in range(40):
        golden = (1.0 + golden) ** (1.0 / 6.0)
    steps = golden ** -np.arange(1.0, 6.0)
    shift = uniform(keys(seed, f"quota/{city}", np.arange(5)), "shift")
    return np.asarray((shift[:, None] + steps[:, None] * np.arange(1, size + 1)) % 1.0)


def owners_of(scenario: Scenario, city: City, day: date) -> Owners:
    """Return the owners of the devices that have the app on a day."""
    size = int(np.ceil(city.panel * CAPACITY))
    grown = np.clip(1.0 - GROWTH_PER_YEAR * years_before_end(scenario, day), 0.3, CAPACITY)
    slots = np.arange(round(size * grown / CAPACITY))
    slot = keys(scenario.seed, f"slot/{city.id}", slots)
    life = np.maximum(60.0, 420.0 * np.exp(0.6 * normal(slot, "life")))
    life = np.where(uniform(slot, "transient") < 0.06, 3.0 + 3.0 * uniform(slot, "brief"), life)
    generation = np.floor(day.toordinal() / life + uniform(slot, "phase")).astype(np.int64)
    kind, rate, rest, stepwise, threshold = _quotas(scenario.seed, city.id, size)[:, slots]
    return Owners(
        key=combine(slot, generation.astype(np.uint64)),
        kind=np.searchsorted(np.cumsum(KIND_SHARES)[:-1], kind),
        rate=rate,
        rest=rest,
        stepwise=stepwise < 0.5,
        threshold=threshold,
    )


def normal_rate(owners: Owners, day: date) -> Floats:
    """Return the probability of going to work on a day in a normal year: day type and lunar position only.

    Half of those who work part of the week do so on fixed weekdays, each on their own.
    """
    if is_workday(day):
        part = 0.35 + 0.25 * owners.rate
        turn = (uniform(owners.key, "week") + 0.4 * day.weekday()) % 1.0
        part = np.where(uniform(owners.key, "fixed week") < 0.5, np.where(turn < part, 0.97, 0.03), part)
        rate = np.where(owners.kind == PART, part, 0.62 + 0.38 * np.sqrt(owners.rate))
    else:
        rate = np.where(owners.rest < 0.25, 0.5 + 1.4 * owners.rest, 0.213 * (owners.rest - 0.25) + 0.02)
    festival = 1.0 - 0.15 * np.exp(-0.5 * (lunar_position(day) / 8.0) ** 2)
    return np.where(owners.kind <= NIGHT, rate * festival, 0.0)


def commuting(scenario: Scenario, city: City, owners: Owners, day: date) -> Flags:
    """Return who would go to work on a day if in town: the normal rate times the city's curve.

    Half of the workers return one by one, each on the day when the curve passes their own threshold, and
    live normally from then on; the others work on fewer days. Either way the expected share is rate * curve.
    Draws are systematic in a fresh random order each day: everybody keeps the own probability, and the
    number of commuters in town is as expected.
    """
    level = value_at(city.curve or scenario.signals.commuting, day) / 100.0
    rate = normal_rate(owners, day)
    stepwise = owners.stepwise & (level <= 1.0)
    rate = np.where(stepwise, rate * (owners.threshold < level), np.minimum(rate * level, 0.99))
    seen = _visible(owners, day) & ~out_of_town(owners, day)
    order = np.argsort(uniform(owners.key, day.toordinal()) + ~seen)
    total = np.cumsum(rate[order]) + uniform(keys(scenario.seed, city.id, np.array([day.toordinal()])), "start")
    goes = np.empty(len(order), dtype=np.bool_)
    goes[order] = np.floor(total) > np.floor(total - rate[order])
    return goes


def out_of_town(owners: Owners, day: date) -> Flags:
    """Return who is in another place: at the family's for the festival, or on a trip of five days."""
    key, position = owners.key, lunar_position(day)
    travels = uniform(key, "traveller") < np.where(owners.kind <= NIGHT, 0.38, 0.25)
    leaves, returns = -2.0 - 9.0 * uniform(key, "leaves"), 6.0 + 12.0 * uniform(key, "returns")
    trip = uniform(combine(key, day.toordinal() // 5), "trip") < 0.03
    return (travels & (position >= leaves) & (position <= returns)) | trip


def _visible(owners: Owners, day: date) -> Flags:
    today = uniform(combine(owners.key, day.toordinal()), "seen") < 1.0 - 0.3 * uniform(owners.key, "absent") ** 2
    return today & ~(out_of_town(owners, day) & (uniform(owners.key, "silent away") < 0.5))


def devices_of(scenario: Scenario, city: City, day: date) -> Devices:
    """Return every device of a city's panel on a day and what it does."""
    owners = owners_of(scenario, city, day)
    yesterday = day - timedelta(days=1)
    away = out_of_town(owners, day)
    density = np.clip(14.0 * np.exp(0.75 * normal(owners.key, "density")), 5.0, 60.0)
    drifting = density * max(0.5, 1.0 - DENSITY_PER_YEAR * years_before_end(scenario, day))
    return Devices(
        owners=owners,
        away=away,
        visible=_visible(owners, day),
        commutes=commuting(scenario, city, owners, day) & ~away,
        commuted=commuting(scenario, city, owners, yesterday) & ~out_of_town(owners, yesterday),
        pings_a_day=np.full(len(owners.key), city.pings_a_day) if city.pings_a_day else drifting,
    )


def _around(x: Floats, y: Floats, distance: Floats, turn: Floats) -> tuple[Floats, Floats]:
    angle = 2.0 * np.pi * turn
    return x + distance * np.cos(angle), y + distance * np.sin(angle)


def _workplace(key: Keys, x: Floats, y: Floats, radius_km: float, spell: Keys) -> tuple[Floats, Floats]:
    distance = np.clip(4.5 * np.exp(0.7 * normal(spell, "commute")), 0.6, 0.9 * radius_km)
    distance = np.where(uniform(key, "neighbour") < 0.04, 0.15 + 0.4 * uniform(key, "near"), distance)
    inward = np.arctan2(-y, -x) / (2.0 * np.pi)
    work_x, work_y = _around(x, y, distance, inward + 0.17 * normal(spell, "bearing"))
    shrink = np.minimum(1.0, 0.95 * radius_km / np.maximum(np.hypot(work_x, work_y), 1e-9))
    return work_x * shrink, work_y * shrink


def places(scenario: Scenario, city: City, devices: Devices, day: date) -> NDArray[np.float64]:
    """Return the places of each device, shape (devices, 6, 2), km east and north of the city's centre.

    A few people change jobs: their workplace moves on a day of their own. People who are out of town have
    all their places there.
    """
    key, kind = devices.key, devices.kind
    home = _around(
        np.zeros(len(key)), np.zeros(len(key)), 0.75 * city.radius_km * np.sqrt(uniform(key, "r")), uniform(key, "a")
    )
    moved = uniform(key, "changes job") < 0.12
    change = scenario.end.toordinal() - 800.0 * uniform(key, "change day")
    spell = combine(key, np.where(moved & (day.toordinal() >= change), 1, 0).astype(np.uint64))
    work = _workplace(key, *home, city.radius_km, spell)
    near_work = _around(*work, 0.08 + 0.45 * uniform(spell, "lunch r"), uniform(spell, "lunch a"))
    shop = _around(*home, 0.15 + 1.4 * uniform(key, "shop r") ** 2, uniform(key, "shop a"))
    errand = combine(key, day.toordinal())
    leisure = _around(*home, np.exp(0.9 * normal(errand, "leisure r")) * 1.5, uniform(errand, "leisure a"))
    reach = np.where(kind == STUDENT, 0.18 + 0.25 * uniform(key, "habit r"), 0.25 + 1.6 * uniform(key, "habit r"))
    habit = _around(*home, reach, uniform(key, "habit a"))
    out = np.stack([np.stack(p, axis=1) for p in (home, work, near_work, shop, leisure, habit)], axis=1)
    far = np.stack(
        _around(np.zeros(len(key)), np.zeros(len(key)), 90.0 + 800.0 * uniform(key, "far"), uniform(key, "far a")),
        axis=1,
    )
    return out + (far * devices.away[:, None])[:, None, :]


def device_ids(key: Keys) -> list[str]:
    """Return advertising ids: lower case as on Android, upper case for the fifth that are Apple's."""
    second = combine(key, text_key("second half"))
    upper = uniform(key, "apple") < 0.2
    ids = []
    for a, b, apple in zip(key.tolist(), second.tolist(), upper.tolist(), strict=True):
        digits = f"{a:016x}{b:016x}"
        text = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        ids.append(text.upper() if apple else text)
    return ids
