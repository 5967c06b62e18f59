"""Command-line options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None, typer.Option(help="Folder of everything that is produced. Default: $SOLARNET_HOME, else ./.solarnet")
]


def home_folder(home: Path | None) -> Path:
    """Return the home that an option names, absolute."""
    return (home or Path(os.environ.get("SOLARNET_HOME", ".solarnet"))).resolve()
