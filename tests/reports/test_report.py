import base64
import hashlib
from html.parser import HTMLParser

import duckdb
import polars as pl
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.reports import build_report, digest, lineage

VOID = {"meta", "img", "br", "link", "input", "hr"}
SPACE = str.maketrans({"\u00a0": " "})


class Page(HTMLParser):
    """Collects what a test asks for, and fails on tags that do not nest."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.tags, self.links, self.text = [], [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        found = {k: (v or "").translate(SPACE) for k, v in attrs}
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [v for k, v in attrs if k in {"href", "src", "xlink:href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "title", "script"}:
            self.text.append(data.translate(SPACE))


def build(home, truth=None):
    return build_report(home / "warehouse.duckdb", home / "evidence", home / "report" / "index.html", truth=truth)


@pytest.fixture
def home(tmp_path, frames, fill_home):
    return fill_home(tmp_path, frames)


@pytest.fixture(scope="module")
def built(tmp_path_factory, frames, fill_home, truth):
    """A report that is only read."""
    return build(fill_home(tmp_path_factory.mktemp("home"), frames), truth)


@pytest.fixture(scope="module")
def page(built):
    return Page(built.read_text(encoding="utf-8"))


def test_page_is_self_contained(built, page):
    assert not [tag for tag, _ in page.tags if tag in {"link", "iframe", "object", "embed", "base", "form"}]
    assert [found for tag, found in page.tags if tag == "script"] == [{}]
    allowed = ("#", "data:image/png;base64,", "https://example.org/")
    assert all(link.startswith(allowed) for link in page.links), page.links
    policy = next(a for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'")
    script = built.read_text(encoding="utf-8").split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy["content"]


def test_ids_are_unique_and_links_arrive(page):
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_every_picture_has_words(page):
    svgs = [a for t, a in page.tags if t == "svg"]
    assert len(svgs) > 30
    assert all(a.get("aria-label") or a.get("aria-labelledby") in page.ids or a.get("aria-hidden") for a in svgs)
    assert all(a.get("alt") for t, a in page.tags if t == "img")
    assert all(a.get("scope") for t, a in page.tags if t == "th")


def said(page):
    return " ".join(" ".join(page.text).split())


def test_headline_and_tables_say_what_the_marts_hold(page, frames):
    text = said(page)
    last = frames["marts.recovery_daily"].filter(pl.col("signal") == "composite", pl.col("region") == "CN")["value"][-1]
    assert f"{last:.0f} % of normal" in text
    assert "reaches 100 % on 27 March 2020 (90 % interval 24 March to after 14 May)" in text
    assert "76 % of capacity" in text
    assert "+520 %" in text
    assert "18 February to 21 February" in text
    assert "latitude lies outside its range" in text
    assert "Refused records: 4" in text


def test_the_stack_is_the_forecast_and_the_published_line_stays_beside_it(tmp_path, frames, stack, write_warehouse):
    write_warehouse(tmp_path / "warehouse.duckdb", stack(frames))
    page = Page(build(tmp_path).read_text(encoding="utf-8"))
    text = said(page)
    chance = "The weighted forecast puts the chance of being back at 100 % by 14 May 2020 at 40 %."
    assert f"{chance} It reaches 95 % on" in text
    assert "100 % after 14 May 24 Mar to after 14 May 40 % 27 Mar" in text
    assert "P within 7 days" in text
    assert "Logistic ( Recovery index ): 3 days since the trough, 10 are needed" in text
    assert "Held by 90 % intervals" in text
    assert "too few days for a weekly rhythm; odd <b>" in text
    assert "+41 +17 to +63" in text
    assert "Not back by 14 May 2020: at 90 % with 60 %, at 95 % with 60 %, at 100 % with 60 %." in text


def test_old_tables_without_a_method_still_give_the_published_line(page):
    text = said(page)
    assert "P within 7 days" not in text
    assert "A straight line knows no saturation" in text


def test_every_figure_leads_to_its_sql_its_partitions_and_its_raw_file(page):
    text = said(page)
    keys = {found["id"] for tag, found in page.tags if tag == "details" and found.get("id", "").startswith("how-")}
    assert keys == {f"how-{key}" for key in lineage.chains()}
    assert "select signal, region, level, day, value, lower, upper, n_obs from intermediate.int_area_signals" in text
    assert "lake/steel_scenes/day=2020-03-12/data.parquet" in text
    assert "ab" * 32 in text
    assert "lake/steel_scenes/day=2020-03-12/a1.tif" in text


def test_kinds_of_car_parks_stand_beside_the_sites(page, frames):
    park = frames["marts.parking_groups"].filter(pl.col("site_group") == "theme park").sort("day")
    labels = [a["aria-label"] for t, a in page.tags if t == "svg" and a.get("aria-label")]
    assert any(label.startswith(f"Theme park: {park['value'][-1]:.0f} %") for label in labels)
    assert "Car parks by kind of place" in " ".join(page.text)


def test_hostile_text_stays_text(built, page, nasty):
    text = built.read_text(encoding="utf-8")
    assert nasty in " ".join(page.text)
    assert f"raw/{nasty}.json" in " ".join(page.text)
    assert "javascript:" not in text
    assert "<script>alert" not in text
    assert text.count("<script>") == 1


def test_pictures_come_from_the_evidence_folder_alone(home, page):
    pictures = [a for t, a in page.tags if t == "img"]
    assert len(pictures) == 7
    assert "hot pixels on 12 March 2020; " in said(page)
    (home / "evidence" / "steel" / "2020-03-12" / "site0.png").write_bytes(b"GIF89a not a picture we embed")
    (home / "evidence" / "steel" / "2020-03-12" / "site1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300_000))
    again = Page(build(home).read_text(encoding="utf-8"))
    assert len([t for t, _ in again.tags if t == "img"]) == 5


def test_same_inputs_give_the_same_bytes(built, home, truth):
    assert build(home, truth.sample(fraction=1.0, shuffle=True, seed=2)).read_bytes() == built.read_bytes()


def test_truth_is_drawn_only_in_a_simulation(built, frames, tmp_path, write_warehouse):
    simulated = built.read_text(encoding="utf-8")
    assert "Simulated country" in simulated
    assert simulated.count(">truth of the simulation<") == 4
    published = frames["marts.published_comparison"].with_columns(truth=pl.lit(None, dtype=pl.Float64))
    write_warehouse(tmp_path / "warehouse.duckdb", {**frames, "marts.published_comparison": published})
    real = build(tmp_path).read_text(encoding="utf-8")
    assert "Simulated country" not in real
    assert ">truth of the simulation<" not in real
    assert ">Truth<" not in real


def test_an_ordinary_festival_is_set_apart_from_the_shock(built, frames, tmp_path, write_warehouse):
    """29 % where an ordinary year stands at 80 % is a shock to 36 % of ordinary; unknown years are not drawn."""
    page = " ".join(Page(built.read_text(encoding="utf-8")).text)
    sentence = "On 29 January an ordinary year stands at 80 % (75 to 85; 9 February 2019). The rest is the shock: 36 %"
    assert sentence in " ".join(page.split())
    unknown = frames["marts.steel_shock"].with_columns(partner=pl.lit(None, dtype=pl.Date))
    write_warehouse(tmp_path / "warehouse.duckdb", {**frames, "marts.steel_shock": unknown})
    assert "ordinary Spring Festival" not in build(tmp_path).read_text(encoding="utf-8")


def test_what_each_correction_does_is_shown(built, frames, tmp_path, write_warehouse):
    page = " ".join(" ".join(Page(built.read_text(encoding="utf-8")).text).split())
    assert "Commuting: what each correction does" in page
    assert "Scatter 0.0 points with it, 16.0 without" in page
    assert "Largest effect −25.0 points" in page
    assert "Sparse phones (off)" in page
    assert "compared beside their neighbour's: 22 February 2020" in page
    bare = {name: frame for name, frame in frames.items() if name != "marts.commuting_corrections"}
    write_warehouse(tmp_path / "warehouse.duckdb", bare)
    assert "what each correction does" not in build(tmp_path).read_text(encoding="utf-8")


def test_warehouse_with_one_signal_or_nothing_still_gives_a_page(tmp_path, frames, write_warehouse):
    one = frames["marts.recovery_daily"].filter(pl.col("signal") == "commuting").drop("level")
    write_warehouse(tmp_path / "warehouse.duckdb", {"marts.recovery_daily": one})
    page = Page(build(tmp_path).read_text(encoding="utf-8"))
    assert "Commuting" in " ".join(page.text)
    bare = tmp_path / "bare"
    bare.mkdir()
    duckdb.connect(str(bare / "warehouse.duckdb")).close()
    assert "No figures yet" in build(bare).read_text(encoding="utf-8")
    assert digest(bare / "warehouse.duckdb") == "No figures yet."


def test_missing_warehouse_is_one_readable_sentence(tmp_path):
    with pytest.raises(BadInputError, match="no warehouse at"):
        build(tmp_path)
    assert not (tmp_path / "report").exists()


def test_digest_names_headline_and_signals(built):
    text = digest(built.parent.parent / "warehouse.duckdb")
    assert text.startswith("**83 % of normal**")
    assert "- Steel heat: " in text
