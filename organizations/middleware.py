"""Which organization a request acts in, and the page that tells of a refusal."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from organizations import scope
from organizations.actions.accounts import move_session
from organizations.adapters import BEGAN, keep_session
from organizations.calculations.matrix import OWN_DEPARTMENTS_ONLY
from organizations.calculations.roles import LABELS, Role
from organizations.calculations.second_factor import NEEDED_BY, days_left
from organizations.errors import LastMileError
from organizations.models import (
    Membership,
    MembershipDepartment,
    Organization,
    Person,
    PersonDepartment,
    User,
)
from organizations.permissions import Member
from organizations.reports.accounts import has_second_factor
from organizations.reports.sign_on import organization_held_to
from ui.formats import DEFAULT_STYLE, written_as

SESSION_KEY = "organization"
LAST_SEEN = "last_seen"
ROLES = "roles"
VIEW_AS = "view_as"
NOWHERE = 0
# Whoever changes these may come in everywhere the login belongs to, or open another organization.
KEYS_OF_THE_LOGIN = (
    *("account_change_password", "account_set_password", "account_email", "usersessions_list"),
    *("mfa_index", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_list_webauthn"),
    *("mfa_add_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn"),
    *("mfa_view_recovery_codes", "mfa_download_recovery_codes", "mfa_generate_recovery_codes"),
    "closed",
)
log = logging.getLogger(__name__)


class ScopeMiddleware:
    """Opens an empty scope for every request; a signed-in member's organization is entered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.member = None
        request.organization = None
        request.held_to = None
        # Kept apart from the user: pages that tell of a fault must not ask the database.
        request.theme = None
        with scope.opened():
            if request.user.is_authenticated and not _over(request):
                request.theme = request.user.theme
                _enter(request)
            with written_as(_style(request.user)), timezone.override(_zone(request)):
                return self.get_response(request)


def _style(user: Any) -> str:
    """How the person wants numbers written."""
    return user.number_format if user.is_authenticated else DEFAULT_STYLE


def _zone(request: Any) -> ZoneInfo | None:
    """The zone in which pages tell moments: the person's own, else the organization's."""
    own = request.user.time_zone if request.user.is_authenticated else ""
    theirs = request.organization.time_zone if request.organization else ""
    return ZoneInfo(own or theirs) if own or theirs else None


def _over(request: Any) -> bool:
    """End a session that was idle for an hour, or is older than twelve.

    Its expiry in the database moves with every write, so the age is counted here.
    """
    moment = datetime.now(UTC)
    now = moment.timestamp()
    last = request.session.get(LAST_SEEN, now)
    began = request.session.setdefault(BEGAN, now)
    if now - last > settings.SESSION_IDLE_SECONDS or now - began > settings.SESSION_COOKIE_AGE:
        logout(request)
        return True
    if now - last > 60 or LAST_SEEN not in request.session:
        request.session[LAST_SEEN] = now
        keep_session(request, now=moment)
    return False


def _enter(request: Any) -> None:
    today = datetime.now(UTC).date()
    request.held_to = _held_to(request)
    memberships = [
        membership
        for membership in Membership.unscoped.filter(user=request.user, organization__active=True)
        .select_related("organization")
        .order_by("organization__name", "organization_id", "pk")
        if (membership.until is None or membership.until >= today)
        and request.held_to in (None, membership.organization_id)
    ]
    _renew_key_after_role_change(request, memberships)
    if not memberships:
        return
    chosen = request.session.get(SESSION_KEY)
    organizations = {str(m.organization.public_id): m.organization for m in memberships}
    # Without a choice yet: the organization that was joined first.
    first = min(memberships, key=lambda membership: membership.pk).organization
    organization = organizations.get(chosen) or first
    scope.enter(organization.pk)
    mine = [m for m in memberships if m.organization_id == organization.pk]
    roles = frozenset(Role(m.role) for m in mine)
    request.organization = organization
    request.memberships = organizations
    request.member = Member(
        user=request.user,
        organization=organization,
        roles=roles,
        person_id=_person(request.user.pk),
        department_ids=_departments(request.user.pk, mine, today),
        second_factor_days=_second_factor_days(request.user, organization, roles),
    )
    request.role_label = request.member.role_label


def _held_to(request: Any) -> int | None:
    """The organization whose sign-on began this session: it acts in no other. None: no sign-on.

    Once the sign-on is switched off the session acts nowhere.
    """
    slugs = {
        str(used.get("provider"))
        for used in get_authentication_records(request, request.user)
        if used.get("method") == "socialaccount"
    }
    return (organization_held_to(slugs=slugs) or NOWHERE) if slugs else None


def _renew_key_after_role_change(request: Any, memberships: list[Membership]) -> None:
    """A key stolen before somebody got a role is of no use with the role."""
    held = sorted(f"{m.organization_id} {m.role}" for m in memberships)
    known = request.session.get(ROLES)
    if known == held:
        return
    if known is not None:
        old = request.session.session_key
        request.session.cycle_key()
        move_session(old_key=old, new_key=request.session.session_key)
    request.session[ROLES] = held


def _second_factor_days(
    user: User, organization: Organization, roles: frozenset[Role]
) -> int | None:
    wanted = settings.REQUIRE_MFA and organization.require_mfa and roles & NEEDED_BY
    if not wanted or has_second_factor(user_id=user.pk):
        return None
    return days_left(first_signed_in_at=user.first_signed_in_at, now=datetime.now(UTC))


def _person(user_id: int) -> int | None:
    return Person.objects.filter(user_id=user_id).values_list("pk", flat=True).first()


def _departments(user_id: int, mine: list[Membership], today: Any) -> frozenset[int]:
    """A champion's own departments, and the department a member works in."""
    roles = {Role(m.role) for m in mine}
    found: set[int] = set()
    if Role.CHAMPION in roles:
        found.update(
            MembershipDepartment.objects.filter(membership__in=mine).values_list(
                "department_id", flat=True
            )
        )
    if Role.MEMBER in roles:
        found.update(
            PersonDepartment.objects.filter(
                person__user_id=user_id, span__contains=today
            ).values_list("department_id", flat=True)
        )
    return frozenset(found)


class ViewAsMiddleware:
    """In the example organization an administrator sees pages as another role, and only sees them.

    The role is put in place once the address is known: leaving the view takes the own roles.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.viewing_as = _viewed_role(request)
        return self.get_response(request)

    def process_view(self, request: Any, *view: Any) -> HttpResponse | None:
        door = request.resolver_match
        if request.viewing_as is None or door.url_name in WITH_OWN_ROLES:
            return None
        if _changes_or_takes_away(request.method, door.route):
            context = {"sentence": LOOK_ONLY, "remedy": "Stop looking as another role first."}
            return render(request, "403.html", context, status=403)
        request.member = replace(
            request.member,
            roles=frozenset({request.viewing_as}),
            department_ids=_departments_seen_as(request.viewing_as, request.member),
        )
        request.role_label = f"Seen as {LABELS[request.viewing_as].lower()}"
        return None


LOOK_ONLY = "You are looking at pages as another role: nothing is changed, exported or sent."
WITH_OWN_ROLES = ("view_as", "view_as_stop", "switch", "account_logout", "profile_theme")


def _changes_or_takes_away(method: str, route: str) -> bool:
    takes_away = "export" in route or route.endswith((".csv", ".zip", ".xlsx"))
    return method not in ("GET", "HEAD", "OPTIONS") or takes_away


def _viewed_role(request: Any) -> Role | None:
    """The role chosen in this organization, while one is still its administrator."""
    member = request.member
    if member is None or not member.organization.example or not member.may("view_as"):
        return None
    where, role = request.session.get(VIEW_AS, ("", ""))
    return Role(role) if where == str(member.organization.public_id) else None


def _departments_seen_as(role: Role, member: Member) -> frozenset[int]:
    """A champion's departments where a champion or a member is looked at; else one's own."""
    if role not in OWN_DEPARTMENTS_ONLY:
        return member.department_ids
    first = MembershipDepartment.objects.order_by("membership_id", "pk").first()
    if first is None:
        return member.department_ids
    owned = MembershipDepartment.objects.filter(membership=first.membership_id)
    return frozenset(owned.values_list("department_id", flat=True))


class ErrorPageMiddleware:
    """Renders a refusal as a page; the API has its own handler."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, LastMileError) or exception.status >= 500:
            return None
        template = {403: "403.html", 404: "404.html"}.get(exception.status, "400.html")
        context = {"sentence": exception.message, "remedy": exception.remedy}
        return render(request, template, context, status=exception.status)


class SignOnMiddleware:
    """A session begun by one organization's sign-on does not change a login that others share.

    Else whoever runs that provider could open the other organizations with it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.held_to is None or request.resolver_match.url_name not in KEYS_OF_THE_LOGIN:
            return None
        others = Membership.unscoped.filter(user=request.user).exclude(organization=request.held_to)
        if not others.exists():
            return None
        context = {
            "sentence": "Your login belongs to other organizations as well, and you came in by the "
            "sign-on of one.",
            "remedy": "Sign in with your password to change the login itself.",
        }
        return render(request, "403.html", context, status=403)
