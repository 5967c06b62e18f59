"""The growth asset: it reads its week and the base weeks, and one seed says what growth is against."""

from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest

from solarnet_assets.defs import social, windows
from solarnet_assets.defs.resources import Project
from solarnet_assets.landing import BadInputError
from solarnet_assets.social.prevalence import sector_shares
from solarnet_assets.storage.schemas import SCHEMAS

DAY = date(2020, 1, 15)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("SOLARNET_HOME", raising=False)
    (tmp_path / "config.yaml").write_text("home: home\n")
    return Project(config_file=str(tmp_path / "config.yaml"))


def labels(found):
    """Return the labels of 200 people of whom some wrote about gaming."""
    rows = [
        {"post": n, "user": n, "lang": "zh", "network": "weibo", "kept": True, "dropped": None,
         "sectors": ["gaming"] if n < found else [], "home_office": False, "office": False}
        for n in range(200)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={n: c.dtype for n, c in SCHEMAS["post_labels"].columns().items()})


def test_growth_is_made_of_the_days_that_the_seed_names(project):
    wanted = windows.day_and_sector_base(DAY)
    assert {DAY, DAY - timedelta(days=6), date(2020, 1, 1), date(2019, 12, 4)} <= set(wanted)
    for day in {*wanted, DAY - timedelta(days=8)}:
        share = 40 if day > date(2020, 1, 8) else 20 if day <= date(2020, 1, 1) else 190
        project.lake.write("sector_shares", day, sector_shares(labels(share)))
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([social.sector_trends], resources={"project": project}, instance=instance,
                              partition_key=str(DAY))  # fmt: skip
    assert done.success
    row = project.lake.read("sector_trends", DAY).row(
        by_predicate=(pl.col("sector") == "gaming") & (pl.col("lang") == "zh") & (pl.col("days") == 1), named=True
    )
    assert row["ratio"] == pytest.approx(2.0, rel=0.1)
    assert row["users_with"] == 40
    shown = done.asset_materializations_for_node("sector_trends")[0].metadata
    assert shown["growth_gaming"].value == pytest.approx(100 * row["ratio"] - 100, abs=1e-6)


@pytest.fixture
def strata(tmp_path, monkeypatch):
    """Put text into the seed of weights."""
    (tmp_path / "seeds").mkdir()
    monkeypatch.setattr(windows, "sql_folder", lambda: tmp_path)

    def put(text):
        (tmp_path / "seeds" / "sector_strata.csv").write_text(f"lang,network,weight\n{text}")
        windows.sector_weights.cache_clear()

    yield put
    windows.sector_weights.cache_clear()


def test_weights_of_networks_are_measured_unless_the_seed_names_some(strata):
    strata("")
    assert windows.sector_weights() is None
    strata("zh,weibo,0.7\nen,twitter,0.3\n")
    assert windows.sector_weights() == {("zh", "weibo"): 0.7, ("en", "twitter"): 0.3}


@pytest.mark.parametrize("row", ["zh,weibo,much", "zh,weibo,-1", "zh,weibo", "zh,weibo,nan"])
def test_a_weight_that_is_none_is_refused(strata, row):
    strata(f"en,twitter,0.3\n{row}\n")
    with pytest.raises(BadInputError, match=r"seeds/sector_strata\.csv, line 3"):
        windows.sector_weights()
