"""The frame of every page: navigation, organizations to switch to, the day of the sprint."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.urls import resolve, reverse

from lastmile.navigation import SETTINGS_TABS, groups_for
from organizations.reports.mail import sends_mail
from organizations.reports.notes import NoteLine
from organizations.reports.notes import notes_on as notes_of
from organizations.reports.queue import Reader, local_today, waiting_counts
from organizations.reports.saved_views import ViewLine, views_of
from sprints.reports import day_counter

register = template.Library()


@dataclass(frozen=True, kw_only=True)
class NavItem:
    label: str
    url: str
    icon: str
    current: bool
    key: str
    count: int | None = None
    due: bool = False


@dataclass(frozen=True, kw_only=True)
class NavGroup:
    title: str
    items: tuple[NavItem, ...]


@register.simple_tag(takes_context=True)
def navigation(context: dict[str, Any]) -> tuple[NavGroup, ...]:
    """Groups of links for the signed-in member; empty without one."""
    request = context.get("request")
    member = getattr(request, "member", None)
    if request is None or member is None:
        return ()
    waiting = _waiting(member)
    return tuple(
        NavGroup(
            title=group.title,
            items=tuple(
                NavItem(
                    label=entry.label,
                    url=reverse(entry.name),
                    icon=entry.icon,
                    current=_is_current(request.path, reverse(entry.name)),
                    key=entry.key,
                    count=waiting if entry.name == "queue" else None,
                    due=entry.name == "queue" and waiting is not None,
                )
                for entry in group.entries
            ),
        )
        for group in groups_for(member)
    )


def _waiting(member: Any) -> int | None:
    """How many decisions wait for the member; None instead of a nought."""
    today = local_today(time_zone=member.organization.time_zone, now=datetime.now(UTC))
    reader = Reader(user_id=member.user.pk, roles=member.roles, today=today)
    return waiting_counts(reader=reader).count or None


@dataclass(frozen=True, kw_only=True)
class KeptViews:
    """Saved views of a page, and the filters it has now. allowed: whether there can be any."""

    allowed: bool
    views: tuple[ViewLine, ...] = ()
    query: str = ""


@register.simple_tag(takes_context=True)
def saved_views(context: Any, page: str) -> KeptViews:
    """The member's saved views of a page; works inside a component."""
    request = getattr(context, "request", None)
    member = getattr(request, "member", None)
    if request is None or member is None or not member.may("save_views"):
        return KeptViews(allowed=False)
    views = views_of(user_id=member.user.pk, page=page)
    return KeptViews(allowed=True, views=views, query=request.GET.urlencode())


@dataclass(frozen=True, kw_only=True)
class KeptNotes:
    """Notes on an object; writes: whether the member may add one."""

    notes: tuple[NoteLine, ...]
    writes: bool


@register.simple_tag(takes_context=True)
def notes_on(context: Any, kind: str, object_id: Any) -> KeptNotes:
    """Notes on an object for the signed-in member; works inside a component."""
    member = getattr(getattr(context, "request", None), "member", None)
    if member is None:
        return KeptNotes(notes=(), writes=False)
    notes = notes_of(kind=kind, object_id=str(object_id), user_id=member.user.pk)
    return KeptNotes(notes=notes, writes=member.may("write_notes"))


@register.simple_tag(takes_context=True)
def may(context: Any, action: str) -> bool:
    """``{% may "see_members" as sees %}``: also inside an include that ends in ``only``."""
    member = getattr(getattr(context, "request", None), "member", None)
    return member is not None and member.may(action)


@register.simple_tag
def mail_is_sent() -> bool:
    """Whether a mail that a page promises will leave; {% mail_is_sent as sent %}."""
    return sends_mail()


def _is_current(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))


@dataclass(frozen=True, kw_only=True)
class Other:
    public_id: str
    name: str
    mark: str


@register.simple_tag(takes_context=True)
def organizations(context: dict[str, Any]) -> dict[str, Any]:
    """The organization in force and those the user can switch to."""
    request = context.get("request")
    current = getattr(request, "organization", None)
    if current is None or request is None:
        return {"current": None, "others": ()}
    others = tuple(
        Other(public_id=public_id, name=organization.name, mark=organization.mark)
        for public_id, organization in request.memberships.items()
        if organization.pk != current.pk
    )
    return {"current": current, "others": others}


@dataclass(frozen=True, kw_only=True)
class Daycount:
    day: int
    total: int
    phase: str
    f1: int
    f2: int
    f3: int
    url: str


@register.simple_tag(takes_context=True)
def daycount(context: dict[str, Any]) -> Daycount | None:
    """The day of the running sprint for members who may see it; None without one."""
    request = context.get("request")
    member = getattr(request, "member", None)
    if request is None or member is None or not member.may("see_sprint"):
        return None
    zone = ZoneInfo(member.organization.time_zone)
    today = datetime.now(UTC).astimezone(zone).date()
    day = day_counter(organization_id=member.organization.pk, today=today)
    if day is None:
        return None
    first, second, third = day.phase_fill
    return Daycount(
        day=day.day,
        total=day.total,
        phase=day.phase_name,
        f1=first,
        f2=second,
        f3=third,
        url=reverse("sprint_home"),
    )


@dataclass(frozen=True, kw_only=True)
class Tab:
    name: str
    label: str
    url: str


@register.simple_tag(takes_context=True)
def settings_tabs(context: Any) -> tuple[Tab, ...]:
    """Tabs of the settings that the signed-in member may open; works inside `include … only`."""
    member = getattr(getattr(context, "request", None), "member", None)
    if member is None:
        return ()
    tabs = (Tab(name=name, label=label, url=reverse(name)) for name, label in SETTINGS_TABS)
    return tuple(tab for tab in tabs if member.may(_action_of(tab.url)))


def _action_of(url: str) -> str:
    """The action that the page behind an address asks for."""
    page: Any = resolve(url).func
    return str(page.permission)
