"""What only a browser can tell: that charts are drawn, keys work, nothing is fetched and nothing complains."""

import re
import shutil
from itertools import pairwise

import pytest

from solarnet_assets.reports import build_report

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs chromium")

WIDTHS = (390, 820, 1440)

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

EMPTY_CHARTS = """
[...document.querySelectorAll('main svg:not(.bar)')].filter(svg => {
  const box = svg.getBoundingClientRect(), shown = svg.checkVisibility();
  return shown && (box.width < 40 || box.height < 15 || !svg.querySelector('path, polyline, circle, line'));
}).length
"""

DRAWN = "[...document.querySelectorAll('main svg')].filter(svg => svg.checkVisibility()).length"

ENGLISH_LEFT = r"""
(() => {
  const spared = 'code, pre, script, style, [lang=en], [translate=no], cite, svg, button, .brand';
  const foreign = text => /[A-Za-z]{3,}/.test(text) && !/[\u4e00-\u9fff]/.test(text);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), left = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.textContent.trim();
    if (!node.parentElement.closest(spared) && foreign(text)) left.push(text);
  }
  const named = [...document.querySelectorAll('[aria-label], img[alt]')];
  const labels = named.map(node => node.getAttribute('aria-label') || node.alt).filter(foreign);
  const drawn = [...document.querySelectorAll('svg text')].map(node => node.textContent).filter(foreign);
  return [...left, ...labels, ...drawn];
})()
"""

OF_THE_DATA = re.compile(
    r"^[\w./]+\.sql$|<script>|Works \d|SHA-256|IEEE Spectrum|The Batch|arXiv|^\+537|Full recovery|Posts on"
    r"|^\. Ours$|own baseline$|^Not comparable$|^26 March 2020"
)
"""What the fixture's own tables say in English, and names that are the same in both languages."""

CONTRAST = """
(() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d');
  const rgb = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
                          return canvas.getImageData(0, 0, 1, 1).data; };
  const light = c => [0, 1, 2].map(n => c[n] / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = node => { for (; node; node = node.parentElement) {
    const c = rgb(getComputedStyle(node).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
  const poor = new Set();
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.checkVisibility() || node.closest('svg, option')) continue;
    const a = light(rgb(getComputedStyle(node).color)), b = light(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(`${node.className || node.tagName} ${ratio.toFixed(2)}`);
  }
  return [...poor];
})()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, frames, fill_home, truth, stack):
    home = fill_home(tmp_path_factory.mktemp("browser"), stack(frames))
    build_report(home / "warehouse.duckdb", home / "evidence", home / "report" / "index.html", truth=truth)
    return home


@pytest.fixture(scope="module")
def url(home):
    return (home / "report" / "index.html").as_uri()


@pytest.fixture(scope="module")
def tab(tmp_path_factory, browser):
    with browser(PROGRAM, tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.mark.parametrize("width", WIDTHS)
def test_every_chart_is_drawn_and_nothing_complains_or_is_fetched(tab, url, width):
    tab.open(url, width)
    tab.run("document.querySelectorAll('details').forEach(node => node.open = true)")
    assert tab.complaints == []
    assert [found for found in tab.requests if not found.startswith(("data:", url))] == []
    assert tab.run(DRAWN) > 30
    assert tab.run(EMPTY_CHARTS) == 0
    assert tab.run(OVERFLOW) <= 0
    assert tab.run("[...document.images].every(image => image.loading === 'lazy' || image.naturalWidth > 0)")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_letters_stand_out_from_their_ground(tab, url, theme):
    tab.open(url, prefers_color_scheme=theme)
    tab.run("document.querySelectorAll('details').forEach(node => node.open = true)")
    assert tab.run("getComputedStyle(document.documentElement).colorScheme") == theme
    assert tab.run(CONTRAST) == []


def test_the_language_changes_everything_and_back(tab, url):
    tab.open(url)
    english = tab.run("document.body.textContent")
    tab.run("document.querySelector('[data-speak=zh]').click()")
    assert tab.run("document.documentElement.lang") == "zh-Hans"
    assert tab.run("document.title") == "SolarNet 经济复苏报告"
    assert tab.run("document.querySelector('[data-speak=zh]').ariaPressed") == "true"
    assert {text for text in tab.run(ENGLISH_LEFT) if not OF_THE_DATA.search(text)} == set()
    assert "中国复苏指数" in tab.run("document.body.textContent")
    tab.run("document.querySelector('[data-speak=en]').click()")
    assert tab.run("document.body.textContent") == english
    assert tab.run("document.documentElement.lang") == "en"


def test_the_language_can_be_asked_for_and_is_kept(tab, url):
    tab.open(url + "?lang=zh")
    assert tab.run("document.documentElement.lang") == "zh-Hans"
    tab.run("document.querySelector('[data-speak=en]').click()")
    tab.open(url)
    assert tab.run("document.documentElement.lang") == "en"


def test_a_theme_can_be_chosen_against_the_system(tab, url):
    tab.open(url + "?theme=dark", prefers_color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.run(ground)
    tab.run("theme.value = 'light'; theme.dispatchEvent(new Event('change'))")
    assert tab.run(ground) != dark
    tab.run("theme.value = ''; theme.dispatchEvent(new Event('change'))")
    assert tab.run("document.documentElement.dataset.theme") is None


def test_from_a_figure_to_its_raw_file_by_keyboard_alone(tab, url):
    """Tab to the summary, Enter opens it, Tab goes on into what it holds; the focus can be seen all along."""
    tab.open(url)
    tab.run("document.querySelector('#how-steel > summary').focus()")
    tab.press("Enter", 13)
    assert tab.run("document.getElementById('how-steel').open")
    tab.press("Tab", 9)
    assert tab.run("document.activeElement.closest('#how-steel') !== null")
    tab.press("Tab", 9)
    tab.press("Enter", 13)
    assert tab.run("document.activeElement.parentElement.open")
    assert "select" in tab.run(
        "document.activeElement.parentElement.querySelector('code:last-of-type, pre code').textContent + "
        "document.activeElement.parentElement.innerText"
    )
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    link = '#how-steel a[href^=\\"#picture-steel\\"]'
    tab.run(f'document.querySelector("{link}").click()')
    tab.run("new Promise(done => setTimeout(done, 200))")
    shown = "document.activeElement.id.startsWith('picture-steel') && document.activeElement.checkVisibility()"
    assert tab.run(shown)


def test_from_a_group_of_events_to_a_curve_by_keyboard_alone(tab, url):
    """Enter opens what began on one day, its link goes to the place's own curve, and the focus goes along."""
    tab.open(url, prefers_reduced_motion="reduce")
    tab.run("document.querySelector('#events .several > summary').focus()")
    tab.press("Enter", 13)
    assert tab.run("document.querySelector('#events .several').open")
    tab.press("Tab", 9)
    wanted = tab.run("document.activeElement.getAttribute('href')")
    assert wanted.startswith(("#at-", "#level-"))
    tab.press("Enter", 13)
    tab.run("new Promise(done => setTimeout(done, 200))")
    assert tab.run("location.hash") == wanted
    assert tab.run(f"document.querySelector('{wanted}').checkVisibility()")


def test_pointing_at_a_chart_reads_that_day_and_no_other(tab, url, frames):
    rows = frames["marts.recovery_daily"].filter(signal="steel", region="CN").sort("day")
    tab.open(url, prefers_reduced_motion="reduce")
    tab.run("document.getElementById('level-steel').scrollIntoView()")
    chart = "[...document.querySelectorAll('#level-steel svg[data-days]')].find(node => node.checkVisibility())"
    left, top, width, plot, wide = tab.run(
        f"(() => {{ const svg = {chart}, box = svg.getBoundingClientRect();"
        "const d = svg.dataset.days.split(' ').map(Number);"
        "return [box.left, box.top + 60, box.width / svg.viewBox.baseVal.width, d[0], d[1]]; })()"
    )
    read = "[...document.querySelectorAll('#level-steel .now')].filter(node => !node.hidden).map(n => n.textContent)"
    before = tab.run(read)
    for share, row in ((0.0, 0), (1.0, -1), (40 / (rows.height - 1), 40)):
        x = left + width * (plot + share * wide)
        tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=top)
        found = rows.row(row, named=True)
        shown = tab.run(read)
        assert len(shown) == 1
        assert shown[0].startswith(f"{found['value']:.1f} {found['lower']:.1f} – {found['upper']:.1f}")
        assert f"{found['day'].day} {found['day']:%b %Y}" in shown[0]
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert tab.run(read) == before
    assert tab.complaints == []


def test_the_first_key_skips_to_the_figures(tab, url):
    tab.open(url)
    tab.press("Tab", 9)
    assert tab.run("document.activeElement.className") == "skip"
    assert tab.run("document.activeElement.getBoundingClientRect().left >= 0")
    tab.press("Enter", 13)
    tab.run("new Promise(done => setTimeout(done, 100))")
    assert tab.run("document.activeElement.id") == "main"


def test_everything_that_takes_the_focus_has_a_name(tab, url):
    tab.open(url)
    unnamed = """
    [...document.querySelectorAll('a, button, select, summary, [tabindex="0"]')].filter(node =>
      !(node.getAttribute('aria-label') || node.textContent.trim())).length
    """
    assert tab.run(unnamed) == 0
    headings = tab.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(node => Number(node.tagName[1]))")
    assert headings.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(headings))


def test_motion_is_spared_where_the_reader_asks_for_it(tab, url):
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    tab.open(url, prefers_reduced_motion="reduce")
    assert tab.run(behaviour) == "auto"
    tab.open(url, prefers_reduced_motion="no-preference")
    assert tab.run(behaviour) == "smooth"


def test_it_prints_light_whole_and_with_its_links(tab, url, tmp_path):
    tab.open(url + "?theme=dark")
    tab.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert tab.run("getComputedStyle(document.documentElement).colorScheme") == "light"
        assert tab.run("getComputedStyle(document.querySelector('nav')).display") == "none"
        assert "https://example.org/a" in tab.run("document.querySelector('.addresses').innerText")
        assert tab.run("document.querySelector('.addresses').checkVisibility()")
        assert tab.run("getComputedStyle(document.querySelector('.panel')).breakInside") == "avoid"
        assert tab.run("[...document.querySelectorAll('.scroll')].every(n => getComputedStyle(n).maxHeight === 'none')")
    finally:
        tab.call("Emulation.setEmulatedMedia", media="")
    assert len(tab.call("Page.printToPDF", preferCSSPageSize=True)["data"]) > 50_000


def test_a_hostile_name_runs_nothing(tab, url):
    tab.open(url)
    tab.run("document.querySelector('[data-speak=zh]').click()")
    tab.run("document.querySelectorAll('details').forEach(node => node.open = true)")
    assert tab.run("document.scripts.length") == 1
    assert "<script>alert" in tab.run("document.body.innerText")
