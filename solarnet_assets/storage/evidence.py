"""Evidence: small pictures that show what a figure was made of."""

from __future__ import annotations

from pathlib import Path

from upath import UPath

from solarnet_assets.storage.files import plain_name, put


class Evidence:
    """Small pictures that show what a figure was made of.

    Args:
        root: folder or URL of the evidence.
    """

    def __init__(self, root: UPath | Path | str) -> None:
        self.root = UPath(root)

    def write(self, relative: str, data: bytes) -> str:
        """Store one picture under ``signal/day/name`` and return that relative path."""
        parts = [plain_name(part) for part in relative.split("/")]
        put(self.root.joinpath(*parts), data)
        return "/".join(parts)
