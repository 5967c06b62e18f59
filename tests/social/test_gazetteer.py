import polars as pl
import pytest
import yaml

from solarnet_assets.social import gazetteer
from solarnet_assets.social.text import fingerprint, language, normalise
from solarnet_assets.storage.schemas import SECTORS


def match(text, lang):
    normal = pl.DataFrame({"t": [text]}).select(normalise(pl.col("t"), lang))["t"]
    hits = gazetteer.load()[lang].match(normal)
    return {s: n for s, n in hits.select("sector", "strength").iter_rows() if s != "first_person"}


@pytest.mark.parametrize(
    ("text", "lang", "sector"),
    [
        ("Six ZOOM calls today!", "en", "remote_work"),
        ("#WorkFromHome forever", "en", "remote_work"),
        ("I can't believe I'm WFH", "en", "remote_work"),
        ("Khan Academy to the rescue", "en", "online_education"),
        ("腾讯会议又卡了", "zh", "remote_work"),
        ("b站看番", "zh", "video_streaming"),
        ("DNF 开服", "zh", "gaming"),
        ("快递到了", "zh", "express_delivery"),
    ],
)
def test_plain_terms_need_no_context(text, lang, sector):
    assert match(text, lang)[sector] == gazetteer.PLAIN


@pytest.mark.parametrize(
    ("text", "lang", "sector", "strength"),
    [
        ("zoom in on the tower", "en", "remote_work", gazetteer.BARE),
        ("my zoom froze in the middle of the call", "en", "remote_work", gazetteer.IN_CONTEXT),
        ("the delivery of food takes hours", "en", "express_delivery", gazetteer.IN_CONTEXT),
        ("今晚一起吃鸡，差一个队友", "zh", "gaming", gazetteer.IN_CONTEXT),
    ],
)
def test_ambiguous_terms_need_their_context(text, lang, sector, strength):
    assert match(text, lang)[sector] == strength


@pytest.mark.parametrize(
    ("text", "lang", "sector"),
    [
        ("the Amazon rainforest burns", "en", "e_commerce"),
        ("a wfhx is not a word", "en", "remote_work"),
        ("对天猫精灵说新年好", "zh", "e_commerce"),
        ("今天吃鸡肉，然后玩牌", "zh", "gaming"),
        ("领导在微信群里说公司明天复工", "zh", "social_networking"),
    ],
)
def test_refused_or_absent(text, lang, sector):
    assert sector not in match(text, lang)


def test_a_term_is_not_its_own_context():
    data = {
        "contexts": {"play": {"en": ["game", "console"]}},
        "sectors": {"gaming": [{"name": "x", "en": ["game"], "needs": ["play"]}]},
    }
    lexicon = gazetteer.compile_lexicon(data, "en")
    assert lexicon.match(pl.Series([" the game "]))["strength"].to_list() == [gazetteer.BARE]
    assert lexicon.match(pl.Series([" game console "]))["strength"].to_list() == [gazetteer.IN_CONTEXT]


def test_unknown_context_is_refused():
    data = {"contexts": {}, "sectors": {"gaming": [{"name": "x", "en": ["game"], "needs": ["nope"]}]}}
    with pytest.raises(ValueError, match="nope"):
        gazetteer.compile_lexicon(data, "en")


def test_every_sector_is_named_in_both_languages():
    for lexicon in gazetteer.load().values():
        assert {*SECTORS, "home_office", "office"} <= set(lexicon.terms["sector"])


def test_the_file_names_no_unused_context():
    text = (gazetteer.files("solarnet_assets.social") / "gazetteer.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    entries = [e for listed in data["sectors"].values() for e in listed]
    used = {g for e in entries for key in ("needs", "unless") for g in e.get(key, [])}
    assert used == set(data["contexts"])


def test_alternatives_are_spelled_out():
    assert list(gazetteer.expand("{a,b} c {d,e}")) == ["a c d", "a c e", "b c d", "b c e"]


def test_language_goes_by_script():
    texts = [
        "hello there",
        "今天用Zoom开会",
        "今日はテストです、日本語",
        "Привет мир",
        "123 !!",
        "안녕하세요",
        "Netflix 真好看啊",
    ]
    frame = pl.DataFrame({"t": texts}).select(t=language(pl.col("t")))
    assert frame["t"].to_list() == ["en", "zh", "other", "other", "other", "other", "zh"]


def test_normal_forms():
    frame = pl.DataFrame({"t": ["I'm WFH! https://t.co/x &amp; ok", "//@某人:用Zoom开会，真累 "]})
    assert frame.select(normalise(pl.col("t"), "en"))["t"][0] == " im wfh ok "
    assert frame.select(normalise(pl.col("t"), "zh"))["t"][1] == " 用 zoom 开会 真累 "


def test_copies_share_a_fingerprint():
    frame = pl.DataFrame(
        {"t": ["Buy 3 masks NOW https://a.b @joe", "buy 5 masks now! https://c.d/e", "buy gloves now"]}
    )
    keys = frame.select(fingerprint(pl.col("t")))["t"].to_list()
    assert keys[0] == keys[1] != keys[2]
