import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "rasterio", "sklearn", "altair")


def test_definitions_load_without_heavy_libraries():
    code = (
        f"import sys; from solarnet_assets.definitions import defs; print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def specs():
    from solarnet_assets.defs.build import build_definitions

    return build_definitions().resolve_all_asset_specs()


def test_every_asset_says_what_it_is_and_who_owns_it(specs):
    silent = [s.key.to_user_string() for s in specs if not (s.description and s.owners and s.kinds and s.group_name)]
    assert silent == []


def test_every_dependency_is_a_known_asset(specs):
    known = {s.key for s in specs}
    unknown = {d.asset_key.to_user_string() for s in specs for d in s.deps if d.asset_key not in known}
    assert unknown == set()


def test_truth_reaches_one_mart_only(specs):
    readers = [s.key.to_user_string() for s in specs if any("truth" in d.asset_key.to_user_string() for d in s.deps)]
    assert all("truth" in name or "published_comparison" in name for name in readers), readers
    assert any("truth" in name or "published_comparison" in name for name in readers)
