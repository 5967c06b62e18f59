import polars as pl
import pytest
from drawn_days import START
from made_home import picture

from solarnet_assets.reports import gallery
from solarnet_assets.reports.data import read

SITES, FARMS = 4, 9


@pytest.fixture
def data(tmp_path, frames, write_warehouse):
    """Areas with several arrays each, all with a picture."""
    ids = [(f"area{site}", farm) for site in range(SITES) for farm in range(FARMS)]
    farms = pl.DataFrame(
        {"farm_id": [f"{site}-{farm}" for site, farm in ids], "site_id": [site for site, _ in ids],
         "first_seen": [START] * len(ids), "area_km2": [float(9 - farm) for _, farm in ids],
         "confidence": [0.9] * len(ids), "evidence": [f"solar/2020-03-12/{site}-{farm}.png" for site, farm in ids]}
    )  # fmt: skip
    folder = tmp_path / "evidence" / "solar" / "2020-03-12"
    folder.mkdir(parents=True)
    for name in farms["farm_id"]:
        (folder / f"{name}.png").write_bytes(picture(1))
    write_warehouse(tmp_path / "warehouse.duckdb", {**frames, "marts.solar_farms": farms.sample(fraction=1, seed=4)})
    return read(tmp_path / "warehouse.duckdb", tmp_path / "evidence", tmp_path / "quarantine")


def test_the_first_array_of_an_area_is_shown_in_whatever_order_rows_come(data):
    none = data["recovery_events"].clear().with_columns(until=pl.col("day"))
    shown = [one["path"] for one in gallery.pictures(data, none) if one["key"] == "solar"]
    assert shown == [f"solar/2020-03-12/area{site}-0.png" for site in range(SITES)]
