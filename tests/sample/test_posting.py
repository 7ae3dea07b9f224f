"""The sender against a real HTTP server that answers from a script."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lastmile.sample.posting import PostRefusedError, Sender
from lastmile.sample.writing import Kind, SampleFile

DONE = {
    "batch": 7,
    "address": "/api/v1/batches/7",
    "state": "done",
    "received": 2,
    "accepted": 1,
    "revised": 0,
    "duplicate": 0,
    "rejected": 1,
    "unmatched": 0,
}
RUNNING = DONE | {"state": "running", "accepted": 0, "received": 0, "rejected": 0}


@dataclass
class Script:
    """Answers to give in turn, and the requests that came."""

    answers: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    url: str = ""

    def sender(self) -> Sender:
        return Sender(url=self.url, key="lm_public_secret", pause=self.waited.append)


@pytest.fixture
def script() -> Iterator[Script]:
    plot = Script()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            plot.requests.append((self.command, self.path, dict(self.headers), body))
            status, content, headers = plot.answers.pop(0)
            text = json.dumps(content).encode()
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(text))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    plot.url = f"http://127.0.0.1:{server.server_port}"
    yield plot
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def copilot(tmp_path: Path) -> SampleFile:
    path = tmp_path / "usage.ndjson"
    path.write_text("{}\n{}\n")
    return SampleFile(
        kind=Kind.USAGE, path=path, rows=2, source="github_copilot", initiative="eta-prediction"
    )


def test_a_file_is_posted_as_it_is_to_the_address_of_its_kind(
    script: Script, copilot: SampleFile
) -> None:
    script.answers = [(200, DONE, {})]

    posted = script.sender().post(copilot)

    method, path, headers, body = script.requests[0]
    assert (method, path) == (
        "POST",
        "/api/v1/usage?source=github_copilot&initiative=eta-prediction",
    )
    assert headers["Authorization"] == "Bearer lm_public_secret"
    assert headers["Content-Type"] == "application/x-ndjson"
    assert body == b"{}\n{}\n"
    assert (posted.batch, posted.accepted, posted.rejected) == (7, 1, 1)


def test_people_are_posted_as_csv(script: Script, tmp_path: Path) -> None:
    script.answers = [(200, DONE, {})]
    path = tmp_path / "people.csv"
    path.write_text("email,name\n")

    script.sender().post(SampleFile(kind=Kind.PEOPLE, path=path, rows=0))

    assert script.requests[0][1] == "/api/v1/people"
    assert script.requests[0][2]["Content-Type"] == "text/csv"


def test_the_same_content_carries_the_same_idempotency_key(
    script: Script, copilot: SampleFile
) -> None:
    script.answers = [(200, DONE, {})] * 3
    script.sender().post(copilot)
    script.sender().post(copilot)
    copilot.path.write_text("{}\n")
    script.sender().post(copilot)

    keys = [headers["Idempotency-Key"] for _, _, headers, _ in script.requests]
    assert keys[0] == keys[1] != keys[2]


def test_an_accepted_batch_is_asked_for_until_it_has_ended(
    script: Script, copilot: SampleFile
) -> None:
    script.answers = [(202, RUNNING, {}), (200, RUNNING, {}), (200, DONE, {})]

    posted = script.sender().post(copilot)

    assert [(m, p) for m, p, _, _ in script.requests[1:]] == [("GET", "/api/v1/batches/7")] * 2
    assert posted.received == 2


def test_a_busy_server_is_given_the_time_it_asks_for(script: Script, copilot: SampleFile) -> None:
    script.answers = [
        (429, {"code": "too_many_requests"}, {"Retry-After": "9"}),
        (503, {}, {}),
        (200, DONE, {}),
    ]

    script.sender().post(copilot)

    assert script.waited[0] == 9.0
    assert len(script.requests) == 3


def test_a_refusal_is_told_in_the_servers_words(script: Script, copilot: SampleFile) -> None:
    script.answers = [(422, {"code": "missing_column", "detail": "The file has no email."}, {})]

    with pytest.raises(PostRefusedError, match=r"usage.ndjson: 422 .*The file has no email"):
        script.sender().post(copilot)


@pytest.mark.parametrize("state", ["refused", "dead"])
def test_a_batch_that_ends_badly_is_an_error(
    script: Script, copilot: SampleFile, state: str
) -> None:
    script.answers = [(202, RUNNING, {}), (200, RUNNING | {"state": state}, {})]

    with pytest.raises(PostRefusedError, match=state):
        script.sender().post(copilot)


def test_a_batch_without_an_end_is_given_up(script: Script, copilot: SampleFile) -> None:
    script.answers = [(202, RUNNING, {})] + [(200, RUNNING, {})] * 20
    ticks = iter(range(0, 10_000, 50))
    sender = Sender(
        url=script.url, key="k", pause=script.waited.append, clock=lambda: float(next(ticks))
    )

    with pytest.raises(PostRefusedError, match="no end after"):
        sender.post(copilot)


def test_a_server_that_is_not_there_is_named(copilot: SampleFile) -> None:
    waited: list[float] = []
    sender = Sender(url="http://127.0.0.1:1", key="k", pause=waited.append)

    with pytest.raises(PostRefusedError, match="does not answer"):
        sender.post(copilot)

    assert waited == sorted(waited)
    assert len(waited) == 5
