import numpy as np
import pytest

from solarnet_assets.steel.detectors import DETECTORS, Bands, CannotDecide, bands_of, hotmap, massimetti, nhi, tai

GAIN = (168.0, 43.0, 15.0)


def bands(r8a, r11, r12, l07=20.0, n=41):
    """Return bands of plain ground with one odd pixel in the middle."""
    planes = [np.full((n, n), v, np.float32) for v in (0.12, 0.15, 0.13)]
    for plane, value in zip(planes, (r8a, r11, r12), strict=True):
        plane[n // 2, n // 2] = value
    return Bands(*planes, gain=GAIN, l07=np.full((n, n), l07, np.float32))


FLAME = (0.15, 0.60, 1.10)
WARM = (0.12, 0.18, 0.30)
ROOF = (0.45, 0.48, 0.44)
GLINT = (1.10, 1.15, 1.25)
SCAR = (0.09, 0.14, 0.17)
WATER = (0.02, 0.01, 0.01)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_flame_is_hot_and_alone(name):
    hot = DETECTORS[name](bands(*FLAME))
    assert hot[20, 20]
    assert hot.sum() == 1


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("pixel", [ROOF, SCAR, WATER])
def test_roofs_scars_and_water_are_not(name, pixel):
    assert not DETECTORS[name](bands(*pixel)).any()


def test_only_ratios_see_a_warm_pixel_and_radiance_does_not():
    """NHI is defined on radiance, where 2.2 um is three times dimmer than in reflectance."""
    assert tai(bands(*WARM))[20, 20]
    assert hotmap(bands(*WARM))[20, 20]
    assert not nhi(bands(*WARM)).any()


def test_glint_passes_for_heat_only_by_brightness():
    assert not tai(bands(*GLINT)).any()
    assert not hotmap(bands(*GLINT)).any()
    assert not nhi(bands(*GLINT, l07=95.0)).any()
    assert not massimetti(bands(*GLINT)).any()
    assert massimetti(bands(0.9, 1.15, 1.25))[20, 20], "r12 >= 1.2 with r8A <= 1 counts as saturated"


def test_tai_thresholds():
    assert tai(bands(0.18, 0.20, 0.20 + 0.18 * 0.455)).sum() == 1
    assert not tai(bands(0.18, 0.20, 0.20 + 0.18 * 0.445)).any()
    assert not tai(bands(0.10, 0.31, 0.45)).any(), "(r12 - r11) > (r11 - r8A) rejects bare bright ground"
    assert not tai(bands(0.05, 0.09, 0.149)).any(), "r12 > 0.15"
    assert not tai(bands(0.05, 0.049, 0.20)).any(), "r11 > 0.05"


def test_tai_takes_saturated_neighbours_in():
    b = bands(*FLAME)
    for plane, value in ((b.r8a, 0.9), (b.r11, 1.3), (b.r12, 1.3)):
        plane[20, 21] = value
    assert np.argwhere(tai(b)).tolist() == [[20, 20], [20, 21]]


def test_hotmap_grows_into_neighbours_that_saturate_at_two_microns():
    b = bands(*FLAME)
    for plane, value in ((b.r8a, 0.3), (b.r11, 0.8), (b.r12, 0.9)):
        plane[19, 19] = plane[5, 5] = value
    assert np.argwhere(hotmap(b)).tolist() == [[19, 19], [20, 20]], "a halo alone is no seed"


def test_nhi_guards():
    assert not nhi(bands(*FLAME, l07=95.0)).any(), "as bright as cloud in the visible"
    assert nhi(bands(0.5, 2.0, 1.0, l07=60.0))[20, 20], "extreme: L1.6 >= 70"
    without = bands(*FLAME)
    assert nhi(Bands(without.r8a, without.r11, without.r12, GAIN))[20, 20]


def test_nothing_is_hot_where_nothing_was_measured():
    b = bands(*FLAME)
    for plane in (b.r8a, b.r11, b.r12):
        plane[20, 20] = np.nan
    assert not any(detector(b).any() for detector in DETECTORS.values())


def test_missing_bands_are_named():
    plane = np.full((9, 9), 0.2, np.float32)
    with pytest.raises(CannotDecide, match="B12"):
        bands_of({"B11": plane}, lambda _: 1.0)
    short = bands_of({"B08": plane, "B12": plane}, lambda _: 1.0)
    for name, detector in DETECTORS.items():
        with pytest.raises(CannotDecide, match=f"B11 is missing: {name}"):
            detector(short)


def test_stand_ins_of_the_near_infrared_are_told():
    made = {name: np.full((3, 3), v, np.float32) for name, v in (("B09", 0.3), ("B11", 0.2), ("B12", 0.1))}
    assert bands_of(made, lambda _: 1.0).nir == "B09"
    made["B8A"] = made["B09"]
    both = bands_of(made, lambda name: {"B8A": 2.0}.get(name, 1.0))
    assert both.nir == "B8A"
    assert both.gain[0] == 2.0
    assert both.l07 is None
