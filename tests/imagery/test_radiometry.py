import math
from datetime import UTC, date, datetime

import numpy as np
import pytest

from solarnet_assets.imagery import clouds, radiometry
from solarnet_assets.landing import BadInputError


@pytest.mark.parametrize(
    ("text", "platform", "common", "name"),
    [
        ("B2", "sentinel-2a", None, "B02"), ("B8A", "sentinel-2a", None, "B8A"), ("b08", "sentinel-2b", None, "B08"),
        ("20230514 20m: B11 1610nm", "sentinel-2", None, "B11"), ("20230514 60m: B9 945nm", "sentinel-2", None, "B09"),
        ("SR_B6", "landsat-8", None, "B11"), ("OLI_B5", "landsat-9", None, "B8A"), ("B7", "landsat-8", None, "B12"),
        ("swir16", "sentinel-2a", None, "B11"), ("x", "sentinel-2a", "nir08", "B8A"),
        ("red", "landsat-8", "red", "B04"),
        ("nir", "landsat-8", "nir", "B8A"), ("TCI_R", "sentinel-2", None, "TCI_R"),
        ("AB12", "sentinel-2", None, "AB12"),
    ],
)  # fmt: skip
def test_band_names(text, platform, common, name):
    assert radiometry.band_name(text, platform, common) == name


@pytest.mark.parametrize(
    ("platform", "baseline", "day", "offset"),
    [
        ("sentinel-2a", "02.09", date(2020, 2, 9), 0.0), ("sentinel-2a", "04.00", date(2022, 1, 25), -0.1),
        ("sentinel-2b", "05.09", date(2020, 2, 9), -0.1), ("sentinel-2b", "N0509", date(2020, 2, 9), -0.1),
        ("sentinel-2b", None, date(2022, 1, 24), 0.0), ("sentinel-2b", None, date(2022, 1, 25), -0.1),
        ("landsat-8", None, date(2023, 1, 1), 0.0),
    ],
)  # fmt: skip
def test_offset_follows_the_baseline_and_else_the_day(platform, baseline, day, offset):
    assert radiometry.default_offset(platform, baseline, day) == offset


def test_a_baseline_that_is_no_number_is_refused():
    with pytest.raises(BadInputError, match="processing baseline"):
        radiometry.default_offset("sentinel-2a", "new", date(2022, 1, 1))


def test_reflectance_of_the_two_baselines_agrees():
    old, new = np.array([[1234]], np.uint16), np.array([[2234]], np.uint16)
    assert radiometry.to_reflectance(old, 1e-4, 0.0) == pytest.approx(
        radiometry.to_reflectance(new, 1e-4, -0.1), abs=1e-6
    )


def test_earth_sun_factor_is_that_of_a_real_product():
    """U of S2B_MSIL1C_20200614T104629_N0209_R051_T31UDS, MTD_MSIL1C.xml."""
    assert radiometry.earth_sun_factor(datetime(2020, 6, 14, 10, 46, 29, tzinfo=UTC)) == pytest.approx(
        0.969998, abs=2e-4
    )


def test_sun_stands_at_noon_as_declination_says():
    """At the June solstice and local noon the sun stands 90 - latitude + 23.44 degrees high."""
    assert radiometry.sun_elevation(datetime(2020, 6, 20, 12, 2, tzinfo=UTC), 0.0, 40.0) == pytest.approx(
        73.44, abs=0.3
    )
    assert radiometry.sun_elevation(datetime(2020, 6, 20, 0, 0, tzinfo=UTC), 0.0, 40.0) < 0


def test_radiance_of_a_perfect_mirror_of_light():
    """rho = 1, sun in the zenith: L = ESUN U / pi."""
    time = datetime(2020, 2, 9, 3, tzinfo=UTC)
    gain = radiometry.radiance_per_reflectance("sentinel-2a", "B12", time, 90.0)
    assert gain == pytest.approx(85.25 * radiometry.earth_sun_factor(time) / math.pi)
    assert radiometry.radiance_per_reflectance("sentinel-2a", "B12", time, 30.0) == pytest.approx(gain / 2)
    assert radiometry.irradiance("sentinel-2c", "B12") == 87.75
    with pytest.raises(BadInputError, match="irradiance"):
        radiometry.irradiance("landsat-8", "B05")


def test_clouds_by_classification_and_by_brightness():
    scl = np.array([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]])
    assert np.flatnonzero(clouds.clouded(scl)).tolist() == [3, 8, 9, 10]
    assert clouds.clouded(np.pad(scl[:, 8:9], 2), 1).sum() == 9
    green = np.array([[0.1, 0.2, 0.2, 0.5]], np.float32)
    red = np.array([[0.1, 0.1, 0.3, 0.6]], np.float32)
    assert clouds.bright_clouds({"B03": green, "B04": red}).tolist() == [[False, True, False, True]]
    assert clouds.bright_clouds({"B03": green}) is None
    assert clouds.share(np.array([True, False]), np.array([True, True])) == 0.5
    assert clouds.share(np.array([True]), np.array([False])) == 0.0
