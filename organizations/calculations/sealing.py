"""Seal short texts at rest: the link in a mail, the secret of a sign-on provider."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


class SealBroken(ValueError):
    """The text was sealed with another secret, or changed."""


def seal(text: str, *, secret: str) -> str:
    """The text, encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _box(secret).encrypt(text.encode()).decode()


def unseal(sealed: str, *, secret: str) -> str:
    """The text again. Raises SealBroken."""
    try:
        return _box(secret).decrypt(sealed.encode()).decode()
    except InvalidToken as fault:
        raise SealBroken("sealed with another secret") from fault


def _box(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"seal|" + secret.encode()).digest()))
