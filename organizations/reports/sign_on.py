"""Sign-on as settings and the sign-in page show it: what the operator allows, what is set up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.urls import reverse

from organizations.calculations.issuers import Issuer, domain_of
from organizations.models import SignOn


@dataclass(frozen=True, kw_only=True)
class SignOnLine:
    """One provider. `live`: people can sign in by it now; `domains`: those still allowed."""

    public_id: UUID
    name: str
    issuer: str
    client_id: str
    enabled: bool
    allowed: bool
    domains: tuple[str, ...]
    ties: int
    last_used_at: datetime | None
    start: str
    back: str

    @property
    def live(self) -> bool:
        return self.enabled and self.allowed and bool(self.domains)

    @property
    def words(self) -> str:
        if not self.enabled:
            return "Off"
        return "On" if self.live else "Not allowed by the operator"

    @property
    def tone(self) -> str:
        if not self.enabled:
            return "line"
        return "ok" if self.live else "warn"


def issuers() -> Mapping[str, Issuer]:
    """The issuers the operator allows, by address."""
    found: Mapping[str, Issuer] = settings.SIGN_ON_ISSUERS
    return found


def issuer_of(sign_on: SignOn) -> Issuer | None:
    """The issuer of a provider; None once the operator no longer allows it."""
    return issuers().get(sign_on.issuer)


def live_domains(sign_on: SignOn) -> tuple[str, ...]:
    """The domains a provider answers for: chosen by the administrator, allowed by the operator."""
    issuer = issuer_of(sign_on)
    return tuple(d for d in sign_on.domains if issuer and d in issuer.domains)


def usable(*, slug: str) -> SignOn | None:
    """The provider behind a sign-in address, if people can sign in by it now.

    Runs before any organization is in force, hence unscoped.
    """
    found = _live().filter(slug=slug).first()
    return found if found is not None and live_domains(found) else None


def for_address(address: str) -> list[SignOn]:
    """The providers that answer for an address, by name."""
    domain = domain_of(address)
    found = _live().filter(domains__contains=[domain]).order_by("name", "pk") if domain else []
    return [sign_on for sign_on in found if domain in live_domains(sign_on)]


def any_usable() -> bool:
    """Whether anybody can sign in by a provider: the sign-in page then says so."""
    return bool(issuers()) and any(live_domains(sign_on) for sign_on in _live())


def organization_held_to(*, slugs: set[str]) -> int | None:
    """The one organization a session begun by these providers acts in; None when there is none."""
    rows = _live().filter(slug__in=slugs)
    found = {sign_on.organization_id for sign_on in rows if live_domains(sign_on)}
    return found.pop() if len(found) == 1 else None


def sign_on_lines(*, site: str) -> tuple[SignOnLine, ...]:
    """The providers of the organization in force, by name. `site` begins every address."""
    rows = list(SignOn.objects.order_by("name", "pk"))
    used = {
        row["provider"]: row
        for row in SocialAccount.objects.filter(provider__in=[row.slug for row in rows])
        .values("provider")
        .annotate(ties=Count("pk"), last=Max("last_login"))
    }
    return tuple(_line(row, used.get(row.slug, {}), site) for row in rows)


def _line(sign_on: SignOn, used: Mapping[str, object], site: str) -> SignOnLine:
    there = {"provider_id": sign_on.slug}
    ties, last = used.get("ties", 0), used.get("last")
    return SignOnLine(
        public_id=sign_on.public_id,
        name=sign_on.name,
        issuer=sign_on.issuer,
        client_id=sign_on.client_id,
        enabled=sign_on.enabled,
        allowed=issuer_of(sign_on) is not None,
        domains=live_domains(sign_on),
        ties=ties if isinstance(ties, int) else 0,
        last_used_at=last if isinstance(last, datetime) else None,
        start=site + reverse("openid_connect_login", kwargs=there),
        back=site + reverse("openid_connect_callback", kwargs=there),
    )


def _live() -> QuerySet[SignOn]:
    return SignOn.unscoped.filter(enabled=True, organization__active=True).select_related(
        "organization"
    )
