"""Who may do what: the one table the pages, the tests and the documents read (SECURITY 3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from organizations.calculations.roles import LABELS, Role, first_role
from organizations.errors import NotAllowed
from organizations.models import Organization, User

_O, _L, _C, _X = Role.ADMINISTRATOR, Role.PROGRAM_LEAD, Role.CHAMPION, Role.EXECUTIVE
_F, _M, _A = Role.FACILITATOR, Role.MEMBER, Role.AUDITOR
_EVERYBODY = frozenset(Role)

ALLOWED: dict[str, frozenset[Role]] = {
    "see_home": _EVERYBODY,
    "see_sprint": frozenset({_L, _X}),
    "run_sprint": frozenset({_L}),
    "see_adoption": frozenset({_O, _L, _C, _X, _M, _A}),
    "see_own_usage": frozenset({_O, _L, _C, _X, _F, _M}),
    "see_initiatives": frozenset({_L, _X}),
    "edit_initiatives": frozenset({_L}),
    "import_eligibility": frozenset({_O, _L}),
    "see_people": frozenset({_O, _L}),
    "import_people": frozenset({_O, _L}),
    "see_data": frozenset({_O, _L}),
    "import_usage": frozenset({_L}),
    "link_subject": frozenset({_O, _L}),
    "manage_keys": frozenset({_O, _L}),
    "score_blind": frozenset({_F}),
}
# Roles that see adoption of their own departments only.
OWN_DEPARTMENTS_ONLY = frozenset({_C, _M})
SEE_ALL_DEPARTMENTS = ALLOWED["see_adoption"] - OWN_DEPARTMENTS_ONLY


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
