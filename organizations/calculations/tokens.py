"""Links that let somebody in by a random text: what is stored is its keyed hash."""

import hashlib
import hmac
import secrets

# 256 random bits, as 43 characters of an address.
TOKEN_BYTES = 32


def new_token() -> str:
    """A text nobody guesses, fit for an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str, *, purpose: str, secret: str) -> str:
    """64 hex digits. The purpose keeps a token of one door from opening another one."""
    key = hashlib.sha256(f"{purpose}|{secret}".encode()).digest()
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()
