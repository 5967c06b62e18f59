import polars as pl
import pytest

from solarnet_assets.social.text import fingerprint, language, normalise, traditional


def languages(texts):
    return pl.DataFrame({"t": texts}).select(t=language(pl.col("t")))["t"].to_list()


def normal(text, lang):
    return pl.DataFrame({"t": [text]}).select(normalise(pl.col("t"), lang))["t"].item()


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
    assert languages(texts) == ["en", "zh", "other", "other", "other", "other", "zh"]


def test_normal_forms():
    assert normal("I'm WFH! https://t.co/x &amp; ok", "en") == " im wfh ok "
    assert normal("//@某人:用Zoom开会，真累 ", "zh") == " 用 zoom 开会 真累 "


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("estoy en casa con los niños y no puedo más", "other"),
        ("les enfants ne sont pas dans la cour", "other"),
        ("saya tidak ada di rumah", "other"),
        ("Die Kinder sind nicht in der Schule", "other"),
        ("LA is great", "en"),
        ("The Los Angeles of Juan de la Cruz is not for you", "en"),
        ("Netflix", "en"),
        ("好看 https://t.cn/abcdefghijkl @some_english_name", "zh"),
        ("Ⅰ级响应启动，Ⅱ级响应结束", "zh"),
        ("https://t.co/abc @somebody", "other"),
        ("😀😀", "other"),
    ],
)
def test_language_of_latin_texts_goes_by_function_words(text, lang):
    assert languages([text]) == [lang]


@pytest.mark.parametrize(
    ("text", "lang", "form"),
    [
        ("#WorkFromHome all day", "en", " workfromhome all day work from home "),
        ("Pokémon café™", "en", " pokemon cafe "),
        ("ＮＢＡ on Ｎｅｔｆｌｉｘ", "en", " nba on netflix "),
        ("don&#39;t &quot;panic&quot; &nbsp; don\u2019t", "en", " dont panic dont "),
        ("net\u200bflix \ufeffand chill\ufe0f", "en", " netflix and chill "),
        ("線上會議與網課、遊戲、快遞", "zh", " 线上会议与网课 游戏 快递 "),
        ("ＺＯＯＭ会议[笑cry]", "zh", " zoom 会议 笑 cry "),
        ("看这个 O网页链接 L某某的微博视频 展开全文c", "zh", " 看这个 "),
        ("回复@小王:转发微博//@小李:在家", "zh", " 在家 "),
    ],
)
def test_normal_form_of_what_clients_and_keyboards_write(text, lang, form):
    assert normal(text, lang) == form


def test_traditional_characters_map_one_to_one():
    old, new = traditional()
    assert len(old) == len(new) == len(set(old)) > 2000
    assert not set(old) & set(new)


def test_copies_share_a_fingerprint():
    frame = pl.DataFrame(
        {"t": ["Buy 3 masks NOW https://a.b @joe", "buy 5 masks now! https://c.d/e", "buy gloves now"]}
    )
    keys = frame.select(fingerprint(pl.col("t")))["t"].to_list()
    assert keys[0] == keys[1] != keys[2]
