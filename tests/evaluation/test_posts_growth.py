"""Simulated worlds of posts through the whole chain, and anybody's files; the figures are those of the command."""

from collections import Counter
from datetime import date

import polars as pl
import pytest

from solarnet_assets.evaluation.posts_growth import scored, summary
from solarnet_assets.evaluation.posts_growth_worlds import KINDS, Held, World, draw, truth_of, worlds
from solarnet_assets.evaluation.posts_shares import Asked, measure
from solarnet_assets.landing import BadInputError
from solarnet_assets.social.classify import Settings
from solarnet_assets.world.scenario import Posts
from solarnet_assets.world.words import SECTORS


def test_sixteen_worlds_are_every_kind_with_every_share_of_bots():
    made = list(worlds(Held(16)))
    cells = Counter((n % len(KINDS), world.scenario.posts.bots) for n, world in enumerate(made))
    assert set(cells.values()) == {1}
    assert {world.scenario.posts.per_day for world in made if world.scenario.posts.bots == 0.2} == {600, 2000}
    assert len({world.scenario.seed for world in made}) == 16
    assert {w.scenario.posts.bots for w in worlds(Held(4, 0.1, 700))} == {0.1}


def test_drawn_worlds_start_at_normal_and_lose_networks():
    first, second = (draw("drawn", seed, Posts(per_day=100)) for seed in (1, 2))
    assert first.scenario.signals.sectors != second.scenario.signals.sectors
    assert {curve[0] for curve in first.scenario.signals.sectors.values()} == {(date(2020, 1, 1), 100.0)}
    assert len(first.scenario.posts.outages) == 2
    assert first == draw("drawn", 1, Posts(per_day=100))
    assert draw("quiet", 1, Posts()).scenario.name == "quiet"


def test_truth_is_growth_since_the_start():
    world = draw("published", 1, Posts())
    day = date(2020, 3, 15)
    one, seven = (dict(truth_of(world, [day], n).select("sector", "truth").iter_rows()) for n in (1, 7))
    assert one["remote_work"] == pytest.approx(537.0)
    assert one["remote_work"] < seven["remote_work"] < 545.0


@pytest.fixture(scope="module")
def rows():
    whole = draw("quiet", 31, Posts(per_day=300, bots=0.1))
    return scored(World("quiet", whole.scenario.model_copy(update={"end": date(2020, 1, 6)})), Settings(encoder=None))


def test_the_whole_chain_gives_figures_beside_the_truth(rows):
    assert set(rows["figure"]) == {"day", "4 weeks", "7 days", "share"}
    assert rows.filter(figure="share")["value"].mean() == pytest.approx(0.0, abs=60.0)
    assert set(rows["sector"]) == set(SECTORS)
    assert set(rows["day"]) == {date(2020, 1, n) for n in range(2, 7)}
    made = rows.drop_nulls("value")
    assert made.filter(pl.col("lang") == "all").height > 60
    assert (made["lower"] <= made["value"]).all()
    assert (made["value"] <= made["upper"]).all()
    assert rows.filter(pl.col("value").is_null())["note"].null_count() == 0
    assert summary(rows, ["lang"]).filter(lang="all")["covered"].item() > 0.7


def test_scores_by_hand():
    figures = {"value": [110.0, 90.0, None], "lower": [90.0, 60.0, None], "upper": [130.0, 95.0, None]}
    got = summary(pl.DataFrame({"lang": ["en"] * 3, "truth": [100.0] * 3, **figures}), ["lang"]).row(0, named=True)
    assert (got["n"], got["missing"], got["covered"]) == (2, pytest.approx(1 / 3), 0.5)
    assert (got["below"], got["above"]) == (0.0, 0.5)
    assert got["bias"] == pytest.approx(0.0)
    assert got["rmse"] == pytest.approx(0.05)
    assert got["half_width"] == pytest.approx((20 + 17.5) / 2 / 200)


def test_anybodys_files_are_counted_by_day(tmp_path):
    lines = [f"{n},u{n % 40},2020-02-0{1 + n % 2}T10:00:00+08:00,在家办公第{n}天" for n in range(80)]
    file = tmp_path / "posts.csv"
    file.write_text("\n".join(["id,user,created_at,text", *lines]), encoding="utf-8")
    found = measure(Asked((file,), date(2020, 2, 1), date(2020, 2, 3)))
    assert (found.posts, found.kept, found.refused) == (80, 80, 0)
    days = found.shares.filter(lang="zh", network="all", sector="remote_work").sort("day")
    assert days["day"].to_list() == [date(2020, 2, 1), date(2020, 2, 2)]
    assert days["users"].to_list() == [20, 20]
    assert set(found.growth["note"]) == {"no posts in the base weeks"}


def test_files_without_a_post_of_these_days_are_refused(tmp_path):
    file = tmp_path / "posts.csv"
    file.write_text("id,created_at,text\n1,2020-02-01,hello\n", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"posts\.csv: no post from 2021-01-01 to 2021-01-02"):
        measure(Asked((file,), date(2021, 1, 1), date(2021, 1, 2)))
    with pytest.raises(BadInputError, match=r"absent\.csv: there is no such file"):
        measure(Asked((tmp_path / "absent.csv",), date(2021, 1, 1), date(2021, 1, 2)))


@pytest.mark.parametrize(
    ("start", "end", "base"),
    [
        (date(1, 1, 1), date(1, 1, 2), None),
        (date(9999, 12, 30), date(9999, 12, 31), None),
        (date(2020, 1, 1), date(2020, 1, 2), date(1, 1, 1)),
        (date(1991, 1, 1), date(2190, 1, 1), None),
    ],
)
def test_days_that_nobody_wrote_on_are_not_looked_for(tmp_path, start, end, base):
    file = tmp_path / "posts.csv"
    file.write_text("id,created_at,text\n1,2020-02-01,hello\n", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"lies outside 1990 to 2199|more than 4000 days"):
        measure(Asked((file,), start, end, base_day=base))
