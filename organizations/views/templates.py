"""Files to fill in for every import."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from organizations.permissions import MemberRequest, page
from organizations.reports.templates import find_template, import_templates


@require_GET
@page("see_data")
def templates(request: MemberRequest) -> HttpResponse:
    """One template for each kind of import, and whether this version takes it."""
    shown = [
        (one, bool(one.action) and request.member.may(one.action)) for one in import_templates()
    ]
    return render(request, "organizations/templates.html", {"templates": shown})


@require_GET
@page("see_data")
def template(request: MemberRequest, key: str) -> HttpResponse:
    """One of them: the header and one example row."""
    found = find_template(key=key)
    answer = HttpResponse(found.body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.key}-template.csv"'
    return answer
