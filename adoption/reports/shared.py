"""The adoption page for whoever has a link: suppressed figures of groups, nothing to click."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from adoption.reports import ranges
from adoption.reports.adoption import adoption_report
from adoption.reports.charts import share_chart
from organizations.permissions import Member


def show_adoption(
    *, member: Member, query: Mapping[str, str], now: datetime
) -> tuple[str, Mapping[str, Any]]:
    """Template and context, with the filters of the link and the rights of its maker.

    Raises NotFound for a department or initiative that is gone or not the maker's to see.
    """
    zone = ZoneInfo(member.organization.time_zone)
    report = adoption_report(
        organization=member.organization,
        member=member,
        department_key=query.get("department") or None,
        initiative_key=query.get("initiative") or None,
        weeks=query.get("weeks") or ranges.DEFAULT,
        today=now.astimezone(zone).date(),
        now=now,
    )
    chart = share_chart(points=report.points, finding=report.title) if report.points else None
    return "adoption/shared.html", {"report": report, "chart": chart}
