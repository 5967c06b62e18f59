"""Made-up device-days of four weeks, for the rules of home and work."""

from datetime import date, timedelta

import polars as pl

from solarnet_assets.mobility.calendar import calendar_frame
from solarnet_assets.mobility.homework import home_work
from solarnet_assets.mobility.places import METRES_PER_DEGREE
from solarnet_assets.storage.schemas import SCHEMAS

LAST = date(2019, 12, 20)
DAYS = [LAST - timedelta(days=n) for n in range(27, -1, -1)]
CALENDAR = calendar_frame("CN", date(2019, 9, 1), date(2020, 3, 31))
WORKDAYS = CALENDAR.filter("is_workday")["date"].to_list()
HOME = (0, 0)


def row(device, day, x, y, night=0, work=0, slots=None):
    """One device-day in a cell of 250 m; positions are the middles of cells, on the equator's scale."""
    return {
        "day": day,
        "city": "here",
        "device": device,
        "bucket": device % 64,
        "cell_x": x,
        "cell_y": y,
        "lat": (y + 0.5) * 250 / METRES_PER_DEGREE,
        "lon": (x + 0.5) * 250 / METRES_PER_DEGREE,
        "night_slots": night,
        "work_slots": work,
        "work_mask": (1 << work) - 1,
        "slots": night + work if slots is None else slots,
        "pings": 9,
    }


def frame(rows):
    types = {name: column.dtype for name, column in SCHEMAS["device_days"].columns().items()}
    return pl.DataFrame(rows, schema={"day": pl.Date, **types})


def commuter(device, at=(20, 0), days=DAYS, share=1.0):
    """Nights and evenings at home; working days at ``at`` for a share of the hours."""
    rows = []
    for day in days:
        working = day in WORKDAYS
        rows.append(row(device, day, *HOME, night=3, work=round(4 * (1 - share)) if working else 3, slots=9))
        if working and share:
            rows.append(row(device, day, *at, work=round(4 * share), slots=round(5 * share)))
    return rows


def located(rows, **options):
    return SCHEMAS["home_work"].validate(home_work(frame(rows), LAST, CALENDAR, **options))


def place(found, device, what):
    one = found.filter(pl.col("device") == device)
    lat, lon = one[f"{what}_lat"].item(), one[f"{what}_lon"].item()
    return None if lat is None else (int(lon * METRES_PER_DEGREE // 250), int(lat * METRES_PER_DEGREE // 250))
