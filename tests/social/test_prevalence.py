import math
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from solarnet_assets.social.model import LABELS
from solarnet_assets.social.prevalence import error_rates, sector_shares
from solarnet_assets.storage.schemas import SCHEMAS

SQL = Path(__file__).parents[2] / "dbt_like_sql"
BASE = date(2020, 1, 1)


def perfect(n=100_000):
    counts = {"tp": n, "fn": 0, "fp": 0, "negatives": n, "cross_fp": 0, "cross": n, "trap_fp": 0, "traps": n}
    return {lang: {label: dict(counts) for label in LABELS} for lang in ("en", "zh")}


def labels_frame(rows):
    """Return a ``post_labels`` table from (user, lang, sectors, kept)."""
    full = [(i, u, lang, kept, None if kept else "copy", s, False, False) for i, (u, lang, s, kept) in enumerate(rows)]
    kinds = [pl.UInt64, pl.UInt64, pl.String, pl.Boolean, pl.String, pl.List(pl.String), pl.Boolean, pl.Boolean]
    names = ["post", "user", "lang", "kept", "dropped", "sectors", "home_office", "office"]
    return pl.DataFrame(full, schema=dict(zip(names, kinds, strict=True)), orient="row")


def row(frame, sector, lang):
    return frame.row(by_predicate=(pl.col("sector") == sector) & (pl.col("lang") == lang), named=True)


def test_one_vote_per_user_and_shares_of_active_users():
    rows = [(u, "en", ["gaming"] if u < 10 else [], True) for u in range(100)]
    rows += [(0, "en", ["gaming"], True)] * 5 + [(500, "en", ["gaming"], False)]
    rows += [(900 + u, "zh", ["gaming"] if u < 60 else [], True) for u in range(300)]
    frame = sector_shares(labels_frame(rows), perfect())
    SCHEMAS["sector_shares"].validate(frame)
    en, zh, both = (row(frame, "gaming", lang) for lang in ("en", "zh", "all"))
    assert (en["users"], en["users_with"]) == (100, 10)
    assert en["share"] == pytest.approx(0.10, abs=2e-3)
    assert zh["share"] == pytest.approx(0.20, abs=2e-3)
    assert both["share"] == pytest.approx(70 / 400, abs=2e-3)
    assert (both["users"], both["users_with"]) == (400, 70)
    assert en["sampling_sd"] == pytest.approx(math.sqrt(0.1 * 0.9 / 100), rel=0.1)
    assert row(frame, "e_commerce", "en")["share"] == 0.0


def test_the_known_error_is_corrected():
    known = perfect()
    known["en"]["gaming"] |= {"tp": 60_000, "fn": 40_000, "fp": 1_000}
    truth, users = 0.05, 20_000
    found = round(users * (truth * 0.6 + (1 - truth) * 0.01))
    rows = [(u, "en", ["gaming"] if u < found else [], True) for u in range(users)]
    assert row(sector_shares(labels_frame(rows), known), "gaming", "en")["share"] == pytest.approx(truth, rel=0.02)


def test_posts_of_other_sectors_are_mistaken_more_often():
    known = perfect()
    known["en"]["gaming"] |= {"cross_fp": 10_000}
    few = [(u, "en", ["gaming"] if u < 100 else [], True) for u in range(1000)]
    many = [(u, "en", ["gaming"] if u < 100 else ["e_commerce"], True) for u in range(1000)]
    shares = [row(sector_shares(labels_frame(r), known), "gaming", "en")["share"] for r in (few, many)]
    assert shares[0] == pytest.approx(0.1, abs=0.003)
    assert shares[1] == pytest.approx(0.1 - 0.09, abs=0.02)


def test_rates_of_few_posts_lean_on_the_others():
    known = perfect(100)["en"]
    known["gaming"] |= {"fp": 2}
    rates = error_rates(known)
    assert 0 < rates["office"].false_rate < rates["gaming"].false_rate < 0.02
    assert rates["gaming"].false_rate_sd > 0


def test_an_empty_day_has_no_rows():
    frame = sector_shares(labels_frame([]))
    SCHEMAS["sector_shares"].validate(frame)
    assert frame.is_empty()


def shares_frame(days, sector="gaming", users=2000, lang="all"):
    """Return a ``sector_shares`` table with a ``day`` from (day, share)."""
    rows = [
        (day, sector, lang, users, round(users * share), share, 0.0, math.sqrt((share + 0.5 / users) / users), 0.0005)
        for day, share in days
    ]
    names = ["day", "sector", "lang", "users", "users_with", "share", "share_sd", "sampling_sd", "false_sd"]
    return pl.DataFrame(rows, schema=names, orient="row")


def build(shares):
    """Return the rows of the models that follow from a ``sector_shares`` table."""
    con = duckdb.connect()
    for schema in ("lake", "seeds", "staging", "intermediate", "marts"):
        con.execute(f"create schema {schema}")
    con.register("shares_frame", shares)
    con.execute("create table lake.sector_shares as select * from shares_frame")
    seeds = SQL / "seeds" / "sector_settings.csv"
    con.execute(f"create table seeds.sector_settings as select * from read_csv('{seeds}', header = true)")  # noqa: S608
    models = ["staging.stg_sector_shares", "intermediate.int_sector_base", "intermediate.int_sector_window",
              "marts.sector_growth"]  # fmt: skip
    for model in models:
        schema, name = model.split(".")
        con.execute(f"create table {model} as {(SQL / schema / f'{name}.sql').read_text()}")
    return {model.split(".")[1]: con.sql(f"select * from {model} order by all").pl() for model in models}  # noqa: S608


def history(later, base=0.05):
    days = [(BASE - timedelta(days=i), base) for i in range(35)]
    return days + [(BASE + timedelta(days=i + 1), share) for i, share in enumerate(later)]


def test_growth_is_against_the_week_up_to_the_base_day():
    growth = build(shares_frame(history([0.10, 0.05, 0.025])))["sector_growth"]
    after = growth.filter(pl.col("day") > BASE).sort("day")
    assert after["growth_pct"].to_list() == pytest.approx([100.0, 0.0, -50.0])
    assert after["growth_pct_4w"].to_list() == pytest.approx([100.0, 0.0, -50.0])
    assert (after["lower"] < after["growth_pct"]).all()
    assert (after["growth_pct"] < after["upper"]).all()


def test_intervals_hold_the_truth_nine_times_in_ten():
    rng = np.random.default_rng(5)
    users, held = 2000, []
    for _ in range(25):
        days = [(d, rng.binomial(users, share) / users) for d, share in history([0.1] * 10)]
        growth = build(shares_frame(days, users=users))["sector_growth"].filter(pl.col("day") > BASE)
        held += ((growth["lower"] <= 100.0) & (growth["upper"] >= 100.0)).to_list()
    assert 0.85 <= np.mean(held) <= 0.98


def test_too_few_people_give_no_figure():
    models = build(shares_frame(history([0.01], base=0.0005), users=1000))
    assert models["sector_growth"]["growth_pct"].null_count() == models["sector_growth"].height
    assert models["int_sector_window"]["growth_pct"].null_count() == models["int_sector_window"].height
    small = build(shares_frame(history([0.05]), users=50))["sector_growth"]
    assert small["lower"].null_count() == small.height


def test_a_day_without_a_post_is_minus_hundred_with_an_upper_limit():
    last = build(shares_frame(history([0.0])))["sector_growth"].sort("day").row(-1, named=True)
    assert last["growth_pct"] == -100.0
    assert last["lower"] == -100.0
    assert -100.0 < last["upper"] < 0.0


def test_a_window_is_the_mean_of_seven_days():
    window = build(shares_frame(history([0.05] * 6 + [0.10] * 7)))["int_sector_window"].sort("day")
    assert window["growth_pct"][-1] == pytest.approx(100.0)
    assert window["growth_pct"][-4] == pytest.approx(100 * 4 / 7)
    width = window.select(pl.col("upper") - pl.col("lower")).to_series()[-1]
    daily = build(shares_frame(history([0.05] * 6 + [0.10] * 7)))["sector_growth"].sort("day").row(-1, named=True)
    assert width < daily["upper"] - daily["lower"]


def test_days_that_differ_more_than_chance_widen_the_interval():
    calm = history([0.1])
    rough = [(d, s * (1.5 if i % 2 else 0.5) if d < BASE else s) for i, (d, s) in enumerate(calm)]
    widths = []
    for days in (calm, rough):
        last = build(shares_frame(days))["sector_growth"].sort("day").row(-1, named=True)
        widths.append((last["upper"] - last["lower"]) / (last["growth_pct"] + 100))
    assert widths[1] > 2 * widths[0]
