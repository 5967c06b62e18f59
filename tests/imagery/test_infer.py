import json
import sys

import numpy as np
import pytest
import torch
from networks import Block, Near

from solarnet_assets.imagery import device as devices
from solarnet_assets.imagery.infer import Engine, load
from solarnet_assets.imagery.sink import ArraySink
from solarnet_assets.imagery.source import ArraySource, Calibration
from solarnet_assets.imagery.tiling import CELL, blocks, lay, spread
from solarnet_assets.imagery.weights import Weights
from solarnet_assets.landing import BadInputError

CPU = torch.device("cpu")
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@pytest.fixture(autouse=True)
def _two_threads():
    torch.set_num_threads(2)


def engine(network=None, **options):
    return Engine((network or Near()).eval(), options.pop("device", CPU), **options)


def noise(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def scene(made, source, dtype=np.float32):
    sink = ArraySink(dtype)
    made.run_scene(source, sink)
    return sink.array


@pytest.mark.parametrize("length", [5, 64, 65, 100, 121, 128, 500, 1000])
def test_tiles_cover_a_length_and_their_weights_add_up_to_one(length):
    axis = lay(length, 64, 16, 8)
    total = np.zeros(axis.padded)
    for number, start in enumerate(axis.starts):
        total[start : start + axis.size] += axis.weight(number, 1)
    np.testing.assert_allclose(total, 1, atol=1e-6)
    assert length <= axis.padded < length + 8
    assert axis.size <= 64
    assert not any(start % 8 for start in (*axis.starts, axis.size))
    gaps = np.diff(axis.starts)
    assert (gaps <= axis.size - 8).all()


def test_the_edge_of_a_tile_counts_for_nothing_where_a_neighbour_sees_more():
    axis = lay(112, 64, 16, 8)
    assert axis.starts == (0, 48)
    assert not axis.weight(1, 1)[:4].any()
    assert not axis.weight(0, 1)[-4:].any()
    assert axis.weight(0, 1)[:48].all()


def test_no_more_tiles_than_needed_are_laid_over_a_sentinel_2_tile():
    axis = lay(10980, 1280, 64, 8)
    assert len(axis.starts) == 9
    assert len(axis.starts) * axis.size / 10980 < 1.05


def test_blocks_begin_with_the_one_that_holds_the_first_row():
    found = list(blocks(100, 70, (32, 64), first=40))
    assert found[:2] == [(32, 0, 32, 64), (32, 64, 32, 6)]
    assert found[-1] == (96, 64, 4, 6)


@pytest.mark.parametrize("length", [2100, 4096, 10980])
def test_a_sample_of_a_scene_lies_in_one_block_of_the_file(length):
    samples = spread(length, length, 128, 4, 8)
    assert len(set(samples)) == 16
    for row, col, height, width in samples:
        assert 0 <= row <= length - height
        assert row // CELL == (row + height - 1) // CELL or row + height == length
        assert col // CELL == (col + width - 1) // CELL or col + width == length


def test_samples_of_a_small_scene_stay_evenly_spread():
    rows = sorted({row for row, *_ in spread(700, 700, 128, 4, 8)})
    assert np.ptp(np.diff(rows)) <= 1


def test_the_widths_of_tiles_suit_the_hardware_and_the_scene_ends_where_it_did():
    fast, exact = (engine(precision=precision).axes(4000, 10980) for precision in ("bfloat16", "float32"))
    assert fast[1].size % 32 == 0
    assert fast[1].padded == exact[1].padded == 10984
    assert lay(100, 64, 16, 8, grain=64).size == 64
    assert lay(240, 72, 16, 8, grain=64).size == 72, "no room for more"


def test_tiles_of_a_network_that_sees_one_cell_blend_to_one_pass():
    image = noise(3, 150, 203)
    (whole,) = engine(Block(), tile=512).run([image])
    (tiled,) = engine(Block(), tile=64, overlap=16, batch=3).run([image])
    assert whole.shape == tiled.shape == (1, 75, 102)
    np.testing.assert_allclose(whole, tiled, atol=1e-6)


def test_a_scene_has_no_seams_wherever_the_grid_lies():
    """The network sees 11 pixels; the quarter of an overlap that counts for nothing has 16."""
    image = noise(3, 300, 330)
    (whole,) = engine(tile=512).run([image])
    for tile, shift in ((256, 0), (256, 48), (264, 104)):
        tiled = scene(engine(tile=tile, precision="float32"), ArraySource(image[:, shift:, shift:]))
        inside = slice(16, None)
        np.testing.assert_allclose(tiled[:, inside, inside], whole[:, shift:, shift:][:, inside, inside], atol=1e-5)


def test_images_of_different_sizes_come_back_in_order():
    images = [np.full((3, n, n + 8), float(k), np.float32) for k, n in enumerate((16, 40, 16, 300, 72))]
    found = list(engine(Block(), batch=2, tile=128, overlap=32).run(iter(images)))
    for k, (image, output) in enumerate(zip(images, found, strict=True)):
        assert output.shape[1:] == (image.shape[1] // 2, image.shape[2] // 2)
        np.testing.assert_allclose(output, 1 / (1 + np.exp(-k)), atol=1e-6)


def test_an_image_does_not_depend_on_those_beside_it_and_is_read_one_at_a_time():
    images = [noise(3, 40, 40, seed=k) for k in range(4)]
    pulled = []

    def read():
        for k, image in enumerate(images):
            pulled.append(k)
            yield image

    results = engine(batch=8).run(read())
    first = next(results)
    assert pulled == [0]
    together = [first, *results]
    alone = [next(engine().run([image])) for image in images]
    assert all(np.array_equal(a, b) for a, b in zip(together, alone, strict=True))


def test_small_images_start_no_thread(monkeypatch):
    monkeypatch.setattr("threading.Thread.start", lambda self: pytest.fail("a thread was started"))
    list(engine(tile=128, overlap=32).run([noise(3, 64, 64), noise(3, 200, 64)]))


def test_folded_bfloat16_and_quantised_results_stay_near_those_in_float32():
    image = noise(3, 200, 200)
    (whole,) = engine(tile=512).run([image])
    exact = scene(engine(precision="float32"), ArraySource(image))
    np.testing.assert_allclose(exact, whole, atol=1e-5)
    fast = scene(engine(precision="bfloat16"), ArraySource(image), np.uint8)
    assert np.abs(fast / 255 - whole).max() < 0.05
    assert np.abs(fast / 255 - whole).mean() < 0.005


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32])
def test_numbers_become_reflectance_and_nothing_becomes_zero(dtype):
    numbers = np.random.default_rng(3).integers(1, 200, (3, 90, 70)).astype(dtype)
    if dtype == np.uint16:
        numbers[:, :5] = 50_000
    numbers[:, :20, :30] = 7
    numbers[1, 80:] = 7
    expected = numbers.astype(np.float32) * np.float32(0.01) + np.float32(-0.1)
    expected[numbers == 7] = 0
    (whole,) = engine(tile=512).run([expected])
    source = ArraySource(numbers, Calibration(0.01, -0.1, 7))
    np.testing.assert_allclose(scene(engine(precision="float32"), source), whole, atol=1e-5)


def test_what_is_not_finite_becomes_zero():
    image = noise(3, 64, 64)
    holed = image.copy()
    holed[0, :9], holed[1, 9:12] = np.nan, np.inf
    image[0, :9], image[1, 9:12] = 0, 0
    exact = engine(precision="float32")
    assert np.array_equal(scene(exact, ArraySource(holed)), scene(exact, ArraySource(image)))


def test_batches_fit_into_free_memory():
    assert devices.fitting_batch(needed=100, free=10_000, most=8) == 8
    assert devices.fitting_batch(needed=100, free=700, most=8) == 3
    assert devices.fitting_batch(needed=100, free=10, most=8) == 1


def test_a_gpu_is_claimed_once_and_shared_when_all_are_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda n: type("P", (), {"uuid": f"test-{n}"}))
    monkeypatch.setattr(devices, "_claims", [])
    found = [devices.claim_gpu.__wrapped__() for _ in range(5)]
    assert found == [0, 1, 0, 1, 0]
    for held in devices._claims:
        held.close()
    assert devices.claim_gpu.__wrapped__() == 0
    for held in devices._claims:
        held.close()


@pytest.mark.parametrize(("gpus", "allowed", "threads"), [(1, 32, 32), (2, 32, 16), (2, 8, 8), (64, 32, 1)])
def test_processes_beside_several_gpus_share_the_cores(monkeypatch, gpus, allowed, threads):
    monkeypatch.setattr(devices.os, "cpu_count", lambda: 32)
    monkeypatch.setattr(devices.os, "sched_getaffinity", lambda _: set(range(allowed)))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert devices.decode_threads(torch.device("cuda", 0)) == threads


def test_threads_hand_over_promptly_only_while_scenes_run():
    before = sys.getswitchinterval()
    with devices.prompt_threads(True):
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before


def test_without_a_compiler_the_network_runs_as_it_is(monkeypatch):
    monkeypatch.setattr(devices.shutil, "which", lambda name: None)
    image = noise(3, 64, 64)
    plain = scene(engine(precision="float32"), ArraySource(image))
    assert np.array_equal(scene(engine(precision="float32", compiled=True), ArraySource(image)), plain)


def test_a_failing_compiler_is_left_alone(monkeypatch):
    def broken(forward, **_):
        def call(x):
            raise RuntimeError("no")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    image = noise(3, 64, 64)
    plain = scene(engine(precision="float32"), ArraySource(image))
    assert np.array_equal(scene(engine(precision="float32", compiled=True), ArraySource(image)), plain)


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path):
    (tmp_path / "net.safetensors").write_bytes(b"anything")
    (tmp_path / "net.json").write_text(json.dumps({"weights_sha256": "0" * 64}))
    with pytest.raises(BadInputError, match="model card"):
        load(Weights(tmp_path, "net"), Block)


@CUDA
def test_gpu_and_cpu_agree():
    from solarnet_assets.solar.model import WEIGHTS
    from solarnet_assets.solar.network import SolarNet

    image = np.random.default_rng(2).uniform(0, 0.4, (6, 128, 128)).astype(np.float32)
    results = [next(load(WEIGHTS, SolarNet, device).run([image])) for device in ("cpu", "cuda")]
    np.testing.assert_allclose(results[0], results[1], atol=1e-3)


@CUDA
@pytest.mark.parametrize(("precision", "most"), [("float32", 1e-3), ("bfloat16", 0.05)])
def test_gpu_and_cpu_agree_on_scenes(precision, most):
    numbers = np.random.default_rng(2).integers(0, 65_535, (3, 700, 900)).astype(np.uint16)
    source = ArraySource(numbers, Calibration(1e-4, -0.1, 0))
    options = {"tile": 256, "precision": precision}
    cpu = scene(engine(**options), source)
    gpu = scene(engine(Near().cuda(), device=torch.device("cuda"), **options), source)
    np.testing.assert_allclose(gpu, cpu, atol=most)


@CUDA
def test_images_on_a_gpu_come_back_in_order_while_the_next_are_read():
    images = [noise(3, 40 + 8 * (n % 3), 48, seed=n) for n in range(13)] + [noise(3, 300, 48)]
    options = {"tile": 128, "overlap": 32}
    there = engine(Near().cuda(), device=torch.device("cuda"), batch=4, **options).run(iter(images))
    for one, other in zip(there, engine(**options).run(images), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
