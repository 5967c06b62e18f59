"""``solarnet evaluate``: scores what was measured, or anybody's own data, against what is known."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from solarnet_assets.options import Home, home_folder
from solarnet_assets.screen import Screen

app = typer.Typer(help="Score what was measured against what is known.", no_args_is_help=True)
RuleName = Literal["robust", "howde"]
console = Screen(width=None if sys.stdout.isatty() else 120)


@app.command()
def simulation(home: Home = None) -> None:
    """Print, for every signal of a simulated run, how often its 90 % intervals hold the truth, and the errors."""
    from solarnet_assets.evaluation.coverage import coverage
    from solarnet_assets.progress import show_comparison, show_coverage

    warehouse = home_folder(home) / "warehouse.duckdb"
    show_comparison(warehouse, console)
    show_coverage(coverage(warehouse), console)


Images = Annotated[list[Path] | None, typer.Option("--image", help="GeoTIFF, JPEG 2000 or a folder; may be repeated")]


@app.command()
def heat(
    image: Images = None,
    bands: Annotated[
        str | None, typer.Option(help="names in order, such as B9,B11,B12 or TCI_R,TCI_G,TCI_B,B8")
    ] = None,
    offset: Annotated[float | None, typer.Option(help="reflectance = (number + offset) / scale")] = None,
    scale: Annotated[float | None, typer.Option(help="numbers per unit of reflectance, 10000 when absent")] = None,
    mask: Annotated[Path | None, typer.Option(help="raster of the same size, not zero where it is hot")] = None,
    out: Annotated[Path, typer.Option(help="folder for the evidence pictures")] = Path(),
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="day of the pass")] = None,
    platform: Annotated[str, typer.Option(help="sentinel-2a, landsat-8 ...")] = "sentinel-2",
    held_out: Annotated[int, typer.Option(help="score on so many held-out rendered scenes a set")] = 0,
    days: Annotated[int, typer.Option(help="score on simulated mills, so many days of each held-out seed")] = 0,
) -> None:
    """Print hot pixels and clusters by every detector, and write the picture; or score them on held-out scenes."""
    from solarnet_assets.evaluation.heat_command import Asked, print_held_out, print_images
    from solarnet_assets.evaluation.heat_images import Stated

    if (mask is not None and len(image or []) != 1) or not (image or held_out or days):
        raise typer.BadParameter("give --image, one of them with --mask, or --held-out or --days")
    named = tuple(name.strip() for name in bands.split(",")) if bands else ()
    stated = Stated(named, offset, scale, None if day is None else day.date(), platform)
    print_images(Asked(tuple(image or ()), stated, mask, out), console)
    print_held_out(held_out, days, console)


@app.command()
def solar(
    images: Annotated[Path, typer.Option(help="folder of PNG, JPEG or GeoTIFF images, or one of them")],
    gsd: Annotated[float, typer.Option(help="ground sampling distance, m: 0.05-3.5 for pictures, about 10 for bands")],
    masks: Annotated[Path | None, typer.Option(help="folder of masks: same stems, not zero where panels are")] = None,
    bands: Annotated[str | None, typer.Option(help="a GeoTIFF's bands, such as B02,B03,B04,B08,B11,B12")] = None,
    scale: Annotated[float | None, typer.Option(help="numbers per unit of reflectance, 10000 when absent")] = None,
    offset: Annotated[float, typer.Option(help="reflectance = (number + offset) / scale")] = 0.0,
    out: Annotated[Path | None, typer.Option(help="folder for overlays and solar.csv")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda ...; CUDA where there is one when absent")] = None,
) -> None:
    """Find solar arrays in images; print IoU and F1 against masks, or how surely each tile shows panels."""
    from solarnet_assets.evaluation.solar import Settings, evaluate
    from solarnet_assets.evaluation.solar_tables import show

    named = tuple(name.strip() for name in bands.split(",")) if bands else ()
    settings = Settings(gsd, named, scale, offset, device)
    show(evaluate(images, masks, settings, out, lambda line: console.print(line, markup=False)), console)


@app.command()
def parking(
    data: Annotated[Path | None, typer.Option(help="folder with images/ and, where people counted, boxes.csv")] = None,
    gsd: Annotated[float | None, typer.Option(help="ground sampling distance of images that do not say, m")] = None,
    out: Annotated[Path, typer.Option(help="folder for tables and pictures")] = Path("parking-evaluation"),
    held_out: Annotated[int, typer.Option(help="score on so many held-out renders")] = 0,
    kit: Annotated[Path | None, typer.Option(help="score on the held-out frames of a KIT AIS folder")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda ...; CUDA where there is one when absent")] = None,
) -> None:
    """Count vehicles block by block beside counts by eye: MAE, bias, total; or score the network on held-out scenes."""
    from solarnet_assets.evaluation.parking_command import print_blocks, print_held_out

    if data is None and not held_out and kit is None:
        raise typer.BadParameter("give --data, --held-out or --kit")
    if data is not None:
        print_blocks(data, gsd, out, device, console)
    print_held_out(held_out, kit, device, console)


@app.command()
def commuting(
    stops: Annotated[
        Path | None, typer.Option(help="Parquet or CSV of stops: useruuid, loc, start, end, true_location_type (H, W)")
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(help="CSV of intensities: date1, intensity1, date2, intensity2; or city, day, intensity"),
    ] = None,
    pings: Annotated[Path | None, typer.Option(help="folder of pings: Parquet, CSV(.gz), text, PLT")] = None,
    cities: Annotated[
        Path | None, typer.Option(help="of --pings: CSV with city, lon, lat; without it one city about the median ping")
    ] = None,
    held_out: Annotated[int, typer.Option(help="score counts and intervals on so many drawn cities a density")] = 0,
    devices: Annotated[int, typer.Option(help="of --held-out: devices of a city")] = 7000,
    country: Annotated[str, typer.Option(help="of --index and --pings: ISO code, for working and partner days")] = "CN",
    k: Annotated[int, typer.Option(min=1, help="of --pings: smallest panel that is shown")] = 20,
    rule: Annotated[RuleName | None, typer.Option(help="of --stops: robust or howde; both when absent")] = None,
    curve: Annotated[bool, typer.Option(help="of --stops: print what other thresholds would give")] = False,
    timezone: Annotated[
        str | None, typer.Option(help="of --stops and --pings: IANA zone of times that name none (stops: of the users)")
    ] = None,
) -> None:
    """Score home and work on ready stops; compare an index with last year; count commuters in anybody's pings."""
    if stops is None and index is None and pings is None and not held_out:
        raise typer.BadParameter("give --stops, --index, --pings or --held-out")
    if stops is not None:
        from solarnet_assets.evaluation.commuting import print_stops

        print_stops(stops, console, rule, curve, timezone)
    if index is not None:
        from solarnet_assets.evaluation.commuting_index import print_index

        print_index(index, country, console)
    if pings is not None:
        from solarnet_assets.evaluation.commuting_pings import Asked
        from solarnet_assets.evaluation.commuting_pings_command import print_pings

        print_pings(Asked(pings, cities, country, timezone, k), console)
    if held_out:
        from solarnet_assets.evaluation.commuting_held_out import print_held_out

        print_held_out(held_out, devices, console)


@app.command()
def posts(
    labels: Annotated[
        Path | None,
        typer.Option(help="JSON lines with text, labels (a list) and lang; the shipped invented set if absent"),
    ] = None,
    languages: Annotated[str, typer.Option(help="en, zh or en,zh: posts of others are left aside")] = "en,zh",
    weights: Annotated[Path | None, typer.Option(help="folder of 'solarnet train posts --out'")] = None,
    encoder: Annotated[bool, typer.Option(help="let the encoder judge what names and n-grams leave open")] = True,
) -> None:
    """Print F1 by sector and language, and how many unrelated posts stay out, beside simpler classifiers."""
    from solarnet_assets.evaluation.posts_command import print_posts

    named = [lang.strip() for lang in languages.split(",")]
    if not set(named) <= {"en", "zh"}:
        raise typer.BadParameter(f"--languages {languages}: known are en and zh")
    print_posts(labels, named, weights, encoder, console)


@app.command()
def growth(
    files: Annotated[list[Path] | None, typer.Option(help="JSONL or CSV of posts; may be repeated")] = None,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="of --files: first day")] = None,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="of --files: last day")] = None,
    sector: Annotated[list[str] | None, typer.Option(help="of --files: show this one; may be repeated")] = None,
    base_day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="of --files: growth is against this day")
    ] = None,
    timezone: Annotated[str, typer.Option(help="of --files: IANA zone of the days")] = "Asia/Shanghai",
    held_out: Annotated[int, typer.Option(help="score growth on so many simulated worlds")] = 0,
    bots: Annotated[float | None, typer.Option(min=0, max=0.5, help="of --held-out: share of posts by bots")] = None,
    posts: Annotated[int | None, typer.Option(min=100, help="of --held-out: posts a day")] = None,
    new_words: Annotated[
        float, typer.Option(min=0, max=1, help="of --held-out: posts in words that no list knows, at the end")
    ] = 0.0,
    encoder: Annotated[bool, typer.Option(help="of --held-out: ask the sentence encoder too; slower")] = True,
) -> None:
    """Print daily shares of sectors in anybody's posts; or score growth and its intervals on simulated worlds."""
    if not files and not held_out:
        raise typer.BadParameter("give --files or --held-out")
    if files and (start is None or end is None or end < start):
        raise typer.BadParameter("--files needs --start and a later --end")
    if files and start is not None and end is not None:
        from solarnet_assets.evaluation.posts_shares import Asked, print_shares

        base = None if base_day is None else base_day.date()
        print_shares(Asked(tuple(files), start.date(), end.date(), timezone, base), sector or [], console)
    if held_out:
        from solarnet_assets.evaluation.posts_growth import print_growth
        from solarnet_assets.evaluation.posts_growth_worlds import Held

        print_growth(Held(held_out, bots, posts, new_words, encoder), console)


@app.command()
def forecast(
    index: Annotated[Path, typer.Option(help="CSV of city, day, value in percent of normal (lower, upper optional)")],
    as_of: Annotated[
        list[datetime], typer.Option("--as-of", formats=["%Y-%m-%d"], help="day to forecast from; may be repeated")
    ],
    unit: Annotated[Literal["percent", "share"], typer.Option(help="of the values; a share of 1 is 100 %")] = "percent",
    country: Annotated[str, typer.Option(help="whose holidays are known in advance, ISO 3166 code")] = "CN",
    column: Annotated[str | None, typer.Option(help="of the values, where a row has several")] = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write every city's days of return to")] = None,
) -> None:
    """Forecast anybody's series as of earlier days: days of return by city, and scores by the days that came after."""
    from solarnet_assets.evaluation.forecast_command import print_forecasts

    print_forecasts(index, [day.date() for day in as_of], console, unit=unit, country=country, column=column, out=out)
