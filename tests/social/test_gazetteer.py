import polars as pl
import pytest

from solarnet_assets.landing import BadInputError
from solarnet_assets.social import gazetteer, gazetteer_file
from solarnet_assets.social.text import normalise
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
        ("線上會議開到一半斷線", "zh", "remote_work"),
        ("＃在家辦公＃第三天", "zh", "remote_work"),
        ("@netflix bring it back", "en", "video_streaming"),
        ("Pokémon GO on the balcony", "en", "gaming"),
    ],
)
def test_plain_terms_need_no_context(text, lang, sector):
    assert match(text, lang)[sector] == gazetteer.PLAIN


@pytest.mark.parametrize(
    ("text", "lang", "sector", "strength"),
    [
        ("zoom in on the tower", "en", "remote_work", gazetteer.BARE),
        ("the zoom froze in the middle of the call", "en", "remote_work", gazetteer.IN_CONTEXT),
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
        ("祝你一路顺丰顺水", "zh", "express_delivery"),
        ("让群众少跑腿，让数据多跑路", "zh", "express_delivery"),
        ("京东捐赠的口罩到了", "zh", "e_commerce"),
        ("一键出片，分享到朋友圈", "zh", "social_networking"),
        ("the Home Office minister resigned", "en", "remote_work"),
        ("A parcel of land by the lake", "en", "express_delivery"),
        ("USPS and the mail-in ballots", "en", "express_delivery"),
        ("Alibaba's foundation donates test kits", "en", "e_commerce"),
    ],
)
def test_refused_or_absent(text, lang, sector):
    assert sector not in match(text, lang)


@pytest.mark.parametrize(
    ("text", "sector"),
    [
        ("全面基层治理，各方面基本到位", "social_networking"),
        ("研发推进，获取关键数据", "social_networking"),
        ("高中通知：集中通风", "express_delivery"),
        ("共创美好未来", "online_education"),
        ("增加购买量，互联网一线", "e_commerce"),
        ("为了一只狼", "gaming"),
        ("马上播出舞台剧", "video_streaming"),
        ("举世瞩目的成就", "remote_work"),
    ],
)
def test_short_chinese_names_are_not_found_inside_other_words(text, sector):
    assert match(text, "zh").get(sector, 0) < gazetteer.IN_CONTEXT


def test_terms_are_counted():
    normal = pl.DataFrame({"t": ["netflix and hulu", "netflix netflix"]}).select(normalise(pl.col("t"), "en"))["t"]
    hits = gazetteer.load()["en"].match(normal).filter(sector="video_streaming")
    assert hits["terms"].to_list() == [2, 1]
    twice = [{"name": "x", "en": ["blorp"]}, {"name": "y", "en": ["blorp"], "needs": ["play"]}]
    lexicon = gazetteer.compile_lexicon({"contexts": {"play": {"en": ["zap"]}}, "sectors": {"gaming": twice}}, "en")
    assert lexicon.match(pl.Series([" blorp "]))["terms"].to_list() == [1]


def test_a_term_is_not_its_own_context():
    data = {
        "contexts": {"play": {"en": ["game", "console"]}},
        "sectors": {"gaming": [{"name": "x", "en": ["game"], "needs": ["play"]}]},
    }
    lexicon = gazetteer.compile_lexicon(data, "en")
    assert lexicon.match(pl.Series([" the game "]))["strength"].to_list() == [gazetteer.BARE]
    assert lexicon.match(pl.Series([" game console "]))["strength"].to_list() == [gazetteer.IN_CONTEXT]


def test_own_names_join_the_packaged_ones(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "contexts: {meeting: {en: [huddle]}}\nsectors: {gaming: [{name: mine, en: [blorptris], zh: [布洛方块]}]}\n",
        encoding="utf-8",
    )
    lexicons = gazetteer.load(mine)
    found = lexicons["en"].match(pl.Series([" blorptris ", " the zoom huddle ", " netflix ", " the zoom webcam "]))
    assert found.filter(pl.col("strength") > gazetteer.BARE).select("row", "sector", "strength").rows() == [
        (0, "gaming", gazetteer.PLAIN),
        (1, "remote_work", gazetteer.IN_CONTEXT),
        (2, "video_streaming", gazetteer.PLAIN),
        (3, "remote_work", gazetteer.IN_CONTEXT),
    ]
    assert lexicons["zh"].match(pl.Series(["布洛方块"]))["sector"].to_list() == ["gaming"]
    assert gazetteer.load()["en"].match(pl.Series([" blorptris "])).is_empty()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sectors: {gaming: [{name: x, en: [game], needs: [nope]}]}", "unknown context: \\['nope'\\]"),
        ("sectors: {gardening: [{name: x, en: [tulip]}]}", "unknown sector 'gardening'"),
        ("sectors: {gaming: [{name: x, en: ['']}]}", "no term, or an empty one"),
        ("sectors: {gaming: [{name: x}]}", "no term, or an empty one"),
        ("sectors: {gaming: [{en: [blorp]}]}", "has no name"),
        ("sectors: {gaming: [{name: x, fr: [jeu]}]}", "no language"),
        ("sectors: {gaming: [{name: x, en: [blorp], requires: [work]}]}", "no language"),
        ("sectors: {gaming: [{name: x, en: [Netflix]}]}", "'netflix' speaks for gaming and video_streaming"),
        ("contexts: {mine: {de: [Arbeit]}}", "no language"),
        ("sectors: [gaming]", "the parts 'contexts' and 'sectors'"),
        ("- gaming", "the parts 'contexts' and 'sectors'"),
        ("words: {}", "the parts 'contexts' and 'sectors'"),
        ("sectors: {gaming: [}", "is no YAML"),
        ("sectors: {gaming: blorp}", "a list of entries"),
        ("sectors: {gaming: [blorp]}", "a list of entries"),
        ("sectors: {gaming: [{name: x, en: blorp}]}", "a list of terms"),
        ("contexts: {meeting: [huddle]}", "by language"),
    ],
)
def test_a_gazetteer_that_cannot_be_meant_so_is_refused(tmp_path, text, reason):
    mine = tmp_path / "mine.yaml"
    mine.write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError, match=f"mine.yaml.*{reason}"):
        gazetteer.load(mine)


def test_an_absent_gazetteer_is_named(tmp_path):
    with pytest.raises(BadInputError, match="absent.yaml cannot be read"):
        gazetteer.load(tmp_path / "absent.yaml")


def test_every_sector_is_named_in_both_languages():
    for lexicon in gazetteer.load().values():
        assert {*SECTORS, "home_office", "office"} <= set(lexicon.terms["sector"])


def test_the_file_names_no_unused_context():
    data = gazetteer_file.read()
    entries = [e for listed in data["sectors"].values() for e in listed]
    used = {g for e in entries for key in ("needs", "unless") for g in e.get(key, [])}
    assert used == set(data["contexts"])


def test_alternatives_are_spelled_out():
    assert list(gazetteer_file.expand("{a,b} c {d,e}")) == ["a c d", "a c e", "b c d", "b c e"]
