"""A vendor on this machine that replays documented answers, one after the other."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(kw_only=True)
class Answer:
    """What the vendor says. `cut`: only so many of the announced bytes are sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass(kw_only=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class Vendor:
    """Answers by path, in the order in which they were put there; the last one stays."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))

    def says(self, path: str, *answers: Answer) -> None:
        self.answers[path].extend(answers)

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def next(self, path: str) -> Answer:
        waiting = self.answers.get(path)
        if not waiting:
            return Answer(status=404)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def vendor() -> Iterator[Vendor]:
    """A vendor that answers until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = Vendor(url=f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            path = self.path.split("?")[0]
            found.asked.append(
                Asked(
                    method=self.command,
                    path=self.path,
                    headers=dict(self.headers),
                    body=self.rfile.read(length),
                )
            )
            said = found.next(path)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body[: said.cut])
            if said.cut is not None:
                self.close_connection = True

        do_GET = do_POST = answer  # noqa: N815 - names of the standard library

        def log_message(self, *args: object) -> None:
            """Silent."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
