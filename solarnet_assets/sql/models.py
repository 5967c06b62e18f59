"""Models, checks and seeds of a folder of SQL files, and the graph that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from solarnet_assets.landing import BadInputError
from solarnet_assets.storage.schemas import UNPARTITIONED

LAYERS = ("staging", "intermediate", "marts")
DIALECT = "duckdb"


@dataclass(frozen=True)
class Model:
    """One SQL file that makes a table.

    Attributes:
        layer: staging, intermediate or marts; the schema of the table.
        name: file name without the suffix; the name of the table.
        path: the file.
        sql: the whole text.
        partition: the DATE column by which a window of days is replaced; None: always made as a whole.
        lookback: a changed input day D changes rows from D - lookback on.
        lookahead: a changed input day D changes rows up to D + lookahead.
        history: rows of a day are made of lake days back to this many before it.
        unique: columns that identify a row.
        owner: who answers for it.
        description: what a row is.
        notes: column -> what it holds.
        plot: columns of series, day, value, lower and upper limit that a picture shows; empty: no picture.
        plot_where: condition on the rows of the picture.
        depends: qualified names of the tables that it reads, sorted.
    """

    layer: str
    name: str
    path: Path
    sql: str
    partition: str | None
    lookback: int
    lookahead: int
    history: int
    unique: tuple[str, ...]
    owner: str | None
    description: str
    notes: Mapping[str, str]
    plot: tuple[str, ...]
    plot_where: str
    depends: tuple[str, ...]

    @property
    def table(self) -> str:
        """Qualified name, ``marts.recovery_daily``."""
        return f"{self.layer}.{self.name}"


@dataclass(frozen=True)
class Check:
    """A SELECT of rows that fail.

    Attributes:
        name: name of the check.
        asset: qualified name of the model that is judged.
        sql: the SELECT; each row that it returns is a failure.
        description: what must hold.
        severity: ``error`` or ``warn``.
        blocking: a refresh that fails it is not served.
        partition: column of the failing rows that says which day failed; None: the table as a whole.
        depends: qualified names of the tables that it reads.
    """

    name: str
    asset: str
    sql: str
    description: str
    severity: str
    blocking: bool
    partition: str | None
    depends: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A folder of SQL files: models in an order in which every input comes first, checks, seeds by name."""

    folder: Path
    models: tuple[Model, ...]
    checks: tuple[Check, ...]
    seeds: Mapping[str, Path]

    @property
    def tables(self) -> tuple[str, ...]:
        """Qualified names of all models, in order."""
        return tuple(model.table for model in self.models)

    def model(self, table: str) -> Model:
        """Return a model by its qualified name.

        Raises:
            BadInputError: there is no such model.
        """
        for model in self.models:
            if model.table == table:
                return model
        raise BadInputError(f"there is no SQL model '{table}' in {self.folder}")

    def ancestors(self, tables: Iterable[str]) -> set[str]:
        """Return the given models and every model that they read, directly or not."""
        by_table = {model.table: model for model in self.models}
        found: set[str] = set()
        waiting = list(tables)
        while waiting:
            table = waiting.pop()
            if table in by_table and table not in found:
                found.add(table)
                waiting += by_table[table].depends
        return found

    def lake_assets(self, tables: Iterable[str]) -> list[str]:
        """Return the lake assets that these models read, sorted."""
        wanted = set(tables)
        reads = {name for model in self.models if model.table in wanted for name in model.depends}
        return sorted(name.removeprefix("lake.") for name in reads if name.startswith("lake."))


def is_daily_input(table: str) -> bool:
    """Tell whether a table is a lake asset that has one partition per day."""
    asset = table.removeprefix("lake.")
    return asset != table and asset not in UNPARTITIONED
