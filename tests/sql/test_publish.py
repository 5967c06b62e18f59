"""The marts as files: whole, described, the same bytes again, and readable by what people use."""

import hashlib
import json
import threading
from datetime import date

import duckdb
import polars as pl
import pytest
from upath import UPath

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.folder import load_project
from solarnet_assets.sql.publish import publish
from solarnet_assets.sql.run import refresh
from solarnet_assets.storage.files import held
from solarnet_assets.storage.lake import Lake

PROJECT = load_project()
MARTS = [model for model in PROJECT.models if model.layer == "marts"]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory, country):
    root = tmp_path_factory.mktemp("published")
    lake = Lake(root / "lake", root / "quarantine")
    country.write_reference(lake)
    for asset in country.DAILY:
        for day in country.span(date(2020, 2, 1), date(2020, 2, 4)):
            country.write_day(lake, asset, day)
    refresh(lake, root / "warehouse.duckdb")
    return root / "warehouse.duckdb"


@pytest.fixture(scope="module")
def folder(warehouse):
    publish(warehouse, warehouse.parent / "published", PROJECT)
    return warehouse.parent / "published"


def test_every_mart_is_a_file_with_the_rows_of_its_table(warehouse, folder):
    with duckdb.connect(warehouse, read_only=True) as con:
        for model in MARTS:
            made = pl.read_parquet(folder / f"{model.name}.parquet")
            assert made.height == con.table(model.table).pl().height, model.name
        told = con.sql("select * from marts.recovery_daily order by signal, region, day").pl()
    assert told.height > 0
    columns = ["signal", "region", "day", "value", "lower", "upper"]
    as_csv = pl.read_csv(folder / "recovery_daily.csv", try_parse_dates=True).select(columns).sort(columns[:3])
    assert as_csv.equals(told.select(columns))


def test_the_dictionary_describes_every_column_of_every_file(folder):
    told = pl.read_csv(folder / "data_dictionary.csv")
    for model in MARTS:
        own = told.filter(pl.col("table_name") == model.name).sort("position")
        assert own["column_name"].to_list() == pl.read_parquet_schema(folder / f"{model.name}.parquet").names()
    bare = told.filter(pl.col("description").is_null())
    assert bare.is_empty(), bare.select("table_name", "column_name").rows()


def test_the_manifest_names_what_belongs_together(folder):
    entries = json.loads((folder / "manifest.json").read_text())
    assert {e["file"] for e in entries} == {f.name for f in folder.iterdir()} - {"manifest.json"}
    for entry in entries:
        data = (folder / entry["file"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_again_gives_the_same_bytes_and_leaves_other_files_alone(warehouse, folder):
    other = folder / "solar_farm_outlines.parquet"
    other.write_bytes(b"of another asset")
    before = {f.name: f.read_bytes() for f in folder.iterdir()}
    publish(warehouse, folder, PROJECT)
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == before
    other.unlink()


def test_the_manifest_names_files_of_others_that_are_there(warehouse, tmp_path):
    file = tmp_path / "solar_farm_outlines.parquet"
    assert file.name not in {e["file"] for e in publish(warehouse, tmp_path, PROJECT, [file.name])}
    pl.DataFrame({"farm": ["a", "b"]}).write_parquet(file)
    publish(warehouse, tmp_path, PROJECT, [file.name])
    (entry,) = (e for e in json.loads((tmp_path / "manifest.json").read_text()) if e["file"] == file.name)
    data = file.read_bytes()
    assert entry == {"file": file.name, "rows": 2, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_two_at_once_follow_each_other(warehouse, tmp_path):
    """They write their drafts under the same names."""
    other = threading.Thread(target=publish, args=(warehouse, tmp_path, PROJECT))
    with held(UPath(tmp_path)):
        other.start()
        other.join(0.3)
        assert list(tmp_path.iterdir()) == []
    other.join()
    assert (tmp_path / "manifest.json").exists()


def test_without_a_warehouse_there_is_one_sentence(tmp_path):
    with pytest.raises(BadInputError, match="there is no warehouse"):
        publish(tmp_path / "none.duckdb", tmp_path / "published", PROJECT)
