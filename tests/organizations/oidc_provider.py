"""An OpenID Connect provider on this machine: signs in whoever the test says.

Real keys, real tokens, real HTTP; a test bends one thing at a time and sees us refuse.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

KID = "one"


@dataclass
class Provider:
    """What the provider says next. `bend` changes the claims, `asked` keeps what we sent it."""

    address: str
    client_id: str = "last-mile"
    secret: str = "the client secret"
    person: dict[str, Any] = field(default_factory=dict)
    bend: dict[str, Any] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    signs_with: Any = None
    algorithm: str = "RS256"
    in_userinfo: bool = False
    discovery: dict[str, Any] = field(default_factory=dict)
    redirects: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        } | self.discovery

    def keys(self) -> dict[str, Any]:
        published = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [published | {"kid": KID, "use": "sig", "alg": "RS256"}]}

    def sign_in(self, leaving: str) -> str:
        """What the browser does there: the address it comes to, and the one it goes back to."""
        wanted = dict(parse_qsl(urlsplit(leaving).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = wanted
        return f"{wanted['redirect_uri']}?code={code}&state={wanted['state']}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        wanted = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = (
            wanted is not None
            and form.get("client_secret") == self.secret
            and form.get("redirect_uri") == wanted["redirect_uri"]
            and wanted.get("code_challenge_method") == "S256"
            and wanted.get("code_challenge") == challenge
        )
        if wanted is None or not right:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        about = {} if self.in_userinfo else self.person
        claims = {
            "iss": self.address,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": wanted.get("nonce"),
            "sub": self.person["sub"],
            **about,
            **self.bend,
        }
        text = jwt.encode(
            claims, self.signs_with or self.key, algorithm=self.algorithm, headers={"kid": KID}
        )
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": text}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider that answers until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    provider = Provider(address=f"http://127.0.0.1:{server.server_port}")
    server.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    @property
    def provider(self) -> Provider:
        found: Provider = self.server.provider  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.provider.asked.append((parts.path, dict(self.headers)))
        if self.provider.redirects:
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
        elif parts.path == "/.well-known/openid-configuration":
            self._answer(200, self.provider.document())
        elif parts.path == "/keys":
            self._answer(200, self.provider.keys())
        elif parts.path == "/userinfo":
            self._answer(200, self.provider.person)
        elif parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.sign_in(self.path))
            self.end_headers()
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
        self.provider.asked.append((self.path, form))
        self._answer(*self.provider.token(form))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Nothing: the test tells."""
