"""Post files to the public API as a customer's integration does: by key, safe to repeat."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from lastmile.sample.writing import Kind, SampleFile

REQUEST_SECONDS = 60.0
BATCH_SECONDS = 180.0
PAUSE_SECONDS = 0.25
TRIES = 6
LONGEST_PAUSE_SECONDS = 20.0
# Still running under the same Idempotency-Key, too many requests, not ready yet.
AGAIN = frozenset({409, 429, 503})
OPEN = frozenset({"received", "running"})


class PostRefusedError(Exception):
    """The API did not take a file, or did not come to an end with it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: dict[str, Any]
    retry_after: float | None


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What became of a file's rows; `rejected` and `unmatched` may be wanted."""

    batch: int
    received: int
    accepted: int
    revised: int
    duplicate: int
    rejected: int
    unmatched: int


@dataclass(frozen=True, kw_only=True)
class Sender:
    """One organization's connection. `pause` waits; tests hand in one that does not."""

    url: str
    key: str
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def post(self, file: SampleFile) -> Posted:
        """Post one file and wait until its batch has ended. Raises PostRefusedError.

        The Idempotency-Key follows from address and content: posting again replays the answer.
        """
        path, content = path_of(file), file.path.read_bytes()
        digest = sha256(f"{path}\n".encode() + content).hexdigest()
        headers = {"Content-Type": file.content_type, "Idempotency-Key": f"sample-{digest[:40]}"}
        answer = self._ask("POST", path, headers, content)
        if answer.status not in (200, 202):
            raise PostRefusedError(f"{file.path.name}: {answer.status} {_words(answer.body)}")
        return self._ended(file, answer)

    def _ended(self, file: SampleFile, answer: Answer) -> Posted:
        """The batch's last word, asked for until it comes."""
        deadline = self.clock() + BATCH_SECONDS
        body = answer.body
        while body.get("state") in OPEN:
            if self.clock() > deadline:
                raise PostRefusedError(f"{file.path.name}: no end after {BATCH_SECONDS:.0f} s")
            self.pause(PAUSE_SECONDS)
            body = self._ask("GET", urlsplit(str(body["address"])).path, {}, None).body
        if body.get("state") != "done":
            raise PostRefusedError(f"{file.path.name}: {_words(body)}")
        return Posted(**{name: int(body[name]) for name in Posted.__dataclass_fields__})

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        """One request, again after a pause while the server asks for patience or is not there."""
        wait = PAUSE_SECONDS
        for left in range(TRIES - 1, -1, -1):
            try:
                answer = self._once(method, path, headers, body)
            except (OSError, HTTPException) as fault:
                if not left:
                    raise PostRefusedError(f"{self.url} does not answer: {fault}") from fault
                answer = None
            if answer is not None and (answer.status not in AGAIN or not left):
                return answer
            stated = answer.retry_after if answer else None
            self.pause(min(stated if stated is not None else wait, LONGEST_PAUSE_SECONDS))
            wait *= 2
        raise AssertionError("the last try answers or raises")

    def _once(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        where = urlsplit(self.url)
        kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
        connection = kind(where.hostname or "127.0.0.1", where.port, timeout=REQUEST_SECONDS)
        try:
            sent = {"Authorization": f"Bearer {self.key}", "Accept": "application/json", **headers}
            connection.request(method, where.path.rstrip("/") + path, body=body, headers=sent)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        after = response.headers.get("Retry-After") or ""
        return Answer(
            status=response.status,
            body=_object(text),
            retry_after=float(after) if after.isdigit() else None,
        )


def path_of(file: SampleFile) -> str:
    """The address a file is posted to."""
    if file.kind is not Kind.USAGE:
        return f"/api/v1/{file.kind.value}"
    query = {"source": file.source}
    if file.initiative:
        query["initiative"] = file.initiative
    return f"/api/v1/usage?{urlencode(query)}"


def _object(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _words(body: dict[str, Any]) -> str:
    """What the server said, in one line."""
    said = [str(body[name]) for name in ("code", "detail", "problem", "state") if body.get(name)]
    first = body.get("errors") or []
    if first and isinstance(first[0], dict):
        said.append(f"line {first[0].get('line')}: {first[0].get('message')}")
    return "; ".join(said) or "no explanation"
