"""What a refresh of the warehouse tells of itself."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from solarnet_assets.landing import BadInputError
from solarnet_assets.sql.models import Check
from solarnet_assets.sql.plan import Span


@dataclass(frozen=True)
class ModelRun:
    """What was made of one model.

    Attributes:
        table: qualified name.
        spans: the days that were replaced; None: the whole table.
        rows: rows written.
        total: rows in the table afterwards.
        seconds: wall time.
    """

    table: str
    spans: tuple[Span, ...] | None
    rows: int
    total: int
    seconds: float


@dataclass(frozen=True)
class CheckRun:
    """Outcome of one check: the first failing rows, none where it passed."""

    check: Check
    failing: pl.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no row failed."""
        return self.failing.is_empty()


@dataclass(frozen=True)
class Refresh:
    """Outcome of a refresh: the models that were made, in order, and the checks that ran."""

    models: tuple[ModelRun, ...]
    checks: tuple[CheckRun, ...]
    seconds: float


class ChecksFailedError(BadInputError):
    """A blocking check failed: the refresh was thrown away, the served file is the one of before.

    Attributes:
        outcome: what was made and checked, with the failing rows.
    """

    def __init__(self, outcome: Refresh) -> None:
        failed = [run for run in outcome.checks if run.check.blocking and not run.passed]
        lines = "; ".join(f"{r.check.asset}: {r.check.description} ({r.failing.row(0, named=True)})" for r in failed)
        super().__init__(
            f"the warehouse was left as it was, since its new content fails {len(failed)} check(s): {lines}"
        )
        self.outcome = outcome
