"""What an OpenID Connect issuer says of itself and of somebody, read strictly.

The server asks hosts the operator named and no other (SECURITY R20): https, no redirect, five
seconds, one megabyte, and no address of the own network unless the operator said so.
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from requests.adapters import HTTPAdapter

from organizations.calculations.issuers import Issuer

SECONDS = 5
MOST_BYTES = 1_000_000
LEEWAY_SECONDS = 60
LONGEST_SUBJECT = 191
# Where an organization's own network lies: RFC 1918, 6598 and 4193.
INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# Keys an issuer publishes; a shared secret or none would let its readers sign as well.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class SignOnFault(Exception):
    """An issuer did not answer as it must. The words hold nothing of any person."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """What discovery names, every address on an allowed host."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    basic: bool


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Who an issuer says it is. `email` counts only where `verified`."""

    subject: str
    email: str
    verified: bool
    name: str


class _Guard(HTTPAdapter):
    """Lets requests out to the hosts of one issuer, and little back in."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self.issuer = issuer

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        check_address(self.issuer, str(request.url))
        kwargs |= {"timeout": SECONDS, "stream": True, "proxies": {}}
        answer = super().send(request, *args, **kwargs)
        if answer.is_redirect:
            answer.close()
            raise requests.exceptions.InvalidURL("The issuer redirects, which is not followed.")
        _read(answer)
        return answer


def _read(answer: Any) -> None:
    """The body, at most a megabyte of it."""
    body = bytearray()
    for block in answer.iter_content(64 * 1024):
        body += block
        if len(body) > MOST_BYTES:
            answer.close()
            raise requests.exceptions.ContentDecodingError("The issuer's answer is too long.")
    answer._content, answer._content_consumed = bytes(body), True


def check_address(issuer: Issuer, address: str) -> None:
    """Raises InvalidURL unless the operator let the server ask there.

    The name is looked up again to connect; a name that changes in between meets the certificate.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if host not in issuer.hosts or not (parts.scheme == "https" or issuer.loopback):
        raise requests.exceptions.InvalidURL("The issuer names a host that is not allowed.")
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise requests.exceptions.ConnectionError("The issuer's host is not known.") from fault
    for *_, where in found:
        if not _allowed(ipaddress.ip_address(str(where[0]).partition("%")[0]), issuer):
            raise requests.exceptions.InvalidURL("The issuer's host is in our own network.")


def _allowed(ip: ipaddress.IPv4Address | ipaddress.IPv6Address, issuer: Issuer) -> bool:
    """Outside, or inside where the operator said so; never where clouds keep their secrets."""
    inner = getattr(ip, "ipv4_mapped", None) or ip
    if inner.is_loopback:
        return issuer.loopback
    if any(inner in network for network in INSIDE):
        return issuer.private
    return bool(inner.is_global) and not inner.is_multicast


def session_for(issuer: Issuer) -> requests.Session:
    """A session that reaches the issuer's hosts only; no proxy and no .netrc of the machine."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    session.mount("https://", _Guard(issuer))
    session.mount("http://", _Guard(issuer))
    return session


def discover(issuer: Issuer) -> dict[str, Any]:
    """The issuer's description of itself. Raises SignOnFault."""
    return _json(issuer, f"{issuer.address.rstrip('/')}/.well-known/openid-configuration")


def endpoints_of(issuer: Issuer, document: dict[str, Any]) -> Endpoints:
    """The addresses of a description. Raises SignOnFault where one is missing or elsewhere."""
    if document.get("issuer") != issuer.address:
        raise SignOnFault("The issuer calls itself by another address than the one configured.")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Endpoints(
        # The browser goes there, not the server.
        authorization=_address(issuer, document, "authorization_endpoint"),
        token=_address(issuer, document, "token_endpoint"),
        keys=_address(issuer, document, "jwks_uri"),
        userinfo=_address(issuer, document, "userinfo_endpoint", needed=False),
        basic="client_secret_post" not in methods,
    )


def _address(issuer: Issuer, document: dict[str, Any], name: str, *, needed: bool = True) -> str:
    value = document.get(name)
    schemes = ("https", "http") if issuer.loopback else ("https",)
    if isinstance(value, str) and urlsplit(value).scheme in schemes:
        return value
    if needed:
        raise SignOnFault(f"The issuer does not say its {name}.")
    return ""


def exchange(
    *, issuer: Issuer, endpoints: Endpoints, client: tuple[str, str], form: dict[str, str]
) -> dict[str, Any]:
    """The tokens for a code. `client` is its id and secret. Raises SignOnFault."""
    client_id, secret = client
    own = {} if endpoints.basic else {"client_id": client_id, "client_secret": secret}
    sent = {"grant_type": "authorization_code", **form, **own}
    found = _json(issuer, endpoints.token, data=sent, auth=client if endpoints.basic else None)
    if not isinstance(found.get("access_token"), str):
        raise SignOnFault("The issuer gave no token for the code.")
    return {name: found.get(name) for name in ("access_token", "id_token")}


def claims_of(
    *, issuer: Issuer, endpoints: Endpoints, client_id: str, nonce: str, answer: dict[str, Any]
) -> Claims:
    """Who signed in, from the answer to the code. Raises SignOnFault.

    The signature is checked although the token came over TLS; the address may stand in the token
    or, of the same subject, in the issuer's answer about the user.
    """
    token = _token(
        answer.get("id_token"),
        keys=lambda: _json(issuer, endpoints.keys),
        client_id=client_id,
        issuer=issuer,
    )
    if not nonce or token.get("nonce") != nonce:
        raise SignOnFault("The answer belongs to another sign-in.")
    if token.get("azp", client_id) != client_id:
        raise SignOnFault("The answer was made for another application.")
    said = token
    if "email" not in token and endpoints.userinfo:
        access = str(answer.get("access_token", ""))
        said = _json(issuer, endpoints.userinfo, headers={"Authorization": f"Bearer {access}"})
        if said.get("sub") != token["sub"]:
            raise SignOnFault("The issuer speaks of somebody else.")
    if not 0 < len(_text(token, "sub")) <= LONGEST_SUBJECT:
        raise SignOnFault("The issuer gives no id, or one that is too long.")
    return Claims(
        subject=_text(token, "sub"),
        email=_text(said, "email").strip().lower(),
        verified=said.get("email_verified") is True,
        name=_text(said, "name").strip(),
    )


def _token(
    text: object, *, keys: Callable[[], dict[str, Any]], client_id: str, issuer: Issuer
) -> dict[str, Any]:
    """The contents of an ID token, whose signature, issuer, audience and time are right."""
    if not isinstance(text, str):
        raise SignOnFault("The issuer sent no ID token.")
    try:
        wanted = jwt.get_unverified_header(text).get("kid")
        published = jwt.PyJWKSet.from_dict(keys()).keys
        # Without a key id the only key that signs is meant.
        fitting = [k for k in published if k.key_id == wanted or (not wanted and not published[1:])]
        if not fitting:
            raise SignOnFault("The answer is signed by a key the issuer does not publish.")
        return dict(
            jwt.decode(
                text,
                fitting[0].key,
                algorithms=list(ALGORITHMS),
                audience=client_id,
                issuer=issuer.address,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        )
    except (jwt.PyJWTError, TypeError, ValueError) as fault:
        raise SignOnFault("The answer's signature, audience or time is not right.") from fault


def _text(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _json(
    issuer: Issuer,
    address: str,
    *,
    headers: dict[str, str] | None = None,
    data: dict[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """A JSON object: asked for, or the answer to a form. Raises SignOnFault."""
    method = "GET" if data is None else "POST"
    try:
        with session_for(issuer) as session:
            answer = session.request(method, address, headers=headers, data=data, auth=auth)
            answer.raise_for_status()
            found = answer.json()
    except (requests.RequestException, ValueError) as fault:
        raise SignOnFault("The issuer does not answer as it should.") from fault
    if not isinstance(found, dict):
        raise SignOnFault("The issuer's answer is not a JSON object.")
    return found
