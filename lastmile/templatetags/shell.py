"""The frame of every page: navigation, organizations to switch to, the day of the sprint."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.urls import reverse

from lastmile.navigation import groups_for
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
                )
                for entry in group.entries
            ),
        )
        for group in groups_for(member)
    )


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
