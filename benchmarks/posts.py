"""Posts a second from a day's table to its labels, beside loops by transformers and by sentence-transformers.

Run: ``python benchmarks/posts.py [--posts 20000] [--files FOLDER] [--sample 150]``. The mix is that of a simulated day
(mostly unrelated, bots included) or, with ``--files``, of ``tweets_corona.csv`` and ``weibo_ncov.csv`` in that folder;
a fifth of it is copied. The others judge a sample of it, one text at a time or in batches, by MiniLM's embeddings and a
logistic model fitted on the same sentences as ours. F1 of all is that of the invented evaluation set; theirs is taken
from the same embeddings computed in batches, since one at a time they would take minutes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from solarnet_assets.evaluation.posts_labels import invented
from solarnet_assets.evaluation.posts_scores import score
from solarnet_assets.social import encoder, gazetteer
from solarnet_assets.social.classify import Settings, classify
from solarnet_assets.social.features import ngrams
from solarnet_assets.social.labels import label_posts
from solarnet_assets.social.sentences import normal_forms, read_sentences
from solarnet_assets.social.text import language
from solarnet_assets.storage.schemas import SECTORS
from solarnet_assets.world.posts import write_posts
from solarnet_assets.world.scenario import load_scenario

DAY = date(2020, 2, 20)
COPIED = 0.2


def simulated(count: int) -> list[str]:
    """Return texts of simulated days."""
    scenario, texts, day = load_scenario("published"), [], DAY
    while len(texts) < count:
        with tempfile.TemporaryDirectory() as folder:
            write_posts(scenario, day, Path(folder))
            lines = gzip.decompress((Path(folder) / "posts.jsonl.gz").read_bytes()).decode("utf-8").splitlines()
        for line in lines[:-1]:
            item = json.loads(line)
            texts.append(item.get("rawContent") or item.get("content") or item.get("text") or "")
        day += timedelta(days=1)
    return [text for text in texts if text][:count]


def real(folder: Path, count: int) -> list[str]:
    """Return texts of the two files, evenly mixed."""
    found = [
        pl.read_csv(folder / name, infer_schema=False)["text"].drop_nulls().to_list()
        for name in ("tweets_corona.csv", "weibo_ncov.csv")
    ]
    both = [text for pair in zip(*found, strict=False) for text in pair]
    return both[:count]


def day_of(texts: Sequence[str]) -> pl.DataFrame:
    """Return a table of posts, a fifth of them copies that other users wrote."""
    rng = np.random.default_rng(3)
    fresh = list(texts[: int(len(texts) * (1 - COPIED))])
    mixed = fresh + [fresh[i] for i in rng.integers(0, len(fresh), len(texts) - len(fresh))]
    order = rng.permutation(len(mixed))
    frame = pl.DataFrame({"text": [mixed[i] for i in order]}).with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt64).alias("post"),
        (pl.int_range(pl.len(), dtype=pl.UInt64) // 2).alias("user"),
        pl.lit(datetime(2020, 2, 20, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")).alias("time"),
        language(pl.col("text")).alias("lang"),
        pl.lit(False).alias("repost"),
        pl.lit("twitter").alias("network"),
    )
    return frame.select("post", "user", "time", "text", "lang", "repost", "network")


class Probe:
    """A logistic model a sector on MiniLM's embeddings of texts as they were posted, for whoever computes them."""

    def __init__(self) -> None:
        read = [read_sentences("training", lang)[:2] for lang in ("en", "zh")]
        features = self.embed([text for texts, _ in read for text in texts])
        truth = np.concatenate([labels for _, labels in read])[:, : len(SECTORS)]
        self.models = [LogisticRegression(C=10.0, max_iter=2000).fit(features, y) for y in truth.T]

    @staticmethod
    def embed(texts: list[str]) -> NDArray[np.float32]:
        """Return embeddings in float32, as the two libraries compute them."""
        return encoder.embed(texts, encoder.Spec(dtype="float32", max_tokens=256))

    def judge(self, features: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which of the seven sectors texts of these embeddings are about."""
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        return np.stack([model.predict(unit) for model in self.models], axis=1).astype(bool)


def pipeline_loop() -> Callable[[list[str]], NDArray[Any]]:
    """Return what encodes one text at a time by ``pipeline('feature-extraction')``."""
    from transformers import pipeline

    path = str(encoder.folder(encoder.Spec()))
    extract = pipeline("feature-extraction", model=path, tokenizer=path)
    return lambda texts: np.stack([np.array(extract(text, truncation=True)[0]).mean(axis=0) for text in texts])


def sentence_transformers() -> Callable[[list[str]], NDArray[Any]]:
    """Return sentence-transformers' own batched, sorted encoding."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder.folder(encoder.Spec())))
    return lambda texts: np.asarray(model.encode(texts))


def f1_of(judge: Callable[[pl.Series, pl.Series], NDArray[np.bool_]]) -> str:
    """Return macro F1 and the share kept out, on the evaluation set, by language."""
    posts = invented()
    said = judge(posts.texts, posts.langs)
    cells = []
    for lang in ("en", "zh", "all"):
        part = posts.part(lang)
        found = score(posts.truth[part][:, : len(SECTORS)], said[part][:, : len(SECTORS)])
        cells.append(f"{lang} {found.macro.value:.3f} ({found.kept_out.value:.3f})")
    return "  ".join(cells)


class watch:  # noqa: N801
    """What seconds are counted with."""

    count = staticmethod(time.perf_counter)


def clock(work: Callable[[], Any]) -> float:
    """Return seconds."""
    begun = watch.count()
    work()
    return watch.count() - begun


def limits(frame: pl.DataFrame, encoded: int) -> float:
    """Print and return seconds of the bare work: terms searched, n-grams hashed, undecided texts encoded."""
    searched = hashed = embedded = 0.0
    for lang in ("en", "zh"):
        texts = pl.Series(normal_forms(frame.filter(pl.col("lang") == lang)["text"].unique().to_list(), lang))
        terms = pl.lit(pl.Series(gazetteer.load()[lang].patterns).implode())
        bare = texts.to_frame("t")
        searched += clock(lambda bare=bare, terms=terms: bare.select(pl.col("t").str.extract_many(terms)))
        listed = texts.to_list()
        hashed += clock(lambda listed=listed, lang=lang: ngrams(listed, lang))
        if lang == "en" and encoded:
            embedded = clock(lambda listed=listed: encoder.embed(listed[: min(encoded, 500)])) * encoded
            embedded /= min(encoded, 500, len(listed))
    print(f"bare work: search {searched:.2f} s, hashes {hashed:.2f} s, encoder {embedded:.2f} s for {encoded} texts")
    return searched + hashed + embedded


def ours(frame: pl.DataFrame, repeats: int) -> float:
    """Measure label_posts; return posts a second."""
    begun = clock(lambda: label_posts(frame.head(50)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = sorted(clock(lambda: label_posts(frame)) for _ in range(repeats))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    done = label_posts(frame)
    middle = seconds[len(seconds) // 2]
    counts = ", ".join(f"{n} {name}" for name, n in done.counts.items())
    print(f"counts: {counts}")
    print(f"first call, models read: {begun:.1f} s; peak memory {peak:.0f} MiB, {before:.0f} before the day")
    bare = limits(frame.filter(done.frame["kept"]), done.counts["encoded"])
    alone = clock(lambda: label_posts(frame, Settings(None)))
    print(f"without the encoder: {len(frame) / alone:,.0f} posts/s")
    print(f"this classifier, cleaning included: {len(frame) / middle:,.0f} posts/s ({len(frame) / seconds[-1]:,.0f} to"
          f" {len(frame) / seconds[0]:,.0f}), {bare / middle:.2f} of the bare work's rate")  # fmt: skip
    return len(frame) / middle


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--files", type=Path, help="folder with tweets_corona.csv and weibo_ncov.csv")
    parser.add_argument("--sample", type=int, default=150, help="posts that the others judge")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--busy", action="store_true", help="count CPU seconds: for a machine that others use")
    asked = parser.parse_args()
    if asked.busy:
        watch.count = time.process_time
    texts = real(asked.files, asked.posts) if asked.files else simulated(asked.posts)
    frame = day_of(texts)
    cores, busy = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    chinese = (frame["lang"] == "zh").mean()
    print(f"{len(frame)} posts, {chinese:.0%} Chinese, {cores} cores, load before {busy:.1f}")
    rate = ours(frame, asked.repeats)
    for name, settings in (("the whole", Settings()), ("without the encoder", Settings(None))):
        found = f1_of(lambda t, lang, settings=settings: classify(t, lang, settings).labels)
        print(f"  {name}, macro F1 (unrelated kept out): {found}", flush=True)
    sample, probe = frame["text"].head(asked.sample).to_list(), Probe()
    for name, make in (("pipeline() loop", pipeline_loop), ("sentence-transformers", sentence_transformers)):
        embed = make()
        probe.judge(embed(sample[:5]))
        found = 0.0
        for threads in {1, cores}:  # the faster counts: beside other work one thread often is
            torch.set_num_threads(threads)
            found = max(found, len(sample) / clock(lambda embed=embed: probe.judge(embed(sample))))
        print(f"{name}: {found:,.1f} posts/s; this classifier makes {rate / found:,.0f} times as many", flush=True)
    print(f"  macro F1 (unrelated kept out): {f1_of(lambda t, _: probe.judge(probe.embed(t.to_list())))}", flush=True)


if __name__ == "__main__":
    main()
