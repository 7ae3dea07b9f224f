"""A mail server on this machine: takes what it is given, or refuses as the test says."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """What arrived. `says` bends the answer to one command: {"RCPT": "550 no such user"}."""

    port: int = 0
    arrived: list[EmailMessage] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    """A server that listens until the end of the block."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as server:
        server.daemon_threads = True
        found = MailServer(port=server.server_address[1])
        server.found = found  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        found: MailServer = self.server.found  # type: ignore[attr-defined]
        self._say(found.says.get("CONNECT", "220 ready"))
        for line in self.rfile:
            command = line.decode().split(" ")[0].strip().upper()
            if command == "DATA" and "DATA" not in found.says:
                self._say("354 go on")
                self._take(found)
            self._say(found.says.get(command, "221 bye" if command == "QUIT" else "250 fine"))
            if command == "QUIT":
                return

    def _take(self, found: MailServer) -> None:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        found.arrived.append(message_from_bytes(b"".join(lines), policy=policy.default))

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())
