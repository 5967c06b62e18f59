"""Names and phrases of texts as evidence, one row a text and one column a label."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from solarnet_assets.social.gazetteer import IN_CONTEXT, Lexicon
from solarnet_assets.social.model import LABELS

FIRST_PERSON = "first_person"
"""Entry of the gazetteer that tells who writes rather than of what."""

_REMOTE, _HOME, _OFFICE = (LABELS.index(label) for label in ("remote_work", "home_office", "office"))


def named(texts: pl.Series, lexicon: Lexicon) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
    """Return what the gazetteer finds in texts in normal form.

    Remote work told in the first person, and not from an office, names a home office.

    Returns:
        strength: (texts, labels), 0 where nothing was named, else 1 to 3 (see the gazetteer).
        terms: (texts, labels), distinct terms that speak for the label.
    """
    columns = [*LABELS, FIRST_PERSON]
    strength = np.zeros((len(texts), len(columns)), dtype=np.int8)
    terms = np.zeros(strength.shape, dtype=np.int16)
    hits = lexicon.match(texts)
    column = hits["sector"].replace_strict(columns, list(range(len(columns))), return_dtype=pl.Int64).to_numpy()
    row = hits["row"].to_numpy()
    strength[row, column], terms[row, column] = hits["strength"].to_numpy(), hits["terms"].to_numpy()
    speaks, strength, terms = strength[:, -1] > 0, strength[:, :-1], terms[:, :-1]
    told = speaks & (strength[:, _REMOTE] >= IN_CONTEXT) & (strength[:, _OFFICE] < IN_CONTEXT)
    strength[told, _HOME] = np.maximum(strength[told, _HOME], IN_CONTEXT)
    terms[told, _HOME] = np.maximum(terms[told, _HOME], 1)
    return strength, terms
