"""Places and days: what is watched, and which days are working days."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

import dataframely as dy


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


class Sites(dy.Schema):
    """Places that are watched from above: steel mills, car parks, areas searched for solar farms."""

    site_id = dy.String(unique=True, description="stable key")
    signal = dy.String(check=lambda c: c.is_in(["steel", "parking", "solar"]), description="steel, parking or solar")
    name = dy.String(description="name that people read")
    group = dy.String(description="kind of place: mill, factory, retail, theme park, area of interest")
    region = dy.String(description="province")
    city = dy.String(nullable=True, description="city key, where the site lies in one")
    lon = dy.Float64(min=-180, max=180, description="longitude of the centre, degrees, WGS 84")
    lat = dy.Float64(min=-90, max=90, description="latitude of the centre, degrees, WGS 84")
    capacity = dy.Float64(nullable=True, min=0, description="mill: Mt crude steel a year; car park: stalls")
    geometry = dy.String(description="polygon that is measured, WKT, EPSG:4326: hot plant area, lot, or area")


class Cities(dy.Schema):
    """Cities whose commuters are counted."""

    city = dy.String(unique=True, description="stable key")
    name = dy.String(description="name that people read")
    region = dy.String(description="province")
    lon = dy.Float64(min=-180, max=180, description="longitude of the centre, degrees")
    lat = dy.Float64(min=-90, max=90, description="latitude of the centre, degrees")
    radius_km = dy.Float64(min=0, description="pings within this distance of the centre belong to the city")
    timezone = dy.String(check=lambda c: c.is_in(list(_zones())), description="IANA time zone")
    workforce = dy.Float64(min=0, description="employed people; the weight of the city in region and country")


class Calendar(dy.Schema):
    """Days with their working status and their partner day a (lunar) year before."""

    date = dy.Date(primary_key=True, description="calendar day")
    is_workday = dy.Bool(description="official working day, make-up days and extensions included")
    partner = dy.Date(nullable=True, description="same lunar month and day of the year before (else 364 days before)")
    partner_kind = dy.String(nullable=True, description="lunar or weekday")
