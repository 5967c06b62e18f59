"""One day of posts -> the ``post_labels`` table: cleaning and classification together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from solarnet_assets.social.classify import Settings, classify
from solarnet_assets.social.clean import Cleaning, clean, drop_counts, own_words
from solarnet_assets.social.model import LABELS
from solarnet_assets.storage.schemas import SECTORS

COLUMNS = ("post", "user", "lang", "network", "kept", "dropped", "sectors", "home_office", "office")


@dataclass(frozen=True)
class Labelled:
    """A day's labels and how they came about.

    Attributes:
        frame: the ``post_labels`` table, one row per post, in the order of the posts.
        counts: posts, kept, dropped per reason, texts judged, decided by gazetteer, undecided, encoded.
        note: why the encoder was left out, or empty.
    """

    frame: pl.DataFrame
    counts: dict[str, int]
    note: str


def label_posts(posts: pl.DataFrame, settings: Settings | None = None, limits: Cleaning | None = None) -> Labelled:
    """Return the labels of one day of posts (lake schema ``posts``).

    Posts that do not count are listed with the reason and without labels; of those that quote another post,
    only what stands before the quote is judged.
    """
    cleaned = clean(posts, limits).with_row_index("_i")
    kept = cleaned.filter("kept")
    judged = classify(kept.select(own_words(pl.col("text")))["text"], kept["lang"], settings)
    found = np.zeros((len(cleaned), len(LABELS)), dtype=bool)
    found[kept["_i"].to_numpy()] = judged.labels
    names = [pl.when(pl.Series(found[:, j])).then(pl.lit(sector)) for j, sector in enumerate(SECTORS)]
    frame = cleaned.with_columns(
        sectors=pl.concat_list(names).list.drop_nulls(),
        home_office=pl.Series(found[:, LABELS.index("home_office")]),
        office=pl.Series(found[:, LABELS.index("office")]),
    ).select(COLUMNS)
    dropped = {f"dropped: {reason}": n for reason, n in drop_counts(cleaned).items()}
    counts = {"posts": len(cleaned), "kept": len(kept), **dropped, **judged.counts}
    return Labelled(frame, counts, judged.note)
