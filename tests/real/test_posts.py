"""Real posts through the readers and the classifier. Nothing is trained on them; docs/posts.md says what was learnt."""

import json
import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from solarnet_assets.landing import RawFile
from solarnet_assets.social.classify import classify
from solarnet_assets.social.labels import label_posts
from solarnet_assets.social.model import LABELS
from solarnet_assets.social.prevalence import sector_shares
from solarnet_assets.social.readers import read_posts
from solarnet_assets.storage.schemas import SCHEMAS, SECTORS

REAL = Path(os.environ.get("SOLARNET_REAL", Path(__file__).parents[3] / "shared" / "real")) / "posts"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="no real data here")]

SCHEMAS_FILE = "snscrape_schemas_0.7.0.jsonl"
EXPORT = "snscrape_export_2020.jsonl"


def land(name, day, whole=False):
    landing = read_posts([RawFile(REAL / name, name, whole=whole)], day, {"hash_key": b"test"})
    assert landing.n_in == landing.frame.height + landing.rejects.height
    SCHEMAS["posts"].validate(landing.frame)
    return landing


def lines(name):
    return [line for line in (REAL / name).read_text(encoding="utf-8").split("\n") if line.strip()]


def test_every_snscrape_schema_is_read():
    landing = land(SCHEMAS_FILE, date(2020, 2, 10))
    assert landing.n_in == len(lines(SCHEMAS_FILE)) == 13
    networks = {"twitter", "mastodon", "telegram", "weibo", "reddit", "vk"}
    assert set(landing.frame["network"]) == networks
    # Of the six Weibo items one is accepted: all share one id, and two are of other days.
    reasons = landing.rejects["reason"].to_list()
    assert sum("repeats the id" in r for r in reasons) == 3
    assert sum("not of 2020-02-10" in r for r in reasons) == 2


def test_the_old_export_is_read_whole():
    landing = land(EXPORT, date(2020, 7, 1))  # 23:54 UTC on 30 June is 1 July in Shanghai
    assert landing.n_in == landing.frame.height == len(lines(EXPORT)) == 100
    assert landing.rejects.is_empty()


def table(lang):
    """Return F1 (micro, macro) and the share of unrelated posts kept out, on the hand labels."""
    rows = [json.loads(line) for line in lines(f"hand_labels_{lang}.jsonl")]
    found = classify(pl.Series([r["text"] for r in rows]), pl.Series([lang] * len(rows))).labels
    said = [{s for s, yes in zip(LABELS, row, strict=True) if yes and s in SECTORS} for row in found]
    gold = [set(r["labels"]) for r in rows]
    pairs = list(zip(gold, said, strict=True))
    counts = [(sum(s in g and s in p for g, p in pairs), sum((s in g) != (s in p) for g, p in pairs)) for s in SECTORS
              if any(s in g for g in gold)]  # fmt: skip
    f1 = [2 * tp / (2 * tp + wrong) for tp, wrong in counts]
    tp, wrong = (sum(c[k] for c in counts) for k in (0, 1))
    unrelated = [p for g, p in pairs if not g]
    return 2 * tp / (2 * tp + wrong), sum(f1) / len(f1), sum(not p for p in unrelated) / len(unrelated)


@pytest.mark.parametrize(("lang", "micro", "macro"), [("en", 0.883, 0.857), ("zh", 0.756, 0.698)])
def test_hand_labels_beat_a_lexicon_and_unrelated_posts_stay_out(lang, micro, macro, record_property):
    got = table(lang)
    for name, value in zip(("micro_f1", "macro_f1", "unrelated_kept_out"), got, strict=True):
        record_property(f"{lang}_{name}", round(value, 3))
    assert got[0] >= micro
    assert got[1] >= macro
    assert got[2] >= 0.90


@pytest.mark.parametrize(
    ("name", "lang", "days"),
    [
        ("weibo_ncov.csv", "zh", [date(2020, 1, 23), date(2020, 2, 6), date(2020, 2, 17)]),
        ("tweets_corona.csv", "en", [date(2020, 3, 12), date(2020, 3, 13), date(2020, 3, 14)]),
    ],
)
def test_daily_shares_of_real_posts(name, lang, days):
    for day in days:
        landing = land(name, day, whole=True)
        assert landing.frame.height > 100
        labelled = label_posts(landing.frame)
        SCHEMAS["post_labels"].validate(labelled.frame)
        shares = sector_shares(labelled.frame)
        SCHEMAS["sector_shares"].validate(shares)
        mine = shares.filter(lang=lang)
        assert mine["sector"].n_unique() == len(LABELS)
        assert mine["share"].max() < 0.5
        assert (mine["share_sd"] > 0).all()


def test_every_record_of_a_whole_file_belongs_to_one_day():
    rows = pl.read_csv(REAL / "weibo_ncov.csv", infer_schema=False)
    first = rows["created_at"].str.slice(0, 10).str.to_date(strict=False)
    days = first.drop_nulls().unique().sort()
    assert first.null_count() == 0
    total = sum(land("weibo_ncov.csv", day, whole=True).n_in for day in days)
    assert total == rows.height
