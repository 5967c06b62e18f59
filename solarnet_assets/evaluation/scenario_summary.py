"""Scores of many drawn countries as shares with standard errors: a country is one course, its days hang together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import polars as pl

from solarnet_assets.evaluation.scenario_scores import Scores
from solarnet_assets.landing import BadInputError

COURSE = ("shape", "seed")


def keep(scores: Scores, shape: str, seed: int, told: dict[str, object], file: Path) -> None:
    """Keep a country's scores as JSON, with ``told`` (how it was made) beside them."""
    tables = {field.name: getattr(scores, field.name).to_dicts() for field in fields(Scores)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"shape": shape, "seed": seed, **told, **tables}, indent=1) + "\n", encoding="utf-8")


def load(files: Sequence[Path]) -> Scores:
    """Read the scores of many countries, each row with its shape and seed.

    Raises:
        BadInputError: a file is not one that :func:`keep` wrote; names it.
    """
    parts: dict[str, list[pl.DataFrame]] = {field.name: [] for field in fields(Scores)}
    for file in files:
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            for name, frames in parts.items():
                course = {"shape": told["shape"], "seed": told["seed"]}
                frames.append(pl.DataFrame([course | row for row in told[name]], infer_schema_length=None))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInputError(f"{file} holds no scores of a scenario: {error}") from error
    return Scores(**{name: pl.concat(frames, how="vertical_relaxed") for name, frames in parts.items()})


def shares(rows: pl.DataFrame, by: Sequence[str], held: str = "held", of: str = "n") -> pl.DataFrame:
    """Return pooled shares and their standard error between countries.

    The ratio of sums with countries as clusters: ``sqrt(m / (m - 1) * sum((held - p n)^2)) / sum(n)`` (Cochran 1977,
    Sampling Techniques, section 2.11, without the finite population).

    Args:
        rows: sums, with :data:`COURSE`.
        by: columns to pool within; none: all rows.
        held: what is counted.
        of: out of how many.

    Returns:
        ``by``, ``courses``, ``n``, ``share`` and ``error``; null error for a single course.
    """
    courses = (
        rows.group_by(*dict.fromkeys([*by, *COURSE]))
        .agg(h=pl.col(held).sum(), n=pl.col(of).sum())
        .filter(pl.col("n") > 0)
    )
    pooled = courses.with_columns(all=pl.lit(True)).group_by("all", *by)
    found = pooled.agg(
        courses=pl.len(),
        n=pl.col("n").sum(),
        share=pl.col("h").sum() / pl.col("n").sum(),
        square=((pl.col("h") - pl.col("n") * pl.col("h").sum() / pl.col("n").sum()) ** 2).sum(),
    )
    m = pl.col("courses")
    error = pl.when(m > 1).then((m / (m - 1) * pl.col("square")).sqrt() / pl.col("n"))
    shown = found.select(*by, "courses", "n", "share", error=error)
    return shown.sort(by) if by else shown
