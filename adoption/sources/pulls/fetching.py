"""Ask a vendor for a report: fixed hosts, no redirects followed, patience with limits.

The operator runs pulls by command, with tokens from the environment. Whatever a vendor answers can
name only hosts of its own list; a redirect is an answer like any other, and its target is looked at
before it is asked.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

MOST_TRIES = 5
FIRST_WAIT = 2.0
LONGEST_WAIT = 300.0
SECONDS_TO_ANSWER = 60
MOST_BYTES = 64 * 1024 * 1024
BLOCK = 1024 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
LATER = (429, 500, 502, 503, 504)


class PullError(Exception):
    """The report could not be fetched; the words say what to do. Never holds a token or a link."""


class LinkExpired(PullError):
    """A signed link no longer opens; asking for the report again gives a fresh one."""


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """Where a vendor's reports come from. A star stands for letters, digits and hyphens.

    scheme: https, but for a server on this machine that a test runs.
    """

    names: tuple[str, ...]
    scheme: str = "https"

    def allow(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.hostname or ""
        named = any(_pattern(name).fullmatch(host) for name in self.names)
        return parts.scheme == self.scheme and named and parts.username is None


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\*", "[a-z0-9-]*"))


@dataclass(kw_only=True)
class Fetcher:
    """Asks, waits when told to, and gives up after five tries.

    wait: how to wait for so many seconds, so that nobody waits in a test.
    """

    hosts: Hosts
    wait: Callable[[float], None] = time.sleep
    session: requests.Session = field(default_factory=requests.Session)

    def ask(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One answer below 400, or a redirect. Raises `PullError`, `LinkExpired` on 403 and 410.

        With `form` it is posted, else the address is read. 404 and 204 are answers: the vendor has
        no such report yet.
        """
        if not self.hosts.allow(url):
            raise PullError("The vendor named a host that is not on its list; nothing was asked.")
        for attempt in range(MOST_TRIES):
            answer = self._once(url, headers or {}, form)
            if answer is not None and answer.status_code not in LATER:
                return self._checked(answer)
            if attempt + 1 < MOST_TRIES:
                self.wait(_patience(answer, attempt))
        raise PullError(f"The vendor did not answer after {MOST_TRIES} tries; try again later.")

    def _once(
        self, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> requests.Response | None:
        try:
            return self.session.request(
                "POST" if form is not None else "GET",
                url,
                headers=dict(headers),
                data=form,
                timeout=SECONDS_TO_ANSWER,
                allow_redirects=False,
                stream=True,
            )
        except (requests.ConnectionError, requests.Timeout):
            return None

    def _checked(self, answer: requests.Response) -> requests.Response:
        if answer.status_code in (403, 410):
            raise LinkExpired("The vendor refused: the link has expired, or the token may not.")
        if answer.status_code == 401:
            raise PullError("The vendor does not know this token; check it and its permissions.")
        if answer.status_code >= 400 and answer.status_code != 404:
            raise PullError(f"The vendor answered {answer.status_code}; check what was asked for.")
        return answer


def blocks_of(answer: requests.Response) -> Iterator[bytes]:
    """The body in blocks. Raises `PullError` above 64 MB or when it ends too early."""
    size = 0
    try:
        for block in answer.iter_content(BLOCK):
            size += len(block)
            if size > MOST_BYTES:
                raise PullError("The report is larger than 64 MB; ask for fewer days.")
            yield block
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        raise PullError("The report broke off on the way; nothing of it was kept.") from None


def whole(answer: requests.Response) -> bytes:
    """The whole body. Raises `PullError` when fewer bytes came than were announced."""
    body = b"".join(blocks_of(answer))
    announced = answer.headers.get("Content-Length")
    plain = "Content-Encoding" not in answer.headers
    if plain and announced and announced.isdigit() and len(body) != int(announced):
        raise PullError("The report broke off on the way; nothing of it was kept.")
    return body


def _patience(answer: requests.Response | None, attempt: int) -> float:
    """Seconds to wait: what the vendor asks for, else twice as long each time."""
    told = answer.headers.get("Retry-After", "") if answer is not None else ""
    if told.isdigit():
        return min(float(told), LONGEST_WAIT)
    return min(FIRST_WAIT * 2.0**attempt, LONGEST_WAIT)
