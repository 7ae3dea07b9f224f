"""The signed-in member, and the guard of pages. Who may do what stands in calculations/matrix."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from organizations.calculations.matrix import ALLOWED, SEE_ALL_DEPARTMENTS
from organizations.calculations.roles import LABELS, Role, first_role
from organizations.errors import NotAllowed
from organizations.models import Organization, User


@dataclass(frozen=True, kw_only=True)
class Member:
    """A signed-in user in one organization."""

    user: User
    organization: Organization
    roles: frozenset[Role]
    person_id: int | None = None
    department_ids: frozenset[int] = field(default_factory=frozenset)

    def may(self, action: str) -> bool:
        return bool(self.roles & ALLOWED[action])

    @property
    def first_role(self) -> Role | None:
        return first_role(self.roles)

    @property
    def role_label(self) -> str:
        role = self.first_role
        return LABELS[role] if role else ""

    @property
    def sees_all_departments(self) -> bool:
        return bool(self.roles & SEE_ALL_DEPARTMENTS)


class MemberRequest(HttpRequest):
    """The request as views take it, filled by the middleware."""

    user: User
    organization: Organization
    member: Member
    htmx: Any


View = Callable[..., HttpResponse]


def page(action: str) -> Callable[[View], View]:
    """A view for members who may do `action`; the crawler of the tests reads the name from it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            member = getattr(request, "member", None)
            if member is None:
                return _without_organization(request)
            if not member.may(action):
                raise NotAllowed(
                    "Your role does not include this page.",
                    remedy="Ask an administrator of your organization for the role.",
                )
            return view(request, *args, **kwargs)

        guarded.permission = action  # type: ignore[attr-defined]
        return guarded

    return decorate


def _without_organization(request: HttpRequest) -> HttpResponseRedirect:
    return redirect("no_organization")
