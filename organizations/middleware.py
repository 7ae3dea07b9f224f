"""Which organization a request acts in, and the page that tells of a refusal."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from organizations import scope
from organizations.calculations.roles import Role
from organizations.errors import LastMileError
from organizations.models import Membership, MembershipDepartment, Person, PersonDepartment
from organizations.permissions import Member

SESSION_KEY = "organization"
LAST_SEEN = "last_seen"
log = logging.getLogger(__name__)


class ScopeMiddleware:
    """Opens an empty scope for every request; a signed-in member's organization is entered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.member = None
        request.organization = None
        with scope.opened():
            if request.user.is_authenticated and not _idle(request):
                _enter(request)
            return self.get_response(request)


def _idle(request: Any) -> bool:
    """End a session that was idle for an hour."""
    now = datetime.now(UTC).timestamp()
    last = request.session.get(LAST_SEEN, now)
    if now - last > settings.SESSION_IDLE_SECONDS:
        logout(request)
        return True
    if now - last > 60 or LAST_SEEN not in request.session:
        request.session[LAST_SEEN] = now
    return False


def _enter(request: Any) -> None:
    today = datetime.now(UTC).date()
    memberships = [
        membership
        for membership in Membership.unscoped.filter(user=request.user, organization__active=True)
        .select_related("organization")
        .order_by("organization__name", "organization_id", "pk")
        if membership.until is None or membership.until >= today
    ]
    if not memberships:
        return
    chosen = request.session.get(SESSION_KEY)
    organizations = {str(m.organization.public_id): m.organization for m in memberships}
    # Without a choice yet: the organization that was joined first.
    first = min(memberships, key=lambda membership: membership.pk).organization
    organization = organizations.get(chosen) or first
    scope.enter(organization.pk)
    mine = [m for m in memberships if m.organization_id == organization.pk]
    request.organization = organization
    request.memberships = organizations
    request.member = Member(
        user=request.user,
        organization=organization,
        roles=frozenset(Role(m.role) for m in mine),
        person_id=_person(request.user.pk),
        department_ids=_departments(request.user.pk, mine, today),
    )
    request.role_label = request.member.role_label


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
