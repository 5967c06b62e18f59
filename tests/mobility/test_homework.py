"""Tables of homes and workplaces over a window, and the panel that they make."""

from datetime import timedelta

import pytest
from month import DAYS, LAST, WORKDAYS, commuter, located, place, row

from solarnet_assets.mobility.homework import known_places, oldest_complete, snapshot_days


def panel(*tables):
    """The devices of the panel that some tables, newest first, make."""
    number = oldest_complete([table.height for table in tables])
    return [] if number is None else known_places(tables[number], tables[:number])["device"].to_list()


def test_only_the_window_counts():
    before = commuter(1, at=(40, 0), days=[LAST - timedelta(days=n) for n in range(60, 28, -1)])
    assert place(located(before + commuter(1)), 1, "work") == (20, 0)
    assert located(before).is_empty()


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_buckets_do_not_change_the_result(at_once):
    rows = [r for device in range(1, 30) for r in commuter(device, at=(10 + device, 3))]
    assert located(rows, buckets_at_once=at_once).equals(located(rows))


def test_an_empty_window_is_empty():
    assert located([]).is_empty()


def test_a_month_at_home_does_not_forget_the_workplace():
    now, before = located(commuter(1, share=0)), located(commuter(1))
    assert panel(now) == []
    assert panel(now, before) == [1]


def test_newcomers_wait_until_the_oldest_table_knows_them():
    now = located([r for device in range(1, 6) for r in commuter(device)])
    before = now.head(4)
    assert panel(now, before) == [1, 2, 3, 4]
    assert panel(now, before, now.head(3)) == [1, 2, 3, 4]


def test_without_any_table_nobody_is_known():
    assert panel() == []
    assert panel(located([]), located([])) == []


def test_snapshots_go_back_three_windows():
    assert snapshot_days(LAST)[0] == LAST
    assert (LAST - snapshot_days(LAST)[-1]).days == 84


def moved(oldest, *newer):
    return known_places(oldest, newer).select("device", "new_lon").drop_nulls()["device"].to_list()


def test_who_changed_jobs_has_both_workplaces():
    before, after = located(commuter(1, at=(20, 0))), located(commuter(1, at=(60, 0)))
    assert moved(before, after) == [1]
    assert moved(before, before) == []
    assert moved(before, located(commuter(1, share=0)), after) == [1]
    new = known_places(before, [after]).row(0, named=True)
    assert new["new_lon"] == pytest.approx(3 * new["work_lon"], rel=0.05)


def test_a_place_that_is_seen_now_and_then_is_no_new_job():
    """Most of the month at home, six working days elsewhere: a closure, not a new job."""
    rare = located(commuter(1, at=(60, 0), days=DAYS[-8:]) + commuter(1, share=0, days=DAYS[:-8]))
    assert rare["work_lat"].is_not_null().item()
    assert moved(located(commuter(1)), rare) == []


def test_a_new_workplace_is_not_the_home():
    """Of a late shift whose phone is off at night the home may be taken for the workplace, once."""
    found = located(commuter(1))
    swapped = found.with_columns(work_lat="home_lat", work_lon="home_lon", home_lat="work_lat", home_lon="work_lon")
    assert moved(found, swapped) == []


def test_the_home_of_a_late_shift_is_not_its_workplace():
    """Off at night, at work from early afternoon to late evening: mornings at home are in work hours, evenings not."""
    rows = []
    for day in DAYS:
        working = day in WORKDAYS
        rows.append(row(1, day, 0, 0, work=4, slots=9 if working else 16))
        if working:
            rows.append(row(1, day, 20, 0, work=3, slots=14))
    assert located(rows)["work_lat"].is_null().all()


def test_the_past_says_how_much_of_a_working_day_is_spent_at_work():
    found = located(commuter(1, share=0.5)).row(0, named=True)
    assert 0 < found["stay_at_work"] < 0.7 * found["stay_slots"]
    whole = located(commuter(1)).row(0, named=True)
    assert whole["stay_at_work"] == whole["stay_slots"] > 10
    home = located(commuter(1, share=0)).row(0, named=True)
    assert (home["stay_slots"], home["stay_at_work"]) == (None, None)
