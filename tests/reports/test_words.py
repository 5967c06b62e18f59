import csv
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solarnet_assets.reports import formats, words
from solarnet_assets.reports.text import Text, joined, same
from solarnet_assets.sql.folder import sql_folder
from solarnet_assets.storage.schemas import SECTORS

CODE = Path(words.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def braces(text):
    return sorted(re.findall(r"{(\w+)}", text))


def test_both_languages_say_the_same_things():
    english, chinese = words.language("en"), words.language("zh")
    assert set(english) == set(chinese)
    assert {key for key in english if braces(english[key]) != braces(chinese[key])} == set()


def test_no_chinese_text_was_left_in_english():
    spared = {"gaps.share", "published.within_unknown", "table.lower", "table.upper", "forecast.early", "forecast.late",
              "formats.range", "solar.one", "headline.over", "headline.lowest_on", "composite.one",
              "forecast.crps_of", "methods.h_map.sources"}  # fmt: skip
    chinese = words.language("zh")
    assert {key for key, text in chinese.items() if not CHINESE.search(text)} <= spared
    assert {key for key, text in words.language("en").items() if CHINESE.search(text)} == set()


def test_every_key_is_used_and_every_used_key_is_there():
    text = "".join(f.read_text(encoding="utf-8") for f in [*CODE.rglob("*.py"), *CODE.rglob("*.html")])
    asked = set(re.findall(r"say\(\s*f?[\"']([\w.]+)[\"'.{]", text))
    known = words.language("en")
    exact = {key for key in asked if not key.endswith(".")}
    parts = tuple(key for key in asked if key.endswith(".")) + tuple(
        re.findall(r"say\(\s*[\"']([\w.]+[._]|map\.step)[\"'] ~", text)
    )
    missing = {key for key in exact if key not in known and not any(k.startswith(key) for k in known)}
    assert missing == set()
    spoken = (*parts, "names.", "corrections.", "gallery.")
    unused = {key for key in known if key not in exact and not key.startswith(spoken)}
    assert unused <= {"forecast.bends", "forecast.beside", "places.cities", "places.provinces", "places.city",
                      "places.region"}  # fmt: skip


def test_every_text_of_the_shipped_seeds_is_translated():
    seeds = sql_folder() / "seeds"
    texts = set()
    for name, columns in {
        "published_figures": ("item", "published_text", "published_source", "note"),
        "composite_weights": ("reason",),
    }.items():
        with (seeds / f"{name}.csv").open(encoding="utf-8") as file:
            texts |= {row[column] for row in csv.DictReader(file) for column in columns if row[column]}
    assert {text for text in texts if words.quoted(text).zh == text} <= {"The Batch, 2020"}
    assert all(words.name_of(sector).zh != words.name_of(sector).en for sector in SECTORS)


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        ("Line 6165 is not valid JSON.", "该行不是有效的 JSON。"),
        ("The post is of 2020-01-01, not of 2020-01-02 as its file says.", "帖子的日期与文件所标日期不符。"),
        ("latitude lies outside -90..90 degrees", "纬度超出范围"),
        ("3 days since the trough, 10 are needed", "距最低点仅 3 天，需要 10 天"),
    ],
)
def test_reasons_lose_what_differs_from_line_to_line(reason, chinese):
    assert words.reason(reason).zh == chinese
    assert not re.search(r"6165|2020", words.reason(reason).en)


def test_every_reason_is_said_in_both_languages_with_the_same_numbers():
    for pattern, english, chinese in words._reasons():
        assert CHINESE.search(chinese)
        assert not CHINESE.search(english)
        assert braces(english) == braces(chinese) == sorted(pattern.groupindex)


def test_a_reason_nobody_translated_stays_as_it_is():
    assert words.reason("disk <full>") == Text("disk <full>", "disk <full>")


def test_numbers_and_days_of_each_language():
    assert formats.percent(-12.4) == Text("−12\u00a0%", "−12%")
    assert formats.percent(-0.04, signed=True).en == "0\u00a0%"
    assert formats.figure(1234.5).en == "1,234"
    assert formats.day(date(2020, 3, 26), year=True) == Text("26 March 2020", "2020年3月26日")
    assert formats.tick(date(2020, 3, 1), long=True) == Text("Mar 2020", "2020年3月")
    assert formats.interval(-3.0, 8.0) == Text("−3 to 8", "−3 至 8")
    assert formats.interval(None, 8.0).en == ""
    assert formats.share(0.9999) == Text("> 99\u00a0%", "> 99%")
    assert formats.share(0.125).en == "12\u00a0%"
    assert formats.number(20.0, "farms") == Text("20 farms", "20 座")


@given(st.text(), st.text())
def test_text_is_escaped_wherever_it_stands(english, chinese):
    text = Text(english, chinese)
    for shown in (text.__html__(), str(text.attr("alt")), str(text.other)):
        assert "<script" not in shown
        assert shown.count("<") <= 2
        assert shown.count('"') % 2 == 0


def test_sentences_join_with_a_blank_in_english_alone():
    assert Text("A.", "甲。") + Text("B.", "乙。") == Text("A. B.", "甲。乙。")
    assert same("") + Text("B.", "乙。") == Text("B.", "乙。")
    assert joined([same("1"), same("2")]) == Text("1, 2", "1、2")
