"""The console that commands print to: what files and sites of strangers say is shown as text, and as nothing else."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from solarnet_assets.landing import printable


class Screen(Console):
    """A console without markup, on which no text moves the cursor, sets a title or turns the direction of reading.

    Names of cities, columns and files, and answers of sites, reach it in messages and in cells of tables.

    Args:
        options: of rich's Console.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return text in its printable characters and lines."""
        plain = "\n".join(map(printable, text.split("\n")))
        return super().render_str(plain, **options)
