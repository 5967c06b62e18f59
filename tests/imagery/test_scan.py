"""Scenes by windows: files, threads, back-pressure, being killed, memory."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from chips import tif
from networks import Near, Whole

from solarnet_assets.imagery import canvas, scan, source, staging
from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.raster import Grid
from solarnet_assets.imagery.sink import ArraySink, FileSink
from solarnet_assets.imagery.source import ArraySource, RasterSource
from solarnet_assets.imagery.tiling import spread
from solarnet_assets.landing import BadInputError

GRID = Grid(32650, (20.0, 0.0, 500_000.0, 0.0, -20.0, 4_400_000.0), 420, 380)


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setattr(source, "WINDOW_PIXELS", 64 * 64)


def engine(threads=3, **options):
    return Engine(
        Near(reach=3).eval(), torch.device("cpu"), tile=128, overlap=32, precision="float32", threads=threads, **options
    )


@pytest.fixture
def numbers():
    made = np.random.default_rng(0).integers(1, 4000, (3, 420, 380)).astype(np.uint16)
    made[:, :50, :60] = 0
    return made


def written(tmp_path, numbers, name="a.tif", **profile):
    return tif(tmp_path / name, numbers, tiled=True, blockxsize=64, blockysize=64, **profile)


def result(made, opened, dtype=np.float32):
    sink = ArraySink(dtype)
    made.run_scene(opened, sink)
    return sink.array


def raster(path):
    return RasterSource(path, None, 1e-3, -0.5)


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_a_file_by_windows_and_threads_gives_what_one_pass_gives(tmp_path, numbers, interleave):
    values = numbers * np.float32(1e-3) - np.float32(0.5)
    values[numbers == 0] = 0
    (whole,) = Engine(Near(reach=3).eval(), torch.device("cpu"), tile=512).run([values])
    opened = raster(written(tmp_path, numbers, interleave=interleave))
    threaded = result(engine(), opened)
    np.testing.assert_allclose(threaded, whole, atol=1e-5)
    assert np.array_equal(threaded, result(engine(threads=1), opened))


def test_strips_of_a_file_without_tiles_are_read_together(tmp_path, numbers):
    path = tif(tmp_path / "a.tif", numbers)
    assert raster(path).block[1] == 380
    assert raster(path).block[0] > 8
    np.testing.assert_array_equal(
        result(engine(), raster(path)), result(engine(), raster(written(tmp_path, numbers, "b.tif")))
    )


def test_jpeg_2000_is_read_by_windows(tmp_path, numbers):
    import rasterio

    with rasterio.open(written(tmp_path, numbers)) as tiff:
        form = {key: tiff.profile[key] for key in ("width", "height", "count", "dtype", "crs", "transform")}
        options = {"QUALITY": "100", "REVERSIBLE": "YES", "blockxsize": 128, "blockysize": 128}
        with rasterio.open(tmp_path / "a.jp2", "w", driver="JP2OpenJPEG", **options, **form) as out:
            out.write(tiff.read())
    np.testing.assert_array_equal(
        result(engine(), raster(tmp_path / "a.jp2")), result(engine(), raster(tmp_path / "a.tif"))
    )


def test_no_two_threads_read_with_one_handle_and_all_are_closed(tmp_path, numbers, monkeypatch):
    held, opened, both = set(), [], threading.Barrier(2)
    take = RasterSource._take

    def taken(self):
        handle = take(self)
        opened.append(handle)
        assert id(handle) not in held
        held.add(id(handle))
        if len(opened) <= 2:
            both.wait(10)
        return handle

    class Free(list):
        def append(self, handle):
            held.discard(id(handle))
            super().append(handle)

    monkeypatch.setattr(RasterSource, "_take", taken)
    scene = raster(written(tmp_path, numbers))
    scene._free = Free()
    result(engine(threads=4), scene)
    assert 2 <= len({id(handle) for handle in opened}) <= 4
    assert all(one.closed for one in opened)


def test_a_scene_that_is_gone_when_its_turn_comes_is_named(tmp_path, numbers):
    scenes = [raster(written(tmp_path, numbers, name)) for name in ("a.tif", "b.tif")]
    scenes[0].path.unlink()
    jobs = list(engine().run_scenes((scene, ArraySink()) for scene in scenes))
    assert [str(job.error) for job in jobs] == ["a.tif does not exist", "None"]


class _Slow(ArraySource):
    """Counts windows that were read and not yet run."""

    def __init__(self, pixels):
        super().__init__(pixels)
        self.block, self.reads = (64, 64), 0

    def read(self, window, out):
        self.reads += 1
        super().read(window, out)


def test_reading_does_not_run_far_ahead_of_the_network(numbers, monkeypatch):
    opened = _Slow(numbers.astype(np.float32))
    made = engine(threads=2)
    ahead, run = [], scan._run

    def counted(*args):
        counted.run += 1
        ahead.append(opened.reads - counted.run)
        run(*args)

    counted.run = 0
    monkeypatch.setattr(scan, "_run", counted)
    result(made, opened)
    assert opened.reads == 7 * 6
    assert 1 <= max(ahead) <= staging.AHEAD * 2
    monkeypatch.setattr(staging, "STAGING_BYTES", 2 * 3 * 64 * 64 * 4)
    opened.reads, counted.run = 0, 0
    ahead.clear()
    result(made, opened)
    assert max(ahead) <= 2


def test_threads_that_decode_are_kept_between_runs(numbers):
    used = set()

    class Noted(ArraySource):
        def read(self, window, out):
            used.add(threading.get_ident())
            super().read(window, out)

    made = engine(threads=2)
    for _ in range(3):
        result(made, Noted(numbers.astype(np.float32)))
    assert 1 <= len(used) <= 2
    assert threading.get_ident() not in used


def test_finished_strips_do_not_pile_up(numbers):
    let, waiting = threading.Event(), []

    class Slow(ArraySink):
        def write(self, row, strip):
            let.wait(10)
            waiting.append(row)
            super().write(row, strip)

    rows = []

    def progress(done, total):
        rows.append((done, total))
        if len(rows) == scan.STRIPS:
            assert not waiting
            let.set()

    engine().run_scene(ArraySource(numbers.astype(np.float32)), Slow(), progress)
    assert waiting == sorted(waiting)
    assert [done for done, _ in rows] == sorted({done for done, _ in rows})
    assert rows[-1] == (420, 420)


def test_a_scene_that_was_broken_off_goes_on_and_ends_as_if_it_had_not_been(tmp_path, numbers):
    path, out = written(tmp_path, numbers), tmp_path / "out.tif"
    expected = FileSink(tmp_path / "expected.tif", "work", GRID, ("a", "b"))
    engine().run_scene(raster(path), expected)

    def stop(done, total):
        if done > 150:
            raise KeyboardInterrupt

    sink = FileSink(out, "work", GRID, ("a", "b"))
    with pytest.raises(KeyboardInterrupt):
        engine().run_scene(raster(path), sink, stop)
    assert not out.exists()
    kept = int((sink.part / "rows").read_text().split()[-1])
    assert kept > 0

    seen = []
    again = FileSink(out, "work", GRID, ("a", "b"))
    engine().run_scene(raster(path), again, lambda done, total: seen.append(done))
    assert seen[0] > kept
    assert again.finished()
    assert not again.part.exists()
    assert np.array_equal(again.result(), expected.result())
    assert np.abs(again.result() / 255 - result(engine(), raster(path))).max() <= 0.5 / 255 + 1e-6


def test_other_work_under_the_same_name_starts_anew(tmp_path):
    sink = FileSink(tmp_path / "a.tif", "one", GRID)
    assert sink.begin((1, 420, 380)) == 0
    sink.write(0, np.zeros((1, 100, 380), np.uint8))
    assert FileSink(tmp_path / "a.tif", "one", GRID).begin((1, 420, 380)) == 100
    with (sink.part / "rows").open("a") as journal:
        journal.write("20")  # killed while writing 200
    assert FileSink(tmp_path / "a.tif", "one", GRID).begin((1, 420, 380)) == 100
    assert FileSink(tmp_path / "a.tif", "two", GRID).begin((1, 420, 380)) == 0


def test_a_damaged_scene_is_named_and_the_next_one_runs(tmp_path, numbers):
    path, bad = written(tmp_path, numbers), written(tmp_path, numbers, "bad.tif")
    bad.write_bytes(bad.read_bytes()[: bad.stat().st_size * 2 // 3])
    sinks = [ArraySink(np.float32) for _ in range(3)]
    jobs = list(engine().run_scenes(zip((raster(path), raster(bad), raster(path)), sinks, strict=True)))
    assert [job.error is None for job in jobs] == [True, False, True]
    assert str(jobs[1].error) == "bad.tif is damaged or truncated: its pixels cannot be decoded"
    assert np.array_equal(sinks[0].array, sinks[2].array)
    with pytest.raises(BadInputError, match=r"bad\.tif"):
        result(engine(), raster(bad))


def test_a_failing_sink_stops_the_run(numbers):
    class Full(ArraySink):
        def write(self, row, strip):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        engine().run_scene(ArraySource(numbers.astype(np.float32)), Full())


MEMORY = """
import json, resource, sys
import numpy as np, torch
sys.path.insert(0, sys.argv[1])
from networks import Block
from solarnet_assets.imagery.infer import Engine
from solarnet_assets.imagery.sink import FileSink
from solarnet_assets.imagery.source import RasterSource
torch.set_num_threads(1)
made = Engine(Block().eval(), torch.device("cpu"), tile=256, overlap=64, threads=2)
peaks = []
for path in sys.argv[2:]:
    source = RasterSource(path and __import__("pathlib").Path(path))
    made.run_scene(source, FileSink(source.path.with_suffix(".out.tif"), "k", source.grid))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps(peaks))
"""


def test_memory_does_not_grow_with_the_length_of_a_scene(tmp_path, numbers):
    """Six bands of uint16: 13 MB, then 151 MB in a strip of the same width. Read whole, the second would show."""
    tile = np.tile(np.random.default_rng(0).integers(0, 4000, (6, 64, 64)).astype(np.uint16), (1, 16, 8))
    paths = [written(tmp_path, np.tile(tile, (1, n, 2)), f"{n}.tif") for n in (1, 12)]
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, here, *map(str, paths)], capture_output=True, text=True, check=True
    )
    first, second = json.loads(done.stdout)
    assert second - first < 50


@pytest.mark.parametrize("threads", [1, 3])
def test_a_scene_is_surveyed_before_its_tiles_and_forgotten_by_the_next_image(tmp_path, numbers, threads, monkeypatch):
    """Every tile is answered by the mean of the same sixteen samples, less those that show nothing."""
    monkeypatch.setattr(canvas, "SAMPLE", 40)
    made = Engine(Whole().eval(), torch.device("cpu"), tile=128, overlap=32, precision="float32", threads=threads)
    found = result(made, raster(written(tmp_path, numbers)))
    values = numbers * np.float32(1e-3) - np.float32(0.5)
    values[:, :50, :60] = 0
    places = spread(420, 380, 40, 4, 8)
    assert len(places) == 16
    mean = np.mean([values[0, r : r + h, c : c + w] for r, c, h, w in places])
    np.testing.assert_allclose(found[0], 1 / (1 + np.exp(mean - values[0])), atol=1e-5)
    assert made.folded.surveyed == [[(1, 3, 40, 40)] * 16]
    small = result(made, ArraySource(values[:, :64, :64]))
    assert made.folded.surveyed[1:] == [[]]
    np.testing.assert_allclose(small[0], 1 / (1 + np.exp(values[0, :64, :64].mean() - values[0, :64, :64])), atol=1e-5)


def test_samples_lie_inside_and_a_sliver_has_none():
    for height, width in ((420, 380), (130, 2000), (8, 9)):
        for row, col, tall, wide in spread(height, width, 128, 4, 8):
            assert 0 <= row <= row + tall <= height
            assert 0 <= col <= col + wide <= width
            assert tall % 8 == wide % 8 == 0
    assert spread(7, 2000, 128, 4, 8) == []


@pytest.mark.parametrize("together", [2, 5, 100])
def test_windows_that_move_together_give_what_they_give_alone(tmp_path, numbers, monkeypatch, together):
    """Beside a GPU several windows share memory; a group may begin in one row of blocks and end in another."""
    path, bad = written(tmp_path, numbers), written(tmp_path, numbers, "bad.tif")
    bad.write_bytes(bad.read_bytes()[: bad.stat().st_size * 2 // 3])
    alone = result(engine(), raster(path))
    monkeypatch.setattr(staging.Readers, "group", lambda *_: together)
    sinks = [ArraySink(np.float32) for _ in range(3)]
    jobs = list(engine().run_scenes(zip((raster(path), raster(bad), raster(path)), sinks, strict=True)))
    assert [job.error is None for job in jobs] == [True, False, True]
    assert np.array_equal(sinks[0].array, alone)
    assert np.array_equal(sinks[2].array, alone)


def test_a_scene_is_closed_though_it_is_damaged(tmp_path, numbers, monkeypatch):
    bad = written(tmp_path, numbers)
    bad.write_bytes(bad.read_bytes()[: bad.stat().st_size * 2 // 3])
    closed = []
    monkeypatch.setattr(RasterSource, "close", lambda self: closed.append(self.name))
    for threads in (1, 3):
        (job,) = engine(threads).run_scenes([(raster(bad), ArraySink())])
        assert job.error is not None
    assert closed == ["a.tif", "a.tif"]
