from datetime import date

import dagster as dg
import pytest

from solarnet_assets.config import Config, SourceConfig
from solarnet_assets.defs.partitions import DAILY
from solarnet_assets.defs.plan import needed_days
from solarnet_assets.defs.reach import check_span, first_days
from solarnet_assets.landing import BadInputError

DAY = date(2020, 2, 9)


def spec(name, *deps):
    return dg.AssetSpec(name, deps=list(deps), group_name="g", partitions_def=DAILY)


def back(name, days):
    return dg.AssetDep(name, partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-days))


@pytest.fixture
def specs():
    made = [spec("pings"), spec("posts"), spec("homes", back("pings", 400)), spec("both", back("homes", 2), "posts")]
    return {s.key.to_user_string(): s for s in [*made, dg.AssetSpec("places"), spec("labels", back("posts", 5))]}


def config(tmp_path, *names, **more):
    for name in names:
        (tmp_path / "drop").mkdir(exist_ok=True)
        (tmp_path / "drop" / name).write_text("x")
    return Config(home=tmp_path, sources={"pings": SourceConfig(type="files", path=tmp_path / "drop")}, **more)


def test_an_asset_reaches_back_as_far_as_its_sources(specs, tmp_path):
    found = first_days(specs, config(tmp_path, "2020-02-07.csv", "2020-02-08.csv"))
    first = date(2020, 2, 7)
    assert found == {"pings": first, "homes": first, "both": first, "posts": date.max, "labels": date.max}


def test_no_asset_reaches_back_beyond_the_first_partition(specs, tmp_path):
    found = first_days(specs, config(tmp_path, "2020-02-07.csv", first_day=date(2020, 2, 8)))
    assert found["pings"] == date(2020, 2, 8)


def test_days_before_the_data_are_not_run_and_asked_days_always_are(specs, tmp_path):
    since = first_days(specs, config(tmp_path, "2020-02-07.csv"))
    needed = needed_days(specs, DAY, DAY, {}, since)
    assert needed["pings"] == {date(2020, 2, 7), date(2020, 2, 8), DAY}
    assert needed["posts"] == needed["labels"] == {DAY}


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [(date(2008, 1, 1), DAY, "set first_day"), (DAY, date(2999, 1, 1), "not over yet")],
)
def test_a_range_outside_the_partitions_says_so(start, end, says):
    with pytest.raises(BadInputError, match=says):
        check_span(start, end)
