"""The robust rule of home and work, on made-up months."""

import polars as pl
import pytest
from month import DAYS, HOME, WORKDAYS, commuter, located, place, row

from solarnet_assets.mobility.robust import wilson_lower


def test_a_commuter_has_home_and_work():
    found = located(commuter(1))
    assert place(found, 1, "home") == (0, 0)
    assert place(found, 1, "work") == (20, 0)
    record = found.row(0, named=True)
    working = sum(day in WORKDAYS for day in DAYS)
    assert (record["nights"], record["workdays"], record["observed_workdays"]) == (28, working, working)
    assert record["confidence"] > 0.99
    assert record["work_confidence"] > 0.9


def test_nobody_works_in_the_neighbouring_cell():
    found = located(commuter(1, at=(1, 1)) + commuter(2, at=(0, 2)))
    assert found["home_lat"].null_count() == 0
    assert found["work_lat"].null_count() == 2


def test_an_errand_is_not_a_workplace():
    assert located(commuter(1, at=(5, 0), share=0.25))["work_lat"].null_count() == 1


def test_a_few_days_are_not_a_workplace():
    days = commuter(1, share=0) + [row(1, day, 20, 0, work=9) for day in DAYS if day in WORKDAYS][:2]
    assert located(days)["work_lat"].null_count() == 1


def test_weekends_do_not_count_as_work():
    rows = commuter(1, share=0) + [row(1, day, 20, 0, work=9) for day in DAYS if day not in WORKDAYS]
    assert located(rows)["work_lat"].null_count() == 1


def test_half_the_days_are_enough():
    working = [day for day in DAYS if day in WORKDAYS]
    rows = [r for r in commuter(1) if r["cell_x"] == 0 or r["day"] in working[::2]]
    rows += [row(1, day, *HOME, work=4) for day in working[1::2]]
    assert place(located(rows), 1, "work") == (20, 0)


def test_noise_over_cell_borders_is_one_place():
    rows = [{**r, "cell_x": r["cell_x"] + n % 2} if r["cell_x"] == 20 else r for n, r in enumerate(commuter(1))]
    record = located(rows).row(0, named=True)
    assert record["workdays"] == record["observed_workdays"]


def test_a_night_shift_has_no_daytime_workplace():
    at_night = [row(1, day, 20, 0, night=3, slots=4) for day in DAYS if day in WORKDAYS]
    by_day = [row(1, day, *HOME, work=5, slots=11, night=3 * (day not in WORKDAYS)) for day in DAYS]
    assert located(at_night + by_day)["work_lat"].null_count() == 1


def test_a_phone_that_is_off_at_night_has_its_evenings():
    rows = [{**r, "night_slots": 0} for r in commuter(1)]
    found = located(rows)
    assert place(found, 1, "home") == (0, 0)
    assert place(found, 1, "work") == (20, 0)
    assert found["nights"].item() == 0


def test_a_second_home_is_not_a_workplace():
    """Whole days there, every third of them after a night: many working days, but people sleep where they live."""
    there = [row(1, day, 20, 0, night=9 * (n % 3 == 0), work=20, slots=30) for n, day in enumerate(DAYS) if n % 2]
    at_home = [row(1, day, *HOME, night=4, work=0, slots=20) for n, day in enumerate(DAYS) if n % 2 == 0 or n % 3]
    assert located(at_home + there)["work_lat"].null_count() == 1
    awake = [{**r, "night_slots": 0} for r in there]
    assert place(located(at_home + awake), 1, "work") == (20, 0)


def test_a_second_home_does_not_hide_the_workplace():
    weekends = [row(1, day, 30, 0, night=9, work=9, slots=30) for day in DAYS if day not in WORKDAYS]
    leave = [row(1, day, 30, 0, night=9, work=9, slots=30) for day in WORKDAYS if DAYS[0] <= day < DAYS[12]]
    days = [day for day in DAYS if day in WORKDAYS and day >= DAYS[12]][:6]
    nights = [row(1, day, *HOME, night=9, slots=20) for day in DAYS]
    at_work = [row(1, day, 20, 0, work=9, slots=9) for day in days]
    found = located(nights[:20] + weekends + leave + at_work)
    assert place(found, 1, "work") == (20, 0)


def test_an_early_shift_that_starts_before_six_is_not_a_second_home():
    rows = [{**r, "night_slots": 1} if r["cell_x"] == 20 else r for r in commuter(1)]
    assert place(located(rows), 1, "work") == (20, 0)


def test_sparse_phones_need_more_evidence():
    """Seen somewhere in one of three quarter hours: of three a day, and of 24."""

    def there(hours):
        rows = [row(1, day, *HOME, night=3, work=2 * hours, slots=9) for day in WORKDAYS if day in DAYS]
        return rows + [row(1, day, 20, 0, work=hours, slots=hours) for day in DAYS if day in WORKDAYS]

    sparse, dense = (located(there(hours)) for hours in (1, 8))
    assert sparse["work_lat"].null_count() == 1
    assert dense["work_lat"].null_count() == 0


def test_confidence_rises_with_the_days_that_speak_for_it():
    often, seldom = commuter(1), [r for n, r in enumerate(commuter(2)) if r["cell_x"] == 0 or n % 3 == 0]
    one, two = located(often + seldom).select("confidence", "work_confidence").rows()
    assert one[1] > two[1]
    assert located(commuter(1, share=0))["work_confidence"].null_count() == 1


@pytest.mark.parametrize(
    ("part", "whole", "low"), [(0, 10, 0.0), (5, 10, 0.2037), (10, 10, 0.6489), (500, 1000, 0.4633)]
)
def test_wilson_lower_is_the_score_interval(part, whole, low):
    """Solves |share - p| = z sqrt(p (1 - p) / n) for p."""
    got = pl.DataFrame({"a": [part], "b": [whole]}).select(wilson_lower("a", "b")).item()
    share = part / whole
    assert got == pytest.approx(low, abs=1e-4)
    assert abs(share - got) == pytest.approx(2.326 * (got * (1 - got) / whole) ** 0.5, abs=1e-9)


def test_two_cities_are_told_apart():
    elsewhere = [{**r, "city": "there"} for r in commuter(1, at=(30, 0))[:8]]
    found = located(commuter(1) + elsewhere)
    assert found["city"].to_list() == ["here"]
    assert place(found, 1, "work") == (20, 0)


def test_a_late_shift_with_its_phone_off_at_night_lives_where_it_rests():
    """Mornings at home are seen on two working days of three, evenings at work on all; rest days at noon, at home."""
    working = [day for day in DAYS if day in WORKDAYS]
    rows = [row(1, day, 20, 0, work=4, slots=9) for day in working]
    rows += [row(1, day, *HOME, work=9, slots=9 + (n % 3 > 0)) for n, day in enumerate(working)]
    rows += [row(1, day, *HOME, work=9, slots=9) for day in DAYS if day not in WORKDAYS]
    found = located(rows)
    assert place(found, 1, "home") == (0, 0)
    assert found["nights"].item() == 0


def test_nor_is_the_cell_beside_a_second_home():
    nights = [row(1, day, 20, 0, night=9, slots=9) for n, day in enumerate(DAYS) if n % 3 == 0]
    beside = [row(1, day, 21, 1, work=20, slots=20) for n, day in enumerate(DAYS) if n % 3]
    at_home = [row(1, day, *HOME, night=9, slots=30) for n, day in enumerate(DAYS) if n % 3]
    assert located(at_home + nights + beside)["work_lat"].null_count() == 1
    assert place(located(at_home + beside), 1, "work") == (21, 1)


def test_who_works_every_night_has_no_daytime_workplace():
    """Days off are so few that the place of the days is slept at on fewer than a fifth of them."""
    at_night = [row(1, day, 20, 0, night=3, slots=6) for day in DAYS[3:]]
    by_day = [row(1, day, *HOME, work=9, slots=11, night=3 * (day in DAYS[:3])) for day in DAYS]
    found = located(at_night + by_day)
    assert place(found, 1, "home") == (20, 0)
    assert found["work_lat"].null_count() == 1
