"""Weights that ship with the package: where they lie, what they are, and that they are what they say.

Free of torch, so that code versions and model cards can be read when definitions load.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from solarnet_assets.landing import BadInputError


@dataclass(frozen=True)
class Weights:
    """Weights with their model card.

    Attributes:
        folder: folder of both files.
        name: ``<name>.safetensors`` and ``<name>.json``.
    """

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """The weights."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def card(self) -> dict[str, Any]:
        """The model card: data, recipe, seed, threshold, figures on held-out scenes."""
        return _card(self.folder / f"{self.name}.json")

    @property
    def digest(self) -> str:
        """SHA-256 of the weights' bytes, hexadecimal."""
        return _digest(self.path)

    def check(self) -> None:
        """Compare the weights with their card.

        Raises:
            BadInputError: the weights are not those that the card describes.
        """
        if self.card["weights_sha256"] != self.digest:
            raise BadInputError(f"{self.path.name} is not the file that its model card describes")


@lru_cache(maxsize=8)
def _card(path: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return card


@lru_cache(maxsize=8)
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
