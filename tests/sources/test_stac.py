import json
from datetime import date

import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.sources.stac import StacSource

DAY = date(2020, 2, 9)


def item(name="good", moment="2020-02-09T02:50:00Z", assets=None):
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "properties": {"datetime": moment},
        "assets": {"data": {"href": "./x.tif"}} if assets is None else assets,
    }


@pytest.fixture
def catalogue(tmp_path):
    """Write a catalogue with one good item and further links; returns the source."""

    def write(links=(), **files):
        root = tmp_path / "catalogue"
        root.mkdir()
        (root / "x.tif").write_text("x")
        mine = [{"rel": "item", "href": "./good.json"}, {"rel": "self", "href": "https://e.org/catalog.json"}, *links]
        named = {"good": item(), "catalog": {"type": "Catalog", "links": mine}, **files}
        for name, content in named.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (root / f"{name}.json").write_text(text)
        return StacSource(root / "catalog.json", "Asia/Shanghai")

    return write


def child(href="./b.json"):
    return {"rel": "child", "href": href}


def names(source, day=DAY):
    return [file.name for file in source.files(day)]


def test_items_of_a_day_come_with_their_assets(catalogue):
    later = item("late", "2020-02-09T23:00:00Z")
    source = catalogue([child()], b={"type": "Collection", "links": [child("./late.json")]}, late=later)
    assert names(source) == ["good.json", "x.tif"]
    assert names(source, date(2020, 2, 10)) == ["late.json", "x.tif"], "days are local"
    assert source.since() == DAY
    assert source.refused(DAY) == []


@pytest.mark.parametrize(
    "href",
    ["http://127.0.0.1:9/evil.json", "https://e.org/c.json", "file:///etc/passwd", "/etc/passwd", "../outside.json",
     "./nowhere.json", "a\0b", "x" * 5000, 5, None],
)  # fmt: skip
def test_a_link_that_leaves_the_folder_is_refused_and_never_opened(catalogue, tmp_path, monkeypatch, href):
    (tmp_path / "outside.json").write_text(json.dumps(item("outside")))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    source = catalogue([{"rel": "item", "href": href}, {"rel": "child", "href": href}])
    assert names(source) == ["good.json", "x.tif"]
    refused = source.refused(DAY)
    assert [r["file"] for r in refused] == ["catalog.json"] * 2
    assert all("which is no file in its folder" in r["reason"] for r in refused)
    assert source.refused(date(2020, 2, 10)) == []


@pytest.mark.parametrize(
    "content",
    ["{", "[1]", "[" * 100_000, item(moment="soon"), item(moment=None), item(moment="0001-01-01T00:00:00+14:00"),
     item(moment="9999-12-31T23:59:59Z"), item(moment={"a": 1})],
)  # fmt: skip
def test_an_item_that_cannot_be_read_does_not_lose_the_others(catalogue, content):
    source = catalogue([child()], b=content)
    assert names(source) == ["good.json", "x.tif"]
    (refused,) = source.refused(DAY)
    assert refused["file"] == "b.json"
    assert refused["reason"].startswith("b.json ")


def test_links_in_circles_are_walked_once(catalogue):
    circle = {"type": "Catalog", "links": [child("./catalog.json"), child(), child("./c.json"), "x", {"rel": 5}]}
    source = catalogue([child("./catalog.json"), child()], b=circle, c=circle)
    assert names(source) == ["good.json", "x.tif"]


def test_assets_lie_in_the_folder_or_are_left_to_their_item(catalogue):
    hrefs = ["/etc/passwd", "../../etc/passwd", "http://e.org/x.tif", "a\0b", "x" * 5000, "./x.tif", 5]
    assets = {str(n): {"href": href} for n, href in enumerate(hrefs)} | {"list": [1]}
    source = catalogue(good=item(assets=assets))
    assert names(source) == ["good.json", "x.tif"]


def test_a_link_of_the_file_system_is_no_way_out(catalogue, tmp_path):
    (tmp_path / "outside.json").write_text(json.dumps(item("outside")))
    source = catalogue([child()])
    (source.root.parent / "b.json").symlink_to(tmp_path / "outside.json")
    assert names(source) == ["good.json", "x.tif"]
    assert len(source.refused(DAY)) == 1


def test_a_catalogue_that_cannot_be_read_says_so(catalogue, tmp_path):
    with pytest.raises(BadInputError, match="cannot be read"):
        StacSource(tmp_path / "nowhere.json", "Asia/Shanghai").files(DAY)
    source = catalogue(good="{")
    with pytest.raises(BadInputError, match=r"no item can be read: good\.json is not JSON"):
        source.files(DAY)
