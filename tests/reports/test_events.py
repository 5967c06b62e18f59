from datetime import timedelta

import polars as pl
import pytest
from drawn_days import days, events

from solarnet_assets.reports import events as part
from solarnet_assets.reports import gallery
from solarnet_assets.reports.data import read


@pytest.fixture(scope="module")
def data(tmp_path_factory, frames, fill_home):
    home = fill_home(tmp_path_factory.mktemp("events"), frames)
    return read(home / "warehouse.duckdb", home / "evidence", home / "quarantine")


def shown(data):
    return part.section(data, part.episodes(data), {"steel/2020-03-12/site0.png": "picture-steel-0"})


def test_days_outside_become_one_spell_the_newest_first(data):
    spells = part.episodes(data)
    assert spells["key"].to_list() == ["site0", "remote_work", "CN", "wuhan", "site1", "site2"]
    assert spells["days"].to_list() == [3, 3, 6, 53, 9, 9]
    assert spells["is_open"].to_list() == [True, False, False, True, False, False]
    assert spells["beyond"].to_list() == pytest.approx([23.0, 23.0, -51.0, -51.0, -51.0, -51.0])


def test_a_spell_that_comes_again_is_another_one(data):
    rows = data["recovery_events"].filter(pl.col("key") == "site1")
    later = rows.with_columns(day=pl.col("day") + timedelta(days=30))
    again = type(data)({**data.tables, "recovery_events": pl.concat([rows, later])})
    assert part.episodes(again)["since"].to_list() == [rows["day"][0] + timedelta(days=30), rows["day"][0]]


def test_the_newest_lead_and_those_of_one_day_stand_together(data):
    found = shown(data)
    assert found["summary"].en == "New events in the seven days to 15 March 2020: 1."
    assert [group["is_new"] for group in found["groups"]] == [True, False, False, False]
    assert [len(group["members"]) for group in found["groups"]] == [1, 1, 2, 2]
    newest = found["groups"][0]["members"][0]
    assert newest["picture"] == "picture-steel-0"
    assert (newest["beyond"].en, newest["usual"].en, newest["until"].en) == ("+23", "92 to 108", "Goes on")
    assert newest["score"].en == "4.5 standard deviations"
    assert {one["signal"]: one["text"].en for one in found["now"]}["commuting"] == "0 above, 1 below, of 2 cities"


def test_a_flood_is_counted_and_not_listed(data, monkeypatch):
    monkeypatch.setattr(part, "FIRST", 2)
    monkeypatch.setattr(part, "LISTED", 4)
    found = shown(data)
    assert (len(found["groups"]), len(found["earlier"]), found["more"]) == (2, 1, 2)


def test_two_hundred_on_one_day_are_one_line(data):
    one = events().filter(pl.col("key") == "site1")
    flood = pl.concat(one.with_columns(key=pl.lit(f"mill{n}")) for n in range(200))
    many = type(data)({**data.tables, "recovery_events": flood})
    found = shown(many)
    assert len(found["groups"]) == 1
    assert found["groups"][0]["count"].en == "200 sites"
    assert found["groups"][0]["names"].en.endswith("and 197 more")


def test_pictures_of_new_events_are_embedded_first(data):
    first = next(picture for picture in gallery.pictures(data, part.episodes(data)) if picture["key"] == "steel")
    assert (first["site"], first["anchor"]) == ("site0", "picture-steel-0")


def test_no_event_no_part(data):
    none = type(data)({**data.tables, "recovery_events": data["recovery_events"].clear()})
    assert shown(none) is None
    assert part.headline(part.episodes(none), days()[-1]).en == ""


def test_the_page_marks_events_on_tiles_and_links_there(tmp_path, frames, fill_home):
    from solarnet_assets.reports import build_report

    home = fill_home(tmp_path, frames)
    text = build_report(home / "warehouse.duckdb", home / "evidence", home / "out.html").read_text(encoding="utf-8")
    for key in (("steel", "site", "site0"), ("commuting", "city", "wuhan"), ("sector", "sector", "remote_work")):
        anchor = part.anchor(*key)
        assert f'<li id="{anchor}"' in text
        assert f'href="#{anchor}"' in text
    assert text.count('class="event"/>') == 5
    assert "below its own interval since 23 January" in text
    assert 'href="#level-commuting"' in text
    assert '<code class="small" translate="no">marts.recovery_daily</code>' in text


def test_hostile_keys_make_harmless_ids():
    assert part.anchor("steel", "site", "<a b='\"'>").removeprefix("at-").isalnum()
    assert part.anchor("steel", "site", "x") != part.anchor("steel", "city", "x")
