"""The live source of posts: snscrape's scrapers fill the drop folder that the ``posts`` partitions are read from.

Fetching is no part of a partition: a collection adds raw files, one for each target, collection and day of posting,
and a partition stays a function of the files of its day. A reading goes from the newest page back until a page holds
nothing new, or a bound is met; then the page where it stopped is kept as a gap, which later collections close.
"""

from __future__ import annotations

import fcntl
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from requests import RequestException

from solarnet_assets.landing import BadInputError
from solarnet_assets.social.formats import RawPost, read_line
from solarnet_assets.social.items import FormatUnknownError
from solarnet_assets.social.times import TimeUnreadableError, moment_of
from solarnet_assets.sources.cursor import Cursor, Drop, Gap, load_cursor, save_cursor
from solarnet_assets.sources.polite import Pace, PoliteAdapter, WaitError
from solarnet_assets.sources.scrapers import Scraping, complaints

if TYPE_CHECKING:
    from solarnet_assets.sources.targets import Target

MASTODON_4 = "; from Mastodon 4 on instances have no pages that snscrape can read"


@dataclass(frozen=True)
class Bounds:
    """How much one collection may ask for.

    Attributes:
        pages: of one target.
        items: of one target; the page that reaches it is finished.
        days: back from now; older posts are left.
        interval: seconds between requests to one host, at least.
    """

    pages: int = 50
    items: int = 5000
    days: int = 7
    interval: float = 3.0


@dataclass
class Outcome:
    """What became of one target.

    Attributes:
        target: which one.
        pages: asked for and read.
        posts: new ones, written.
        files: that were landed.
        reason: why it could not be read, or not be read on; '' where all is well.
        left: something is left for the next collection.
    """

    target: Target
    pages: int = 0
    posts: int = 0
    files: list[Path] = field(default_factory=list)
    reason: str = ""
    left: bool = False


class _Enough(Exception):  # noqa: N818 - ends a reading, nothing is wrong
    """A reading has met what is known, or a bound."""


def collect(
    targets: Sequence[Target], root: Path, bounds: Bounds, zone: ZoneInfo, *, backoff: float = 2.0
) -> Iterator[Outcome]:
    """Fetch what is new of each target into the drop folder; yields what became of each.

    A target that fails keeps what it has and does not keep the others from being read.

    Args:
        targets: whose posts.
        root: the drop folder; made private (0700), its files 0600, because it holds ids and texts as they are.
        bounds: of this collection.
        zone: time zone of the days.
        backoff: seconds before a busy site is asked again, where it names no time.

    Raises:
        BadInputError: another collection is at work on the folder.
        OSError: the folder cannot be written.
    """
    with _alone(root):
        pace = Pace(bounds.interval)
        for target in targets:
            adapter = PoliteAdapter(target.host, pace, backoff)
            yield _Collection(target, root, bounds, zone, adapter).run()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    (root / ".cursors").mkdir(mode=0o700, exist_ok=True)
    with (root / ".cursors" / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInputError(f"another collection is at work on {root}; wait for it") from error
        yield


class _Collection:
    """One target in one collection."""

    def __init__(self, target: Target, root: Path, bounds: Bounds, zone: ZoneInfo, adapter: PoliteAdapter) -> None:
        self.target, self.bounds, self.zone, self.adapter = target, bounds, zone, adapter
        self.now = datetime.now(UTC)
        self.oldest = (self.now - timedelta(days=bounds.days)).astimezone(zone).date()
        self.drop = Drop(root, target.slug, f"{self.now:%Y%m%dT%H%M%S%fZ}")
        self.file = root / ".cursors" / f"{target.slug}.json"
        self.cursor = Cursor()
        self.outcome = Outcome(target)

    def run(self) -> Outcome:
        """Read what is new, then what earlier collections left, and land it."""
        try:
            self.cursor = load_cursor(self.file)
            self._land()
            if self._is_early() and self.cursor.not_before:
                self.outcome.reason = f"the site asked to wait until {self.cursor.not_before:%Y-%m-%d %H:%M} UTC"
                return self.outcome
            self.cursor.gaps = [gap for gap in self.cursor.gaps if gap.before > self.oldest]
            for gap in [None, *self.cursor.gaps]:
                if not (self._full() or self._is_early()):
                    self._read(gap)
            self._land()
        except BadInputError as error:
            self.outcome.reason = self.outcome.reason or str(error)
        self.outcome.left = bool(self.cursor.gaps)
        return self.outcome

    def _land(self) -> None:
        if landed := self.drop.land(self.cursor.drafts):
            self.outcome.files += landed
        self.cursor.drafts = {}
        save_cursor(self.file, self.cursor)

    def _is_early(self) -> bool:
        return self.cursor.not_before is not None and self.cursor.not_before > self.now

    def _full(self) -> bool:
        return self.outcome.pages >= self.bounds.pages or self.outcome.posts >= self.bounds.items

    def _read(self, gap: Gap | None) -> None:
        """Read from the newest page, or from a gap, until nothing new comes."""
        page: list[str] = []
        reading = _Reading(self, gap, page)
        with complaints() as said:
            scraping = Scraping(self.target, self.adapter, gap.page if gap else None, reading.turn)
            try:
                for item in scraping.items():
                    page.append(item.json())
                reading.commit(None)
            except _Enough:
                pass
            except Exception as error:  # whatever a page does to a scraper is this target's affair alone
                if isinstance(error, OSError) and not isinstance(error, RequestException):
                    raise  # the disk
                begun = scraping.page if self.outcome.pages else None
                reading.commit(gap.page if gap else begun, failed=True)
                self._note(error)
        if said and not reading.seen and not self.outcome.reason:
            self.outcome.reason = f"snscrape found nothing: {said[-1]}"

    def _note(self, error: Exception) -> None:
        from snscrape.base import ScraperException

        if isinstance(error, WaitError):
            self.cursor.not_before = error.until
        if isinstance(error, (BadInputError, ScraperException)):
            self.outcome.reason = self.outcome.reason or str(error)
            return
        hint = MASTODON_4 if self.target.scraper.startswith("mastodon") else ""
        told = f"{type(error).__name__}: {str(error)[:80]}"
        self.outcome.reason = self.outcome.reason or f"the site's page is not one that snscrape can read ({told}){hint}"


class _Reading:
    """One way back through the pages of a target."""

    def __init__(self, of: _Collection, gap: Gap | None, page: list[str]) -> None:
        self.of, self.gap, self.page = of, gap, page
        self.seen = 0

    def turn(self, following: str) -> None:
        """Finish a page before the next one is asked for; ends the reading where nothing more is wanted."""
        if self.commit(following) or self.of._full():
            raise _Enough

    def commit(self, following: str | None, *, failed: bool = False) -> bool:
        """Write what is new of the page in hand and where to go on; tells whether nothing more is wanted.

        Args:
            following: the page to go on with; None: there is none.
            failed: the page broke off, so that its end says nothing.
        """
        of, collected = self.of, datetime.now(UTC).isoformat(timespec="seconds")
        of.outcome.pages += not failed
        lines: dict[date, list[str]] = defaultdict(list)
        self.seen += len(self.page)
        days, fresh = [], 0
        for line in self.page:
            marked = f'{line[:-1]}, "_collected": "{collected}"}}'
            key, day = _place(marked, of.zone)
            days.append(day)
            if not of.cursor.is_new(key):
                continue
            fresh += 1
            if day is None or day >= of.oldest:
                lines[day or of.now.astimezone(of.zone).date()].append(marked)
        over = bool(days) and (not fresh or all(day is not None and day < of.oldest for day in days))
        done = following is None or (over and not failed)
        self._move(None if done else following, min((day for day in days if day), default=None))
        of.cursor.drafts = of.drop.append(of.cursor.drafts, lines)
        save_cursor(of.file, of.cursor)
        of.outcome.posts += sum(map(len, lines.values()))
        self.page.clear()
        return done

    def _move(self, following: str | None, reached: date | None) -> None:
        """Move, open or close the gap of this reading."""
        gaps = self.of.cursor.gaps
        if self.gap is None and following is not None:
            self.gap = Gap(following, date.max)
            gaps.insert(0, self.gap)
        if self.gap is None:
            return
        if following is None:
            gaps[:] = [gap for gap in gaps if gap is not self.gap]
            return
        self.gap.page = following
        self.gap.before = min(self.gap.before, reached + timedelta(days=1)) if reached else self.gap.before


def _place(line: str, zone: ZoneInfo) -> tuple[str, date | None]:
    """Return key and local day of an item that snscrape wrote; what has no readable time has no day."""
    try:
        post: RawPost = read_line(line.encode("utf-8", "surrogatepass"))
        key = post.key or line
        return key, moment_of(post, zone, None, None).astimezone(zone).date()
    except FormatUnknownError:
        return line, None
    except TimeUnreadableError:
        return key, None
