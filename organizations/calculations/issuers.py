"""The issuers of sign-on that the operator allows, read from one variable.

Issuers are separated by semicolons, the parts of one by spaces: its address, the e-mail domains it
answers for, then what it needs: further hosts beginning with + (an issuer may keep its keys and
tokens elsewhere), and the word `private` for an issuer inside the own network:

    https://login.acme.example acme.example,acme.test +keys.acme.example private
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_DOMAIN = re.compile(r"(?=.{4,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+")


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """One issuer. `hosts`: every host the server may ask; `private`: it may be in our network."""

    address: str
    domains: tuple[str, ...]
    hosts: frozenset[str]
    private: bool = False

    @property
    def origin(self) -> str:
        return origin_of(self.address)

    @property
    def loopback(self) -> bool:
        return (urlsplit(self.address).hostname or "") in LOOPBACK


def read_issuers(text: str) -> Mapping[str, Issuer]:
    """Issuers by address. Raises ValueError with a sentence on what cannot be meant."""
    found = [_issuer(part) for part in text.split(";") if part.strip()]
    by_address = {issuer.address: issuer for issuer in found}
    if len(by_address) < len(found):
        raise ValueError("an issuer stands in it twice.")
    return MappingProxyType(by_address)


def _issuer(text: str) -> Issuer:
    address, *rest = text.split()
    if not rest:
        raise ValueError(f"{address} has no e-mail domain behind it.")
    parts = urlsplit(address)
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not (secure and host) or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{address} is no https address.")
    domains = tuple(domain for domain in rest[0].lower().split(",") if domain)
    strange = [domain for domain in domains if not is_domain(domain)]
    if strange or not domains:
        raise ValueError(f"{rest[0]} is no e-mail domain.")
    unknown = [word for word in rest[1:] if word != "private" and not word.startswith("+")]
    if unknown:
        raise ValueError(f"{unknown[0]} is neither +host nor private.")
    more = {word[1:].lower() for word in rest[1:] if word.startswith("+")}
    return Issuer(
        address=address,
        domains=domains,
        hosts=frozenset({host, *more}),
        private="private" in rest[1:] or host in LOOPBACK,
    )


def is_domain(text: str) -> bool:
    """Whether a text is the domain of an address, in small letters."""
    return _DOMAIN.fullmatch(text) is not None


def domain_of(address: str) -> str:
    """The domain of an e-mail address in small letters; "" when it has none."""
    return address.strip().rpartition("@")[2].lower() if "@" in address else ""


def origin_of(address: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
