import sys
from pathlib import Path

import pytest
import yaml

import solarnet_assets.world.scenario as scenario_module

sys.path.append(str(Path(__file__).parent))  # test modules share small_demo.py


@pytest.fixture(scope="session")
def small_scenario(tmp_path_factory):
    """A country of two cities, four mills, two car parks and one area, after the shipped one."""
    shipped = Path(scenario_module.__file__).parent / "scenarios" / "published.yaml"
    country = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    country.update(name="small", seed=4242)
    country["cities"] = [c for c in country["cities"] if c["id"] in ("shanghai", "nanning")]
    country["cities"][0]["panel"] = 300
    country["mills"], country["lots"], country["farms"] = (
        country["mills"][2:6],
        country["lots"][:2],
        country["farms"][:1],
    )
    country["posts"]["per_day"] = 800
    file = tmp_path_factory.mktemp("scenario") / "small.yaml"
    file.write_text(yaml.safe_dump(country, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory, small_scenario):
    """The home of an undisturbed small demo."""
    from small_demo import run_demo

    home = tmp_path_factory.mktemp("demo")
    done = run_demo(home, small_scenario)
    assert done.returncode == 0, done.stderr
    (home / "printed.txt").write_text(done.stdout)
    return home
