import numpy as np
import polars as pl
import pytest

from solarnet_assets.mobility.commute import WORK_SLOTS, Settings, city_commuters, miss_curve
from solarnet_assets.mobility.places import METRES_PER_DEGREE
from solarnet_assets.storage.schemas import SCHEMAS

WORK_AT = 3000.0
"""Metres from home to work, along the equator."""


def places(devices, city="here"):
    columns = {"home_lat": 0.0, "home_lon": 0.0, "work_lat": 0.0, "work_lon": WORK_AT / METRES_PER_DEGREE}
    return pl.DataFrame(
        {"city": city, "device": devices}, schema={"city": pl.String, "device": pl.UInt64}
    ).with_columns(**{name: pl.lit(value) for name, value in columns.items()})


def seen(device, metres, mask, city="here"):
    return {
        "city": city,
        "device": device,
        "lat": 0.0,
        "lon": metres / METRES_PER_DEGREE,
        "work_mask": mask,
        "slots": max(bin(mask).count("1"), 1),
    }


def days(rows):
    return pl.DataFrame(rows, schema_overrides={"device": pl.UInt64, "work_mask": pl.UInt32})


def count(rows, known, **settings):
    frame = city_commuters(days(rows), known, Settings(**{"k": 1, **settings}))
    return SCHEMAS["city_commuters"].validate(frame)


def simulated(devices, share, rng, lam):
    """Devices with a Poisson number of quarter hours; ``share`` of them are at work in 80 % of theirs."""
    rows = []
    for device, working in enumerate(rng.permutation(devices) < share * devices):
        slots = rng.permutation(WORK_SLOTS)[: rng.poisson(lam)]
        at_work = rng.random(len(slots)) < (0.8 if working else 0.0)
        for metres, chosen in ((0.0, ~at_work), (WORK_AT, at_work)):
            mask = int(sum(1 << int(slot) for slot in slots[chosen]))
            rows.append(seen(device, metres, mask))
    return rows


@pytest.mark.parametrize("lam", [1.5, 3.0, 8.0])
@pytest.mark.parametrize("share", [0.15, 0.8])
def test_the_share_does_not_depend_on_how_often_phones_report(lam, share):
    rows = simulated(4000, share, np.random.default_rng(5), lam)
    (row,) = count(rows, places(range(4000))).rows(named=True)
    assert row["share"] == pytest.approx(share, abs=3.0 * row["share_sd"])
    assert row["share"] == pytest.approx(share, rel=0.05)


def test_without_the_correction_sparse_phones_are_missed():
    rows = simulated(4000, 0.8, np.random.default_rng(5), 1.5)
    (row,) = count(rows, places(range(4000))).rows(named=True)
    assert row["commuters_seen"] < 0.93 * row["commuters"]
    assert row["detection"] == pytest.approx(row["commuters_seen"] / row["commuters"])


def test_the_deviation_is_the_scatter_of_repeated_days():
    known = places(range(300))
    draws = [np.random.default_rng(n) for n in range(60)]
    runs = [count(simulated(300, rng.binomial(300, 0.5) / 300, rng, 4.0), known) for rng in draws]
    shares, sds = (np.array([run[c].item() for run in runs]) for c in ("share", "share_sd"))
    assert shares.std() == pytest.approx(sds.mean(), rel=0.3)


def test_miss_curve_is_the_chance_of_drawing_only_other_places():
    n, k = np.full(500, 8), np.full(500, 6)
    curve = miss_curve(n, k, Settings(prior_devices=1e-9))
    assert curve[:4] == pytest.approx([1.0, 2 / 8, 2 / 8 * 1 / 7, 0.0])
    assert (np.diff(curve) <= 0).all()
    few = miss_curve(np.array([3]), np.array([3]), Settings())
    assert few == pytest.approx(0.2 ** np.arange(WORK_SLOTS + 1))


def test_a_slot_in_two_cells_counts_once():
    rows = [seen(1, WORK_AT, 0b11), seen(1, WORK_AT + 200, 0b11), seen(1, 0, 0)]
    frame = count(rows, places([1]), prior_devices=20.0)
    assert frame["commuters"].item() == pytest.approx(1 / (1 - 0.2**2))
    assert frame["commuters_seen"].item() == 1


def test_who_is_elsewhere_or_near_home_does_not_commute():
    rows = [seen(1, 1500, 0b1), seen(2, 100, 0b1), seen(3, WORK_AT + 350, 0b1), seen(4, WORK_AT, 0)]
    (row,) = count(rows, places([1, 2, 3, 4])).rows(named=True)
    assert row["panel"] == 3
    assert row["commuters"] == pytest.approx(1 / 0.8)
    assert row["commuters_seen"] == 0


def test_only_known_devices_of_the_city_are_the_panel():
    rows = [seen(1, 0, 0b1), seen(2, 0, 0b1), seen(1, 0, 0b1, city="there")]
    frame = count(rows, places([1]))
    assert frame.select("city", "panel").rows() == [("here", 1)]


def test_small_panels_are_blanked():
    rows = simulated(19, 0.9, np.random.default_rng(1), 9.0)
    (row,) = count(rows, places(range(19)), k=20).rows(named=True)
    assert row["suppressed"]
    assert (row["panel"], row["commuters"], row["share"], row["detection"]) == (0, 0.0, None, None)
    rows = simulated(40, 0.9, np.random.default_rng(1), 9.0)
    assert not count(rows, places(range(40)), k=20)["suppressed"].item()


def test_nobody_at_work_is_zero_with_an_error():
    rows = simulated(100, 0.0, np.random.default_rng(1), 9.0)
    (row,) = count(rows, places(range(100))).rows(named=True)
    assert (row["share"], row["detection"]) == (0.0, None)
    assert row["share_sd"] > 0


def test_an_empty_day_has_no_city():
    assert city_commuters(days([seen(1, 0, 1)]).clear(), places([1])).is_empty()
