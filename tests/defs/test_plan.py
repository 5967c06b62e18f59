from datetime import date, timedelta

import dagster as dg

from solarnet_assets.defs.plan import needed_days, plan

DAILY = dg.DailyPartitionsDefinition("2018-09-01")


def spec(name, *deps, group="raw", daily=True):
    return dg.AssetSpec(name, deps=list(deps), group_name=group, partitions_def=DAILY if daily else None)


def back(name, first, last):
    return dg.AssetDep(name, partition_mapping=dg.TimeWindowPartitionMapping(start_offset=first, end_offset=last))


def chain():
    specs = [
        spec("places", daily=False),
        spec("pings", "places"),
        spec("device_days", "pings", group="commuting"),
        spec("home_work", back("device_days", -27, 0), group="commuting"),
        spec("commuters", "device_days", "home_work", group="commuting"),
        spec("last_year", back("commuters", -366, -360), group="warehouse"),
        spec("mart", "commuters", "last_year", group="warehouse"),
        spec("forecast", back("mart", -6, 0), group="nowcast"),
    ]
    return {s.key.to_user_string(): s for s in specs}


START, END = date(2020, 2, 1), date(2020, 2, 3)


def test_days_follow_the_partition_mappings():
    needed = needed_days(chain(), START, END, {})
    last_year = {START + timedelta(days=n) for n in range(-366, 2 - 360 + 1)}
    assert {d for d in needed["commuters"] if d.year == 2019} == last_year
    assert min(needed["device_days"]) == min(last_year) - timedelta(days=27)
    assert needed["pings"] == needed["device_days"]


def test_exact_days_replace_a_wider_mapping():
    exact = {("home_work", "device_days"): lambda day: [day]}
    needed = needed_days(chain(), START, END, exact)
    assert needed["device_days"] == needed["commuters"]


def test_every_task_comes_after_what_it_reads():
    tasks = plan(chain(), START, END, {})
    position = {task.label: n for n, task in enumerate(tasks)}
    assert all(position[other] < position[task.label] for task in tasks for other in task.after)
    by_asset = {(name, task.start): task for task in tasks for name in task.assets}
    first_day = min(start for name, start in by_asset if name == "pings")
    assert set(by_asset["pings", first_day].assets) == {"pings", "device_days"}
    assert by_asset["places", None].label in by_asset["pings", first_day].after
    located = next(task for task in tasks if "home_work" in task.assets)
    assert by_asset["pings", first_day].label in located.after


def test_warehouse_and_forecast_run_as_one_task_over_the_asked_days():
    (tail,) = [t for t in plan(chain(), START, END, {}) if "mart" in t.assets]
    assert set(tail.assets) == {"last_year", "mart", "forecast"}
    assert (tail.start, tail.end) == (START, END)


def test_the_order_of_tasks_is_the_same_in_whatever_order_assets_are_told():
    specs = chain() | {name: spec(name) for name in ("scenes", "posts", "images")}
    told, backwards = plan(specs, START, END, {}), plan(dict(reversed(specs.items())), START, END, {})
    assert [(task.label, task.assets) for task in backwards] == [(task.label, task.assets) for task in told]
