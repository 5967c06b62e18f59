"""What a partition was before late files came."""

from datetime import date, timedelta

import polars as pl
import pytest

from solarnet_assets.landing import FILES_SCHEMA, BadInputError, Landing, rejects_frame
from solarnet_assets.storage.lake import Lake
from solarnet_assets.storage.states import Before

DAY, NEXT = date(2020, 2, 9), date(2020, 2, 10)
LATER, LAST = DAY + timedelta(days=3), DAY + timedelta(days=9)


def index(*values):
    frame = pl.DataFrame({"city": [f"c{i}" for i in range(len(values))], "intensity": list(values), "provider": "p"})
    return frame.with_columns(known_on=pl.lit(None, pl.Date))


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path / "lake", tmp_path / "quarantine")
    made.write("mobility_index", NEXT, index(7.0))
    made.write("mobility_index", DAY, index(3.0), before=Before(LAST, {DAY: index(1.0), LATER: index(2.0)}))
    return made


def known(lake, day):
    return lake.scan("mobility_index", DAY, NEXT, day).collect()["intensity"].to_list()


def test_a_day_is_read_as_it_was_known(lake):
    assert lake.states("mobility_index", DAY) == [DAY, LATER, LAST]
    assert lake.states("mobility_index", NEXT) == [NEXT]
    found = [known(lake, DAY + timedelta(days=n))[0] for n in range(11)]
    assert found == [1.0] * 3 + [2.0] * 6 + [3.0] * 2
    assert known(lake, None) == [3.0, 7.0]
    assert lake.read("mobility_index", DAY, LATER)["intensity"].to_list() == [2.0]


def test_parts_are_states_too(lake):
    streamed = Before(LAST, {DAY: iter([index(4.0), index(5.0)])})
    lake.write_stream("mobility_index", DAY, [index(6.0)], before=streamed)
    assert known(lake, DAY) == [4.0, 5.0, 7.0]
    (read,) = lake.readers("mobility_index", DAY, ["intensity"], [], known=LATER)
    assert read()["intensity"].to_pylist() == [4.0, 5.0]


def test_states_go_with_the_partition_that_names_them(lake, tmp_path):
    earlier = tmp_path / "lake/mobility_index/earlier/day=2020-02-09"
    assert len(list(earlier.iterdir())) == 2
    lake.write("mobility_index", DAY, index(9.0))
    assert known(lake, DAY) == [9.0, 7.0]
    assert list(earlier.iterdir()) == []
    assert lake.days("mobility_index") == [DAY, NEXT]


def test_a_write_that_fails_leaves_partition_and_states(lake):
    with pytest.raises(BadInputError, match="intensity"):
        lake.write("mobility_index", DAY, index(-1.0), before=Before(LATER, {DAY: index(8.0)}))
    with pytest.raises(BadInputError, match="intensity"):
        lake.write("mobility_index", DAY, index(1.0), before=Before(LATER, {DAY: index(-8.0)}))
    with pytest.raises(ZeroDivisionError):
        lake.write_stream(
            "mobility_index", DAY, (index(1 / n) for n in (1, 0)), before=Before(LATER, {DAY: [index(8.0)]})
        )
    assert [known(lake, day)[0] for day in (DAY, LATER, LAST)] == [1.0, 2.0, 3.0]


def test_a_kill_before_the_partition_is_replaced_leaves_the_old_states(lake, monkeypatch):
    """New states have been stored, the partition has not: what its footer names is still there."""

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("solarnet_assets.storage.lake.put", killed)
    with pytest.raises(KeyboardInterrupt):
        lake.write("mobility_index", DAY, index(6.0), before=Before(LATER, {DAY: index(8.0)}))
    assert [known(lake, day)[0] for day in (DAY, LATER, LAST)] == [1.0, 2.0, 3.0]


def test_same_states_give_the_same_bytes_and_one_state_gives_those_of_ever(lake, tmp_path):
    table = tmp_path / "lake/mobility_index/day=2020-02-09/data.parquet"
    first = table.read_bytes()
    lake.write("mobility_index", DAY, index(3.0), before=Before(LAST, {LATER: index(2.0), DAY: index(1.0)}))
    assert table.read_bytes() == first
    lake.write("mobility_index", DAY, index(3.0))
    assert b"before" not in table.read_bytes()


def test_the_register_lies_beside_the_table_that_names_it(lake, tmp_path):
    def files(name):
        row = {"kind": "mobility_index", "file": name, "records_in": 1, "records_kept": 1, "records_refused": 0}
        return pl.DataFrame([row | {"arrived": DAY, "arrival": "in time"}], schema=FILES_SCHEMA)

    landing = Landing(index(1.0), rejects_frame([]), 1, files=files("a"))
    lake.write("mobility_index", DAY, landing)
    assert lake.files("mobility_index", DAY).equals(files("a"))
    empty = Landing(index(), rejects_frame([]), 0, files=files("b"))
    lake.write_stream("mobility_index", DAY, [index(1.0), empty])
    assert lake.files("mobility_index", DAY).equals(files("b"))
    assert len(list((tmp_path / "lake/mobility_index/day=2020-02-09").iterdir())) == 2
    assert lake.files("mobility_index", NEXT) is None
    assert lake.files("mobility_index", LAST) is None


def test_a_table_of_an_earlier_version_was_known_in_time(lake):
    """It has no column known_on; the warehouse and the lake read it beside newer ones."""
    table = lake.folder("mobility_index", NEXT) / "data.parquet"
    pl.read_parquet(str(table)).drop("known_on").write_parquet(str(table))
    assert known(lake, None) == [3.0, 7.0]
    assert lake.read("mobility_index", NEXT)["known_on"].to_list() == [None]
