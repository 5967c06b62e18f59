"""How far the classifier of posts carries where names are unknown, and how well its probabilities are calibrated.

    python benchmarks/posts_checks.py [--labels FILE] [--keep 0.7] [--draws 5]

Drops a share of the names at random, draw by draw, and scores names alone, names with n-grams, and the whole on the
invented evaluation set or on anybody's labels: a stand-in for services that nobody has listed yet. Then the reliability
of probabilities: how many of those that got about p are true.
"""  # fmt: skip

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from solarnet_assets.evaluation.posts_labels import LabelledPosts, invented, read_labels
from solarnet_assets.evaluation.posts_scores import score
from solarnet_assets.social import classify as classifying
from solarnet_assets.social import gazetteer
from solarnet_assets.social.classify import LONGEST, Settings, classify
from solarnet_assets.social.gazetteer import IN_CONTEXT, Lexicon
from solarnet_assets.social.named import FIRST_PERSON, named
from solarnet_assets.social.sentences import normal_forms
from solarnet_assets.storage.schemas import SECTORS

EDGES = np.array([0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0])


def fewer(lexicons: Mapping[str, Lexicon], keep: float, seed: int) -> dict[str, Lexicon]:
    """Return lexicons of which a share of the names is left; who speaks, and context, stay."""
    found = {}
    for lang, lexicon in lexicons.items():
        names = lexicon.terms.filter(pl.col("sector") != FIRST_PERSON)["pattern"].unique().sort()
        gone = names.filter(pl.Series(np.random.default_rng(seed).random(len(names)) > keep))
        terms = lexicon.terms.filter(~pl.col("pattern").is_in(gone.implode()) | (pl.col("sector") == FIRST_PERSON))
        patterns = sorted({*terms["pattern"], *lexicon.groups["pattern"]})
        found[lang] = dataclasses.replace(lexicon, terms=terms, patterns=patterns)
    return found


def scored(posts: LabelledPosts, lang: str, lexicons: Mapping[str, Lexicon]) -> dict[str, tuple[float, float, float]]:
    """Return micro F1, macro F1 and the share of unrelated posts kept out, by contender."""
    part = posts.part(lang)
    texts, langs = posts.texts.filter(pl.Series(part)), posts.langs.filter(pl.Series(part))
    plain = normal_forms(texts.str.slice(0, LONGEST).to_list(), lang)
    said = {
        "names alone": named(pl.Series(plain), lexicons[lang])[0] >= IN_CONTEXT,
        "without the encoder": classify(texts, langs, Settings(None)).labels,
        "the whole": classify(texts, langs).labels,
    }
    seven = slice(0, len(SECTORS))
    found = {name: score(posts.truth[part][:, seven], labels[:, seven]) for name, labels in said.items()}
    return {name: (one.micro.value, one.macro.value, one.kept_out.value) for name, one in found.items()}


def reliability(posts: LabelledPosts, lang: str) -> str:
    """Return mean probability and share of true ones by bins of probability."""
    part = posts.part(lang)
    done = classify(posts.texts.filter(pl.Series(part)), posts.langs.filter(pl.Series(part)))
    p, y = done.probability[:, : len(SECTORS)].ravel(), posts.truth[part][:, : len(SECTORS)].ravel()
    where = np.clip(np.digitize(p, EDGES) - 1, 0, len(EDGES) - 2)
    cells = [f"{p[where == k].mean():.2f} is {y[where == k].mean():.2f} ({(where == k).sum()})"
             for k in range(len(EDGES) - 1) if (where == k).any()]  # fmt: skip
    return "; ".join(cells)


def main(
    labels: Annotated[Path | None, typer.Option(help="JSON lines with text and labels")] = None,
    keep: Annotated[float, typer.Option(help="share of names that are left")] = 0.7,
    draws: Annotated[int, typer.Option(help="draws of names")] = 5,
) -> None:
    """Print the figures."""
    posts, whole = read_labels(labels) if labels else invented(), gazetteer.load()
    for lang in [lang for lang in ("en", "zh") if posts.part(lang).any()]:
        for share, seeds in ((1.0, range(1)), (keep, range(draws))):
            drawn = []
            for seed in seeds:
                lexicons = fewer(whole, share, seed) if share < 1 else whole
                classifying.gazetteer.load = lambda _=None, lexicons=lexicons: lexicons
                drawn.append(scored(posts, lang, lexicons))
            for name in drawn[0]:
                micro, macro, out = np.mean([one[name] for one in drawn], axis=0)
                typer.echo(f"{lang}, {share:.0%} of names, {name}: {micro:.3f} micro, {macro:.3f} macro, {out:.3f} out")
        classifying.gazetteer.load = lambda _=None: whole
        typer.echo(f"{lang}, probability: {reliability(posts, lang)}")


if __name__ == "__main__":
    typer.run(main)
