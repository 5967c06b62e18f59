import os
import signal
import subprocess
import time
from datetime import date

import pytest
from small_demo import CLEAN, demo_command, run_demo, tables, workers_of

from solarnet_assets.config import KINDS
from solarnet_assets.storage.lake import Lake

pytestmark = pytest.mark.slow
DAY = date(2020, 3, 10)


def test_every_signal_reaches_its_mart(demo_home):
    found = tables(demo_home)
    signals = {row[0] for row in found["marts.recovery_daily"]}
    assert signals == {"steel", "parking", "commuting", "composite"}
    for mart in ("site_daily", "city_commuters", "sector_growth", "solar_farms", "recovery_forecast", "recovery_dates"):
        assert found[f"marts.{mart}"], f"marts.{mart} is empty"


def test_published_figures_are_printed_beside_measured_and_true_ones(demo_home):
    printed = (demo_home / "printed.txt").read_text()
    assert "Published 2020 beside measured here" in printed
    assert "Commuters, 10 March" in printed
    assert "intervals hold the simulation's truth" in printed
    assert printed.splitlines()[-1] == f"Report: {demo_home / 'report' / 'index.html'}"


def test_no_record_is_lost(demo_home):
    lake = Lake(demo_home / "lake", demo_home / "quarantine")
    for kind in KINDS:
        counts = [lake.counts(kind, day) for day in lake.days(kind)]
        assert counts, f"{kind} has no partition"
        assert all(c.balanced for c in counts), kind
    assert lake.counts("pings", DAY).n_quarantined > 0, "the simulated pings hold impossible ones; where are they?"


def test_the_truth_lies_apart_from_the_lake_but_for_the_evaluation(demo_home):
    assert {p.name for p in (demo_home / "lake").iterdir() if "truth" in p.name} == {"evaluation_truth"}
    assert any((demo_home / "world").rglob("*.parquet"))


def test_report_and_evidence_are_there(demo_home):
    page = (demo_home / "report" / "index.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert {p.parts[-3] for p in (demo_home / "evidence").rglob("*.png")} == {"steel", "parking", "solar"}


def test_a_killed_demo_ends_with_the_same_tables(demo_home, tmp_path, small_scenario):
    for seconds in (4, 14):
        process = subprocess.Popen(
            demo_command(tmp_path, small_scenario), env=CLEAN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(3)
        assert workers_of(tmp_path) == [], "workers went on without the command that started them"
    assert run_demo(tmp_path, small_scenario).returncode == 0
    disturbed, undisturbed = tables(tmp_path), tables(demo_home)
    assert [name for name in undisturbed if disturbed[name] != undisturbed[name]] == []
