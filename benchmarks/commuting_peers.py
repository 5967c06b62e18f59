"""Home and work by other libraries, on the same pings; run by the Python of an environment that has them.

    PEERS/bin/python benchmarks/commuting_peers.py NAME pings.npz      # started by benchmarks/commuting.py

Prints seconds of the analysis alone (no reading, no import) and the most memory of the process, MiB. transbigdata:
stays in 250 m cells, then homes and workplaces. scikit-mobility: homes only, it has no workplaces. trackintel: stays of
100 m and 5 minutes, locations by DBSCAN, homes and workplaces by frequency.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")


def transbigdata(pings: pd.DataFrame) -> Callable[[], int]:
    """Return stays, homes and workplaces by transbigdata."""
    import transbigdata as tbd

    params = {"slon": 100.0, "slat": 20.0, "deltalon": 0.0027, "deltalat": 0.00225, "theta": 0, "method": "rect"}

    def work() -> int:
        stay, _ = tbd.traj_stay_move(pings, params, col=["device", "time", "lon", "lat"], activitytime=1800)
        stay = stay.rename(columns={"device": "uid"})
        keys = ["uid", "stime", "etime", "LONCOL", "LATCOL"]
        return len(tbd.mobile_identify_home(stay, col=keys)) + len(tbd.mobile_identify_work(stay, col=keys))

    return work


def skmob(pings: pd.DataFrame) -> Callable[[], int]:
    """Return homes by scikit-mobility."""
    from skmob import TrajDataFrame
    from skmob.measures.individual import home_location

    names = {"latitude": "lat", "longitude": "lon", "datetime": "time", "user_id": "device"}
    table = TrajDataFrame(pings, **names)
    return lambda: len(home_location(table, start_night="00:00", end_night="06:00", show_progress=False))


def trackintel(pings: pd.DataFrame) -> Callable[[], int]:
    """Return staypoints, locations, homes and workplaces by trackintel."""
    import geopandas
    import trackintel as ti

    names = pings.rename(columns={"device": "user_id", "time": "tracked_at"})
    names["tracked_at"] = names["tracked_at"].dt.tz_localize("Asia/Shanghai")
    geometry = geopandas.points_from_xy(names.pop("lon"), names.pop("lat"))
    fixes = geopandas.GeoDataFrame(names, geometry=geometry, crs="EPSG:4326")

    def work() -> int:
        read = ti.io.read_positionfixes_gpd(fixes, geom_col="geometry")
        read, stays = ti.preprocessing.positionfixes.generate_staypoints(
            read, dist_threshold=100, time_threshold=5.0, gap_threshold=1440.0
        )
        stays, _ = ti.preprocessing.staypoints.generate_locations(stays, epsilon=100, num_samples=3)
        return len(ti.analysis.location_identifier(stays, method="FREQ", pre_filter=False))

    return work


def main() -> None:
    """Run one library on one file."""
    name, file = sys.argv[1], sys.argv[2]
    arrays = np.load(file)
    pings = pd.DataFrame({c: arrays[c] for c in ("device", "lat", "lon")})
    pings["time"] = pd.to_datetime(arrays["time"] + 8 * 3600, unit="s")
    work = {"transbigdata": transbigdata, "scikit-mobility": skmob, "trackintel": trackintel}[name](pings)
    begun = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - begun
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "found": found}))


if __name__ == "__main__":
    main()
