"""Requests that stay within bounds: one host, https, verified, paced, patient, and of bounded size and time."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.util.retry import Retry

from solarnet_assets.landing import BadInputError

BUSY = frozenset({429, 500, 502, 503, 504})
"""Answers after which the same request may succeed later."""

TRIES = 4
PATIENCE = 120.0
"""Seconds that a site may make us wait within a collection; for longer the target is left to the next one."""

MAX_BODY = 8 << 20
"""Bytes of one answer, unpacked; pages of these sites have 0.1 to 0.5 MB."""

MAX_SECONDS = 60.0
"""For one answer to arrive."""


T = TypeVar("T")


class WaitError(BadInputError):
    """The site asks not to come back before ``until``."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


@dataclass
class Pace:
    """When each host was last asked; shared by all targets of a collection.

    Attributes:
        interval: seconds between requests to one host, at least.
    """

    interval: float
    last: dict[str, float] = field(default_factory=dict)

    def wait(self, host: str) -> None:
        """Wait until the host may be asked again."""
        left = self.last.get(host, float("-inf")) + self.interval - time.monotonic()
        if left > 0:
            time.sleep(left)
        self.last[host] = time.monotonic()


class PoliteAdapter(HTTPAdapter):
    """Sends what a scraper asks for, redirects included, if it is within bounds.

    Args:
        host: the only host that may be asked.
        pace: shared clock of requests.
        backoff: seconds before the second try, doubled for each further one, where the site names no time.
    """

    def __init__(self, host: str, pace: Pace, backoff: float = 2.0) -> None:
        super().__init__()
        self.host, self.pace, self.backoff = host, pace, backoff

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        """Send one request; a busy site is asked again, as late as it says.

        Raises:
            BadInputError: host, scheme, size or duration are out of bounds; WaitError: the site asks for a long wait.
        """
        self._check(str(request.url), proxies)
        for attempt in range(TRIES):
            self.pace.wait(self.host)
            response = _in_time(partial(super().send, request, True, timeout, verify or True, cert, proxies))
            if response.status_code not in BUSY or attempt == TRIES - 1:
                break
            self._wait(response, self.backoff * 2**attempt)
        _in_time(partial(_read, response))
        return response

    def _check(self, url: str, proxies: Any) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname != self.host or parts.port not in (None, 443):
            raise BadInputError(f"the site leads to {url[:100]}, which is not https://{self.host}")
        if not select_proxy(url, proxies):
            check_public(self.host)

    def _wait(self, response: Response, otherwise: float) -> None:
        asked = _retry_after(response)
        response.close()
        seconds = otherwise if asked is None else asked
        if seconds > PATIENCE:
            until = datetime.now(UTC) + timedelta(seconds=min(seconds, 86_400))
            raise WaitError(f"the site is busy and asks to wait until {until:%Y-%m-%d %H:%M} UTC", until)
        time.sleep(seconds)


def _in_time(work: Callable[[], T]) -> T:
    """Return what work returns, or give up on it: a site that sends a byte now and then is silent for no timeout.

    Raises:
        BadInputError: it takes longer than ``MAX_SECONDS``; its thread ends with the process.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # told to whoever waits
            done.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return done.result(MAX_SECONDS)
    except FutureTimeoutError as error:
        if done.done():
            raise
        raise BadInputError(f"the site's answer takes longer than {MAX_SECONDS:.0f} s") from error


def check_public(host: str) -> None:
    """Refuse a host whose name leads to an address that is not public.

    Raises:
        BadInputError: it does, or the name leads nowhere.
    """
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise BadInputError(f"the name {host} leads to no address ({error.strerror or error})") from error
    if private := sorted(address for address in found if not ipaddress.ip_address(address).is_global):
        raise BadInputError(f"the name {host} leads to {private[0]}, which is not a public address")


def _retry_after(response: Response) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3), as urllib3 reads it."""
    told = response.headers.get("Retry-After")
    try:
        return None if told is None else Retry().parse_retry_after(told)
    except Exception:  # urllib3 raises its InvalidHeader and, for absurd dates, others
        return None


def _read(response: Response) -> None:
    """Read the answer within its bounds; what follows finds it in memory."""
    start, parts, size = time.monotonic(), [], 0
    for part in response.iter_content(1 << 16):
        parts.append(part)
        size += len(part)
        if size > MAX_BODY or time.monotonic() - start > MAX_SECONDS:
            response.close()
            limits = f"{MAX_BODY >> 20} MiB or takes longer than {MAX_SECONDS:.0f} s"
            raise BadInputError(f"the answer is larger than {limits}")
    response._content = b"".join(parts)
