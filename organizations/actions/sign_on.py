"""Sign-on by an OpenID Connect provider: set it up, and let somebody in who comes by it."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q

from organizations import scope
from organizations.actions.invitations import accept
from organizations.actions.tenant import NewLogin, get_or_create_user
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.issuers import Issuer, domain_of
from organizations.calculations.sealing import seal, unseal
from organizations.errors import Conflict, LastMileError
from organizations.models import Invitation, Membership, SignOn, User
from organizations.reports.sign_on import issuers, live_domains
from organizations.sources.oidc import Claims, Endpoints, discover, endpoints_of

LONGEST_NAME = 120
DISCOVERY_SECONDS = 600


class BadSignOn(LastMileError):
    code = "bad_sign_on"


class SignOnRefused(LastMileError):
    """The provider knows them, we do not let them in. `reason` goes into the trail."""

    code = "sign_on_refused"
    status = 403

    def __init__(self, message: str, *, reason: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class SignOnValues:
    """What an administrator says of a provider. An empty secret keeps the stored one."""

    name: str
    issuer: str
    client_id: str
    secret: str
    domains: list[str]


@transaction.atomic
def add_sign_on(
    *, organization_id: int, values: SignOnValues, actor: Actor, now: datetime
) -> SignOn:
    """A new provider, switched on. Raises BadSignOn."""
    _check(values)
    if not values.secret:
        raise BadSignOn("The provider gives a secret; it belongs here.", field="secret")
    sign_on = SignOn.objects.create(
        organization_id=organization_id,
        name=values.name,
        # Random, so that an address of sign-in tells nothing of an organization.
        slug=secrets.token_hex(8),
        issuer=values.issuer,
        client_id=values.client_id,
        sealed_secret=seal(values.secret, secret=settings.SECRET_KEY),
        domains=values.domains,
    )
    _note(
        sign_on,
        action="sign_on.added",
        actor=actor,
        now=now,
        changes={"issuer": values.issuer, "domains": values.domains},
    )
    return sign_on


@transaction.atomic
def change_sign_on(*, sign_on: SignOn, values: SignOnValues, actor: Actor, now: datetime) -> None:
    """Change a provider. Another issuer forgets who was tied to the old one. Raises BadSignOn."""
    _check(values)
    sign_on = SignOn.objects.select_for_update().get(pk=sign_on.pk)
    before = {name: getattr(sign_on, name) for name in ("name", "issuer", "client_id", "domains")}
    changed = [name for name, old in before.items() if getattr(values, name) != old]
    for name in changed:
        setattr(sign_on, name, getattr(values, name))
    if values.secret:
        sign_on.sealed_secret = seal(values.secret, secret=settings.SECRET_KEY)
        changed.append("secret")
    if not changed:
        return
    sign_on.save()
    if "issuer" in changed:
        _untie(sign_on)
    told = {name: [before[name], getattr(values, name)] for name in ("issuer", "domains")}
    _note(
        sign_on,
        action="sign_on.changed",
        actor=actor,
        now=now,
        changes={"fields": changed, **{n: v for n, v in told.items() if n in changed}},
    )


@transaction.atomic
def switch_sign_on(*, sign_on: SignOn, enabled: bool, actor: Actor, now: datetime) -> bool:
    """Let people in by a provider, or no longer; sessions it began end too. False: as before."""
    rows = SignOn.objects.filter(pk=sign_on.pk, enabled=not enabled)
    if rows.update(enabled=enabled) != 1:
        return False
    action = "sign_on.switched_on" if enabled else "sign_on.switched_off"
    _note(sign_on, action=action, actor=actor, now=now)
    return True


@transaction.atomic
def forget_ties(*, sign_on: SignOn, actor: Actor, now: datetime) -> int:
    """Forget which account of the provider is whose: the next sign-in goes by address again."""
    count = _untie(sign_on)
    _note(sign_on, action="sign_on.ties_forgotten", actor=actor, now=now, changes={"ties": count})
    return count


@transaction.atomic
def remove_sign_on(*, sign_on: SignOn, actor: Actor, now: datetime) -> None:
    """Remove a provider that is switched off. Raises Conflict while it is on."""
    if SignOn.objects.select_for_update().get(pk=sign_on.pk).enabled:
        raise Conflict("People can still sign in by it.", remedy="Switch it off first.")
    _untie(sign_on)
    _note(sign_on, action="sign_on.removed", actor=actor, now=now)
    sign_on.delete()


def endpoints(issuer: Issuer) -> Endpoints:
    """Where an issuer takes sign-ins; asked every ten minutes at most. Raises SignOnFault."""
    key = f"sign-on|{sha256(issuer.address.encode()).hexdigest()}"
    kept = cache.get(key)
    document = json.loads(kept) if kept else discover(issuer)
    found = endpoints_of(issuer, document)
    if not kept:
        cache.set(key, json.dumps(document), timeout=DISCOVERY_SECONDS)
    return found


def secret_of(sign_on: SignOn) -> str:
    """The secret in clear, for the exchange with the provider. Raises SealBroken."""
    return unseal(sign_on.sealed_secret, secret=settings.SECRET_KEY)


@transaction.atomic
def admit(*, sign_on: SignOn, claims: Claims, now: datetime) -> User:
    """The login of somebody who comes by a provider, a member or openly invited.

    The address counts only if the provider verified it and answers for its domain. Raises
    SignOnRefused.
    """
    with scope.organization(sign_on.organization_id):
        _check_address(sign_on, claims)
        tied = SocialAccount.objects.filter(provider=sign_on.slug, uid=claims.subject).first()
        user = tied.user if tied else _by_address(sign_on, claims)
        if user is None or not _is_member(user, now):
            user = _invited(user, claims, now)
        if tied is None:
            SocialAccount.objects.create(user=user, provider=sign_on.slug, uid=claims.subject)
            actor = Actor(kind="user", id=user.pk)
            _note(sign_on, action="sign_on.tied", actor=actor, now=now)
    return user


@transaction.atomic
def note_refusal(*, sign_on: SignOn, reason: str, now: datetime) -> None:
    """Write into the trail that somebody was not let in: why, and not who."""
    with scope.organization(sign_on.organization_id):
        _note(
            sign_on,
            action="sign_on.refused",
            actor=Actor(kind="system"),
            now=now,
            changes={"reason": reason},
        )


def _check(values: SignOnValues) -> None:
    issuer = issuers().get(values.issuer)
    if issuer is None:
        raise BadSignOn(
            "The operator of this server does not allow this issuer.",
            field="issuer",
            remedy="Ask for it in LASTMILE_SIGN_ON.",
        )
    foreign = [domain for domain in values.domains if domain not in issuer.domains]
    if foreign or not values.domains:
        raise BadSignOn(
            f"This issuer may answer for {', '.join(issuer.domains)} only.", field="domains"
        )


def _check_address(sign_on: SignOn, claims: Claims) -> None:
    if not claims.email or not claims.verified:
        raise SignOnRefused(
            "Your provider has not confirmed your e-mail address.",
            reason="not verified",
            remedy="Ask whoever runs it to confirm the address, then sign in again.",
        )
    if domain_of(claims.email) not in live_domains(sign_on):
        raise SignOnRefused(
            f"{sign_on.name} does not answer for the domain of your address.",
            reason="foreign domain",
            remedy="Sign in with your password instead.",
        )


def _by_address(sign_on: SignOn, claims: Claims) -> User | None:
    """The login of that address, unless another account of the provider is tied to it."""
    user = User.objects.filter(email__iexact=claims.email).first()
    if user and SocialAccount.objects.filter(provider=sign_on.slug, user=user).exists():
        raise SignOnRefused(
            "Another account of your provider is tied to this login.",
            reason="tied to another account",
            remedy="Ask an administrator to forget the ties at Settings → Sign-on.",
        )
    return user


def _is_member(user: User, now: datetime) -> bool:
    ends_later = Q(until=None) | Q(until__gte=now.date())
    return Membership.objects.filter(ends_later, user=user).exists()


def _invited(user: User | None, claims: Claims, now: datetime) -> User:
    """The login that an open invitation of that very address makes a member."""
    invitation = Invitation.objects.filter(
        email__iexact=user.email if user else claims.email,
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=now,
    ).first()
    if invitation is None:
        raise SignOnRefused(
            "You are not a member of the organization this sign-on belongs to.",
            reason="not a member",
            remedy="Ask an administrator there for an invitation.",
        )
    name = (invitation.name or claims.name or claims.email.partition("@")[0])[:LONGEST_NAME]
    user = user or get_or_create_user(NewLogin(email=claims.email, name=name))
    accept(invitation=invitation, user=user, now=now)
    return user


def _untie(sign_on: SignOn) -> int:
    count: int = SocialAccount.objects.filter(provider=sign_on.slug).delete()[0]
    return count


def _note(
    sign_on: SignOn,
    *,
    action: str,
    actor: Actor,
    now: datetime,
    changes: dict[str, object] | None = None,
) -> None:
    record(
        organization_id=sign_on.organization_id,
        actor=actor,
        action=action,
        object_kind="sign_on",
        object_id=sign_on.public_id,
        changes=changes,
        now=now,
    )
