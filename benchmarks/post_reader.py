"""Posts a second and peak memory of the reader of raw post files, beside bare ``json.loads`` of the same lines.

    python benchmarks/post_reader.py                     # 100,000 tweets of 2.9 kB, 288 MB
    python benchmarks/post_reader.py --posts 1000000     # ten times as many: memory does not grow

Made-up tweets with all fields that snscrape 0.7.0 writes, of one day (two thirds English, one third Chinese, escaped as
snscrape does). Each job runs in a process of its own, alone, with one thread; jobs take turns, medians are shown. Files
lie in the page cache. Peak memory is that of the whole process (ru_maxrss), 'before' what it had before it read.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

DAY = date(2020, 2, 10)
WORDS = ["working", "from", "home", "today", "zoom", "and", "coffee", "while", "kids", "online", "class", "late"]
CHINESE = "今天在家办公孩子上网课快递还没有到晚上打游戏看视频买菜外卖"
NULLS = ["source", "sourceUrl", "sourceLabel", "links", "media", "retweetedTweet", "quotedTweet", "inReplyToTweetId",
         "inReplyToUser", "mentionedUsers", "coordinates", "place", "hashtags", "cashtags", "card", "viewCount", "vibe",
         "bookmarkCount", "pinned", "editState", "conversationControlPolicy"]  # fmt: skip


def tweet(number: int, draw: random.Random) -> str:
    """Return one line as snscrape writes it, about 2.9 kB."""
    text = " ".join(draw.choices(WORDS, k=22)) if number % 3 else "".join(draw.choices(CHINESE, k=60))
    who = draw.randrange(10**9)
    when = f"2020-02-10T{draw.randrange(1, 15):02d}:{draw.randrange(60):02d}:{draw.randrange(60):02d}+00:00"
    user = {"_type": "snscrape.modules.twitter.User", "username": f"user{who}", "id": who, "displayname": "Somebody",
            "rawDescription": "about " * 40, "renderedDescription": "about " * 40, "verified": False,
            "created": "2012-02-10T08:00:00+00:00", "followersCount": 5, "friendsCount": 17, "statusesCount": 1234,
            "location": "Shanghai", "profileImageUrl": "https://pbs.example/" + "x" * 60,
            "profileBannerUrl": "https://pbs.example/" + "y" * 60, "url": f"https://twitter.com/user{who}"}  # fmt: skip
    item = {"_type": "snscrape.modules.twitter.Tweet", "url": f"https://twitter.com/user{who}/status/{10**18 + number}",
            "date": when, "rawContent": text, "renderedContent": text, "id": 10**18 + number, "user": user,
            "replyCount": 0, "retweetCount": 1, "likeCount": 2, "quoteCount": 0, "conversationId": 10**18 + number,
            "lang": "en", **dict.fromkeys(NULLS), "content": text, "outlinks": [f"https://example.com/{number}"] * 3,
            "outlinksss": f"https://example.com/{number} " * 3, "username": f"user{who}"}  # fmt: skip
    return json.dumps({**item, "_snscrape": "0.7.0.20230622"})


def write(folder: Path, posts: int) -> None:
    """Write the tweets once plainly and once packed."""
    draw = random.Random(7)
    with (folder / "2020-02-10.jsonl").open("w") as plain, gzip.open(folder / "2020-02-10.jsonl.gz", "wt", 6) as packed:
        for number in range(posts):
            line = tweet(number, draw) + "\n"
            plain.write(line)
            packed.write(line)


def run(name: str, folder: Path) -> dict[str, Any]:
    """Do one job in this process."""
    from solarnet_assets.landing import RawFile
    from solarnet_assets.social.readers import stream_posts
    from solarnet_assets.storage.lake import Lake

    path = folder / ("2020-02-10.jsonl.gz" if name.endswith("gz") else "2020-02-10.jsonl")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, cpu = time.perf_counter(), time.process_time()
    if name == "json.loads":
        with path.open("rb") as handle:
            posts = sum(1 for line in handle if json.loads(line))
    elif name == "to the lake":
        lake = Lake(folder / "lake", folder / "quarantine")
        posts = lake.write_stream("posts", DAY, stream_posts([RawFile(path, path.name)], DAY, {"hash_key": b"k"})).n_out
    elif name == "30 days of one file":
        file = RawFile(path, path.name, whole=True)
        days = [date(2020, 1, 20).fromordinal(date(2020, 1, 20).toordinal() + n) for n in range(30)]
        options = {"hash_key": b"k", "scratch": folder}
        posts = sum(part.frame.height for day in days for part in stream_posts([file], day, options))
    else:
        posts = sum(part.frame.height for part in stream_posts([RawFile(path, path.name)], DAY, {"hash_key": b"k"}))
    seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"posts": posts, "seconds": seconds, "cpu": time.process_time() - cpu, "before": before, "peak": peak}


JOBS = ["json.loads", "stream_posts", "stream_posts gz", "to the lake", "30 days of one file"]


def main(
    posts: Annotated[int, typer.Option(help="tweets in the file")] = 100_000,
    repeats: Annotated[int, typer.Option(help="turns of all jobs")] = 3,
    job: Annotated[str, typer.Option(hidden=True)] = "",
    folder: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure every job in turn and print a table."""
    if job and folder:
        sys.stdout.write(json.dumps(run(job, folder)) + "\n")
        return
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), posts)
        size = (Path(name) / "2020-02-10.jsonl").stat().st_size
        sys.stdout.write(f"{posts:,} tweets, {size / 1e6:,.0f} MB, load {os.getloadavg()[0]:.1f}\n")
        turns: dict[str, list[dict[str, Any]]] = {each: [] for each in JOBS}
        for _ in range(repeats):
            for each in JOBS:
                command = [sys.executable, __file__, "--job", each, "--folder", name]
                done = subprocess.run(
                    command, capture_output=True, text=True, check=True, env={**os.environ, "POLARS_MAX_THREADS": "1"}
                )
                turns[each].append(json.loads(done.stdout))
        for each, found in turns.items():
            middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
            assert middle["posts"] == posts
            rate, peak = posts / middle["cpu"], max(one["peak"] for one in found)
            sys.stdout.write(
                f"{each:22s} {rate:>10,.0f} posts/CPU s {middle['seconds']:6.2f} s {middle['cpu']:6.2f} CPU s"
                f"  memory {middle['before']:,.0f} -> {peak:,.0f} MB\n"
            )


if __name__ == "__main__":
    typer.run(main)
