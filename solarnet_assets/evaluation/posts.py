"""The classifier of posts beside simpler ones, on the same labelled posts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solarnet_assets.evaluation.posts_labels import LabelledPosts
from solarnet_assets.evaluation.posts_scores import Score, score
from solarnet_assets.social import encoder, gazetteer
from solarnet_assets.social.classify import LONGEST, Classified, Settings, classify
from solarnet_assets.social.features import scores
from solarnet_assets.social.held_out import calibration
from solarnet_assets.social.model import LABELS, LANGS, load, operating
from solarnet_assets.social.named import named
from solarnet_assets.social.sentences import normal_forms
from solarnet_assets.storage.schemas import SECTORS

OURS, ALONE = "this classifier", "without the encoder"
NAMES, NGRAMS, ZERO_SHOT = "plain names alone", "n-grams alone", "encoder, zero-shot"

QUESTIONS = {
    "remote_work": "working from home, remote work, video meetings with colleagues",
    "online_education": "online classes, distance learning, virtual school",
    "gaming": "playing video games, gaming",
    "video_streaming": "watching shows, films and videos on streaming services",
    "social_networking": "social media, social networks, chatting with friends on apps",
    "e_commerce": "online shopping, buying and selling on the internet",
    "express_delivery": "parcel delivery, couriers, food delivery",
}
"""What the encoder compares a text with when nothing was trained."""

ALIKE = 0.3
"""Cosine from which a text is taken for its sector; of tenths the best on the English training sentences."""


@dataclass(frozen=True)
class Contender:
    """A classifier's labels (posts, labels) and the languages that it can judge."""

    name: str
    said: NDArray[np.bool_]
    langs: tuple[str, ...] = LANGS


@dataclass(frozen=True)
class PostsReport:
    """What was found.

    Attributes:
        posts: the labelled posts.
        contenders: this classifier first.
        classified: what this classifier said, with probabilities and counts.
        calibration: of this classifier by language.
    """

    posts: LabelledPosts
    contenders: tuple[Contender, ...]
    classified: Classified
    calibration: dict[str, dict[str, float]]

    def languages(self) -> tuple[str, ...]:
        """Return the languages of the posts, and 'all' where there are several."""
        found = tuple(lang for lang in LANGS if self.posts.part(lang).any())
        return (*found, "all") if len(found) > 1 else found

    def scores(self) -> Iterator[tuple[str, Contender, Score]]:
        """Yield language, contender and score."""
        columns = [LABELS.index(label) for label in self.posts.scored if label in SECTORS]
        for lang in self.languages():
            part = self.posts.part(lang)
            for one in self.contenders:
                if set(self.languages() if lang == "all" else (lang,)) - {"all"} <= set(one.langs):
                    yield lang, one, score(self.posts.truth[part][:, columns], one.said[part][:, columns])


def fitted_encoder(weights: Path | None) -> encoder.Spec | None:
    """Return the encoder that weights were fitted on, or None."""
    card = operating(weights)["encoder"]
    if not card:
        return None
    return encoder.Spec(card["model"], card["revision"], None, tuple(card["langs"]), card["max_tokens"])


def evaluate(posts: LabelledPosts, weights: Path | None = None, use_encoder: bool = True) -> PostsReport:
    """Judge labelled posts by every contender.

    Args:
        posts: the posts.
        weights: folder of ``solarnet train posts --out``; the package's by default.
        use_encoder: let the encoder judge where it decides.

    Raises:
        BadInputError: the weights cannot be read, or their encoder is missing.
    """
    spec = fitted_encoder(weights) if use_encoder else None
    ours = classify(posts.texts, posts.langs, Settings(spec, weights))
    contenders = [Contender(OURS, ours.labels)]
    if spec is not None:
        alone = classify(posts.texts, posts.langs, Settings(None, weights))
        contenders.append(Contender(ALONE, alone.labels))
    contenders += _simple(posts, weights)
    if spec is not None and not ours.note:
        contenders.append(Contender(ZERO_SHOT, _zero_shot(posts, spec), tuple(spec.langs)))
    languages = [lang for lang in LANGS if posts.part(lang).any()]
    columns = [LABELS.index(label) for label in posts.scored]
    measured = {
        lang: calibration(ours.probability[posts.part(lang)][:, columns], posts.truth[posts.part(lang)][:, columns])
        for lang in languages
    }
    return PostsReport(posts, tuple(contenders), ours, measured)


def _texts(posts: LabelledPosts, lang: str) -> list[str]:
    return normal_forms(posts.texts.filter(posts.langs == lang).str.slice(0, LONGEST).to_list(), lang)


def _simple(posts: LabelledPosts, weights: Path | None) -> list[Contender]:
    """Return the names that need no context, and the n-gram model where it is surer than not."""
    import polars as pl

    names, ngrams = np.zeros_like(posts.truth), np.zeros_like(posts.truth)
    for lang in LANGS:
        part = posts.part(lang)
        if part.any():
            texts, linear = _texts(posts, lang), load(weights).judges[lang].linear
            names[part] = named(pl.Series(texts), gazetteer.load()[lang])[0] >= gazetteer.PLAIN
            ngrams[part] = scores(texts, lang, linear.weights, linear.bias) > 0
    return [Contender(NAMES, names), Contender(NGRAMS, ngrams)]


def _zero_shot(posts: LabelledPosts, spec: encoder.Spec) -> NDArray[np.bool_]:
    """Return sectors whose question is like the text, in the languages that the encoder reads."""
    said = np.zeros_like(posts.truth)
    asked = encoder.embed(list(QUESTIONS.values()), spec)
    for lang in spec.langs:
        part = posts.part(lang)
        if part.any():
            alike = encoder.embed(_texts(posts, lang), spec) @ asked.T >= ALIKE
            for j, sector in enumerate(QUESTIONS):
                said[part, LABELS.index(sector)] = alike[:, j]
    return said
