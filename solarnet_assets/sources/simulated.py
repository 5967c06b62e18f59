"""The simulated country as a source: it writes the raw files of a day when they are first asked for."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solarnet_assets.landing import RawFile
from solarnet_assets.sources.files import FileSource
from solarnet_assets.world.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from solarnet_assets.config import Config


class SimulatedSource:
    """Raw files of one kind below ``<home>/raw/<kind>``; what is true goes to ``<home>/world``.

    Args:
        config: names home and scenario.
        kind: the raw asset.
    """

    def __init__(self, config: Config, kind: str) -> None:
        self.kind = kind
        self.scenario = load_scenario(config.scenario)
        mark = fingerprint(self.scenario)
        self.root = config.home / "raw" / mark / kind
        self.hidden = config.home / "world" / mark / kind

    def files(self, day: date) -> list[RawFile]:
        """Return the day's files, writing them first where they are missing."""
        folder = self.root / f"{day:%Y-%m-%d}"
        if not folder.exists():
            self._write(day, folder)
        found = FileSource(folder).paths()
        return [RawFile(path, path.relative_to(self.root).as_posix()) for path in found]

    def refused(self, day: date) -> list[dict[str, Any]]:
        """Return nothing: the country writes no links."""
        return []

    def since(self) -> date:
        """Return any day: the country can be simulated as far back as partitions go."""
        return date.min

    def _write(self, day: date, folder: Path) -> None:
        from solarnet_assets.world.write import write_day

        draft = self.root / f".{day:%Y-%m-%d}.{uuid.uuid4().hex}"
        draft.mkdir(parents=True)
        details = write_day(self.scenario, self.kind, day, draft)
        self.hidden.mkdir(parents=True, exist_ok=True)
        details.write_parquet(self.hidden / f"{day:%Y-%m-%d}.parquet")
        _move_in(draft, folder)


def reference_folder(config: Config) -> Path:
    """Return the folder with sites.csv and cities.csv of the simulated country, written when first asked for."""
    from solarnet_assets.world.write import write_reference

    scenario = load_scenario(config.scenario)
    folder = config.home / "raw" / fingerprint(scenario) / "reference"
    if not folder.exists():
        draft = folder.with_name(f".reference.{uuid.uuid4().hex}")
        draft.mkdir(parents=True)
        write_reference(scenario, draft)
        _move_in(draft, folder)
    return folder


def _move_in(draft: Path, folder: Path) -> None:
    """Put a finished folder in its place, unless another process was faster with the same bytes."""
    try:
        draft.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(draft)


def fingerprint(scenario: Scenario) -> str:
    """Return a folder name that differs between scenarios, so that a changed one never reuses old files."""
    digest = hashlib.sha256(scenario.model_dump_json().encode()).hexdigest()
    return f"{''.join(c for c in scenario.name if c.isalnum())}-{digest[:8]}"
