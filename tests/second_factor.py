"""Steps of tests that need a second factor: set one up, and use it."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from organizations.models import User


def set_up_app(user: User) -> TOTP:
    """Give a login an authenticator app and recovery codes."""
    RecoveryCodes.activate(user)
    return TOTP.activate(user, generate_totp_secret())


def recovery_codes(user: User) -> list[str]:
    """The codes that are left."""
    return list(RecoveryCodes.activate(user).get_unused_codes())


def code_of(app: TOTP, *, steps: int = 0) -> str:
    """What the app shows now, or that many half minutes later."""
    return code_for(decrypt(app.instance.data["secret"]), steps=steps)


def code_for(secret: str, *, steps: int = 0) -> str:
    """What an app with this secret shows now, or that many half minutes later."""
    now = sorted(yield_hotp_counters_from_time())[1]
    return format_hotp_value(hotp_value(secret, now + steps))


def confirm(client: Client, app: TOTP) -> None:
    """Use the second factor, so that what needs a fresh one opens."""
    answer = client.post("/accounts/2fa/reauthenticate/", {"code": code_of(app), "next": "/"})
    assert answer.status_code == 302, answer.content


@dataclass
class Passkey:
    """An authenticator in software: answers what a browser's passkey would answer."""

    host: str = "localhost"
    origin: str = "http://localhost"
    number: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    owner: str = ""

    def made(self, options: dict[str, Any]) -> str:
        """The answer to the question of the page that adds a passkey."""
        asked = options["creation_options"]["publicKey"]
        self.owner = asked["user"]["id"]
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.number, ES256.from_cryptography_key(self.key.public_key())
        )
        attested = AttestationObject.create("none", self._seen(credential), {})
        return self._answer("webauthn.create", asked, {"attestationObject": encoded(attested)})

    def used(self, options: dict[str, Any]) -> str:
        """The answer to the question of a page that asks for a passkey."""
        asked = options["request_options"]["publicKey"]
        seen = self._seen(None)
        said = self._said("webauthn.get", asked)
        signature = self.key.sign(seen + said.hash, ec.ECDSA(hashes.SHA256()))
        more = {
            "authenticatorData": encoded(seen),
            "signature": encoded(signature),
            "userHandle": self.owner,
        }
        return self._answer("webauthn.get", asked, more)

    def _seen(self, credential: AttestedCredentialData | None) -> AuthenticatorData:
        flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
        if credential is not None:
            flags |= AuthenticatorData.FLAG.AT
        site = hashlib.sha256(self.host.encode()).digest()
        return AuthenticatorData.create(site, flags, 0, credential or b"")

    def _said(self, kind: str, asked: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(kind, asked["challenge"], self.origin)

    def _answer(self, kind: str, asked: dict[str, Any], more: dict[str, Any]) -> str:
        return json.dumps(
            {
                "type": "public-key",
                "id": encoded(self.number),
                "rawId": encoded(self.number),
                "clientExtensionResults": {"credProps": {"rk": True}},
                "response": more | {"clientDataJSON": encoded(self._said(kind, asked))},
            }
        )


def encoded(some: bytes) -> str:
    return websafe_encode(bytes(some))


def set_up_passkey(user: User, *, name: str = "Laptop") -> Passkey:
    """Give a login a passkey that signs in alone."""
    passkey = Passkey(owner=encoded(user_pk_to_url_str(user).encode()))
    question = {"publicKey": {"challenge": "AAAA", "user": {"id": passkey.owner}}}
    WebAuthn.add(user, name, json.loads(passkey.made({"creation_options": question})))
    return passkey
