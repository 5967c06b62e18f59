import numpy as np
import polars as pl
import pytest

from solarnet_assets.mobility.commute import city_commuters, jackknife
from solarnet_assets.mobility.places import METRES_PER_DEGREE
from solarnet_assets.mobility.presence import Settings, miss_probability, tally, usual_share
from solarnet_assets.storage.schemas import SCHEMAS

WORK_AT = 3000.0
"""Metres from home to work, along the equator."""
SLOTS = 28


def places(devices, city="here", stay=(100.0, 100.0)):
    columns = {"home_lat": 0.0, "home_lon": 0.0, "work_lat": 0.0, "work_lon": WORK_AT / METRES_PER_DEGREE}
    columns |= {"new_lat": None, "new_lon": None, "stay_slots": stay[0], "stay_at_work": stay[1]}
    return pl.DataFrame(
        {"city": city, "device": devices}, schema={"city": pl.String, "device": pl.UInt64}
    ).with_columns(**{name: pl.lit(value, dtype=pl.Float64) for name, value in columns.items()})


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


def count(rows, known, k=1, noise=None):
    frame = city_commuters(tally(days(rows), known, 0.8), k, noise)
    return SCHEMAS["city_commuters"].validate(frame)


def simulated(devices, share, rng, lam, present=0.8):
    """Devices with a Poisson number of quarter hours; ``share`` of them are at work in ``present`` of theirs."""
    rows = []
    for device, working in enumerate(rng.permutation(devices) < share * devices):
        slots = rng.permutation(SLOTS)[: rng.poisson(lam)]
        at_work = rng.random(len(slots)) < (present if working else 0.0)
        for metres, chosen in ((0.0, ~at_work), (WORK_AT, at_work)):
            mask = int(sum(1 << int(slot) for slot in slots[chosen]))
            rows.append(seen(device, metres, mask))
    return rows


@pytest.mark.parametrize("lam", [1.5, 3.0, 8.0])
@pytest.mark.parametrize(("share", "present"), [(0.15, 0.8), (0.8, 0.8), (0.8, 0.35)])
def test_the_count_does_not_depend_on_how_often_phones_report(lam, share, present):
    """Also of those who are at work in a third of the work hours, and of those not heard of in them."""
    rows = simulated(4000, share, np.random.default_rng(5), lam, present)
    (row,) = count(rows, places(range(4000), stay=(1000.0, 1000 * present))).rows(named=True)
    assert row["panel"] == 4000
    assert row["commuters"] == pytest.approx(4000 * share, abs=2.5 * row["commuters_sd"])
    assert row["commuters"] == pytest.approx(4000 * share, rel=0.05)
    assert row["share"] == row["commuters"] / row["panel"]


def test_sparse_phones_are_missed_and_the_error_says_how_many():
    known = places(range(400), stay=(1000.0, 800.0))
    draws = [count(simulated(400, 0.8, np.random.default_rng(n), 1.5), known).row(0, named=True) for n in range(40)]
    off = np.array([row["commuters"] - 320 for row in draws])
    sd = np.mean([row["commuters_sd"] for row in draws])
    assert all(row["commuters_seen"] < 0.8 * row["commuters"] for row in draws)
    assert all(row["detection"] == pytest.approx(row["commuters_seen"] / row["commuters"]) for row in draws)
    assert abs(off.mean()) < 5
    assert 0.8 * off.std() < sd < 1.5 * off.std()


def test_the_deviation_of_the_share_is_the_scatter_of_repeated_samples():
    known = places(range(300), stay=(1000.0, 800.0))
    draws = [np.random.default_rng(n) for n in range(60)]
    runs = [count(simulated(300, rng.binomial(300, 0.5) / 300, rng, 4.0), known) for rng in draws]
    shares, sds = (np.array([run[c].item() for run in runs]) for c in ("share", "share_sd"))
    assert shares.std() == pytest.approx(sds.mean(), rel=0.3)


def test_the_jackknife_sees_groups_that_go_together():
    heard = np.full(64, 10.0)
    alike = jackknife(np.full(64, 5.0), heard)
    clustered = jackknife(np.where(np.arange(64) % 2, 10.0, 0.0), heard)
    assert alike == pytest.approx(0, abs=1e-12)
    assert clustered == pytest.approx(0.25 / 63, rel=1e-6)
    assert jackknife(np.array([3.0, 0.0]), np.array([5.0, 0.0])) == np.inf


def test_buckets_add_up_in_any_order_and_grouping():
    rows, known = days(simulated(500, 0.6, np.random.default_rng(2), 3.0)), places(range(500))
    whole = tally(rows, known, 0.8)
    halves = [pl.col("device") % 64 < 20, pl.col("device") % 64 >= 20]
    parts = [tally(rows.filter(half), known.filter(half), 0.8) for half in reversed(halves)]
    assert city_commuters(pl.concat(parts)).equals(city_commuters(whole))


def test_a_commuter_is_missed_as_often_as_its_past_says():
    """With no prior to speak of: (1 - p)^n for a phone with a long past; on average of p for one without."""
    n = np.array([0, 1, 2, 3])
    assert miss_probability(n, np.full(4, 8e6), np.full(4, 2e6)) == pytest.approx([1, 0.2, 0.04, 0.008], rel=1e-4)
    uniform = miss_probability(n, np.ones(4), np.ones(4))
    assert uniform == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert usual_share(pl.DataFrame({"stay_slots": [900.0, None], "stay_at_work": [810.0, None]})) == pytest.approx(
        0.9, abs=1e-3
    )


def test_a_slot_in_two_cells_counts_once():
    rows = [seen(1, WORK_AT, 0b11), seen(1, WORK_AT + 200, 0b11), seen(1, 0, 0)]
    frame = tally(days(rows), places([1], stay=(0.0, 0.0)), 0.8, Settings(prior_slots=1e7))
    assert frame["weight"].item() == pytest.approx(1 / (1 - 0.2**2))
    assert frame["commuters_seen"].item() == 1


def test_one_device_counts_for_a_bounded_number():
    frame = tally(days([seen(1, WORK_AT, 0b1)]), places([1], stay=(1000.0, 1.0)), 0.8)
    assert frame["weight"].item() == 3.0


def test_who_is_elsewhere_or_near_home_does_not_commute():
    rows = [seen(1, 1500, 0b1), seen(2, 100, 0b1), seen(3, WORK_AT + 350, 0b1), seen(4, WORK_AT, 0)]
    (row,) = count(rows, places([1, 2, 3, 4], stay=(1e6, 1e6))).rows(named=True)
    assert row["panel"] == 4
    assert row["commuters"] == pytest.approx(4 / 3, rel=1e-3)
    assert row["commuters_seen"] == 0


def test_who_changed_jobs_is_at_work_at_the_new_place_too():
    known = places([1]).with_columns(new_lat=0.0, new_lon=-8000.0 / METRES_PER_DEGREE)
    frames = [count([seen(1, metres, 0b1)], known) for metres in (WORK_AT, -8000, 8000)]
    assert [frame["commuters"].item() > 0.9 for frame in frames] == [True, True, False]


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


def test_a_city_not_heard_of_in_work_hours_has_no_figure():
    (row,) = count([seen(device, 0, 0) for device in range(50)], places(range(50))).rows(named=True)
    assert row["suppressed"]
    assert row["share"] is None


def test_an_empty_day_has_no_city():
    assert city_commuters(tally(days([seen(1, 0, 1)]).clear(), places([1]), 0.8)).is_empty()
