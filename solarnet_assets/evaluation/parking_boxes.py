"""Anybody's labels: boxes of parking blocks on images, with the vehicles that people counted in them."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from solarnet_assets.landing import BadInputError
from solarnet_assets.parking.images import PICTURES, RASTERS

NAMED = ("image", "xmin", "ymin", "xmax", "ymax")
COUNTS = ("count", "n_vehicles")
MAX_BYTES = 64 << 20
MAX_COUNT = 1_000_000
OVER = 2.0
"""Pixels by which a box may reach over the image's edge, as rounding makes it; it is cut there."""

FORBIDDEN = ("=", "+", "-", "@", ".", "\t", "\r")
"""First letters that a name may not have: a spreadsheet takes them for a formula, a shell for an option, and a file
that begins with a dot is hidden."""


@dataclass(frozen=True)
class Box:
    """A parking block on an image.

    Attributes:
        row: line of the file, the header being 1.
        image: file name.
        left, top, right, bottom: edges, pixels; the outer edge of the first pixel is 0.
        truth: vehicles counted by people, where they were.
        tolerance: by which these may be wrong.
    """

    row: int
    image: str
    left: float
    top: float
    right: float
    bottom: float
    truth: float | None = None
    tolerance: float = 0.0

    def within(self, width: int, height: int) -> Box:
        """Return the box cut to an image.

        Raises:
            BadInputError: it reaches further than rounding over the image's edge, or is smaller than a pixel.
        """
        over = max(-self.left, -self.top, self.right - width, self.bottom - height)
        if over > OVER:
            raise BadInputError(f"{self}: the box reaches outside the image of {width} x {height} pixels")
        edges = max(self.left, 0.0), max(self.top, 0.0), min(self.right, width), min(self.bottom, height)
        if edges[2] - edges[0] < 1 or edges[3] - edges[1] < 1:
            raise BadInputError(f"{self}: the box is smaller than a pixel")
        return Box(self.row, self.image, *edges, self.truth, self.tolerance)

    def __str__(self) -> str:
        """Return how messages call the box."""
        return f"boxes.csv, row {self.row} ({self.image})"


def image_files(folder: Path) -> list[Path]:
    """Return the images of ``folder/images``, in order.

    Raises:
        BadInputError: there is no such folder, or nothing in it.
    """
    inside = folder / "images"
    if not inside.is_dir():
        raise BadInputError(f"{folder} has no folder images/")
    found = sorted(file for file in inside.iterdir() if file.suffix.lower() in {*PICTURES, *RASTERS})
    if not found:
        raise BadInputError(f"{inside} holds no PNG, JPEG or GeoTIFF image")
    return found


def read_boxes(file: Path) -> tuple[list[Box], dict[str, str]]:
    """Return the boxes of a CSV with a header, and row -> reason for rows that cannot be used.

    Columns ``image, xmin, ymin, xmax, ymax``; optional ``count`` (or ``n_vehicles``) and ``tolerance``; others are
    ignored.

    Raises:
        BadInputError: no such table.
    """
    if file.stat().st_size > MAX_BYTES:
        raise BadInputError(f"{file.name} is larger than {MAX_BYTES >> 20} MiB")
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, restkey="more")
            header = [(name or "").strip().lower() for name in rows.fieldnames or []]
            lacking = [name for name in NAMED if name not in header]
            if lacking:
                raise BadInputError(f"{file.name} lacks the column {', '.join(lacking)}")
            rows.fieldnames = header
            return _boxes(rows)
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadInputError(f"{file.name} is no CSV in UTF-8: {error}") from error


def _boxes(rows: csv.DictReader[str]) -> tuple[list[Box], dict[str, str]]:
    boxes, refused = [], {}
    for row in rows:
        line = rows.line_num
        try:
            boxes.append(_box(line, row))
        except BadInputError as error:
            refused[f"boxes.csv, row {line}"] = f"boxes.csv, row {line}: {error}"
    return boxes, refused


def _box(line: int, row: Mapping[str, str | None]) -> Box:
    name = (row["image"] or "").strip()
    left, top, right, bottom = (_number(row, key) for key in NAMED[1:])
    if left >= right or top >= bottom:
        raise BadInputError(f"the box is inverted or empty: {left:g}, {top:g} to {right:g}, {bottom:g}")
    counted = next((key for key in COUNTS if key in row), None)
    truth = None if counted is None else _number(row, counted)
    given = (row.get("tolerance") or "").strip()
    tolerance = _number(row, "tolerance") if given else 0.0
    for what, value in (("count", truth), ("tolerance", tolerance)):
        if value is not None and not 0 <= value <= MAX_COUNT:
            raise BadInputError(f"the {what} of {value:g} is no number of vehicles")
    return Box(line, checked_name(name), left, top, right, bottom, truth, tolerance)


def checked_name(name: str) -> str:
    """Return a file name that can lie in a folder and stand in a table.

    Raises:
        BadInputError: it leads elsewhere, or a spreadsheet would run it.
    """
    if not name or set(name) & set("/\\:") or name.startswith(FORBIDDEN) or not name.isprintable() or len(name) > 200:
        raise BadInputError(f"{name[:60]!r} is not the plain name of an image")
    return name


def _number(row: Mapping[str, str | None], key: str) -> float:
    text = (row.get(key) or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInputError(f"{key} is {text[:40]!r}, not a number")
    return value
