"""Share links: make one, see and end them, and what whoever has one is shown."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations import scope
from organizations.actions.sharing import (
    NewLink,
    check_link,
    count_opening,
    find_link,
    revoke_link,
    share,
)
from organizations.errors import LastMileError
from organizations.forms.sharing import ShareForm
from organizations.forms.telling import tell
from organizations.models import ShareLink
from organizations.permissions import Member, MemberRequest, page
from organizations.registry import shareables
from organizations.reports.queue import local_today
from organizations.reports.sharing import link_for, share_links

OPENINGS = "60/m/ip"


@require_GET
@page("share_pages")
def shares(request: MemberRequest) -> HttpResponse:
    """One's own links; administrators see everybody's."""
    everybody = request.member.may("manage_settings")
    now = datetime.now(UTC)
    today = local_today(time_zone=request.organization.time_zone, now=now)
    links = share_links(user_id=request.user.pk, everybody=everybody, today=today)
    context = {"links": links, "everybody": everybody, "now": now}
    return render(request, "organizations/shared_links.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@page("share_pages")
def share_new(request: MemberRequest, name: str) -> HttpResponse:
    """Make a link to a page with the filters of the address; its text is shown this once."""
    shared = shareables.get(name)
    if shared is None or not request.member.may(shared.action):
        raise Http404
    form = ShareForm(request.POST or None, initial={"title": shared.label})
    if request.method == "POST" and form.is_valid():
        made = _share(request, name, form)
        if made is not None:
            address = request.build_absolute_uri(reverse("shared", args=[made.token]))
            context = {"link": made.link, "address": address}
            return render(request, "organizations/shared_made.html", context)
    return render(request, "organizations/shared_new.html", {"form": form, "shared": shared})


def _share(request: MemberRequest, name: str, form: ShareForm) -> NewLink | None:
    now = datetime.now(UTC)
    today = local_today(time_zone=request.organization.time_zone, now=now)
    query = request.GET.urlencode()
    try:
        # What cannot be shown to its maker is not made.
        shareables[name].show(member=request.member, query=QueryDict(query), now=now)
        return share(
            organization=request.organization,
            by=request.user,
            page=name,
            query=query,
            title=form.cleaned_data["title"],
            days=form.cleaned_data["days"],
            today=today,
            now=now,
        )
    except LastMileError as refusal:
        tell(form, refusal)
        return None


@require_POST
@page("share_pages")
def share_revoke(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """End a link at once."""
    everybody = request.member.may("manage_settings")
    link = link_for(public_id=public_id, user_id=request.user.pk, everybody=everybody)
    if link is None:
        raise Http404
    revoke_link(link=link, by=request.user, now=datetime.now(UTC))
    messages.success(request, f"“{link.title}” is revoked. Its link shows nothing any more.")
    return redirect("shares")


@never_cache
@login_not_required
@require_GET
def shared(request: Any, token: str) -> HttpResponse:
    """What a link shows, to anybody who has it; nobody is signed in by it."""
    limits = {"open_shared": OPENINGS}
    if not ratelimit.consume(
        request, app="organizations", action="open_shared", config=limits, limit_get=True
    ):
        return _closed(render(request, "429.html", status=429))
    now = datetime.now(UTC)
    try:
        link = find_link(token=token)
        with scope.opened(), scope.organization(link.organization_id):
            return _closed(_opened(request, link, now))
    except LastMileError:
        return _closed(render(request, "organizations/shared_over.html", status=404))


def _opened(request: Any, link: ShareLink, now: datetime) -> HttpResponse:
    today = local_today(time_zone=link.organization.time_zone, now=now)
    creator = check_link(link=link, today=today)
    member = Member(
        user=creator.user,
        organization=link.organization,
        roles=creator.roles,
        department_ids=creator.department_ids,
    )
    template, context = shareables[link.page].show(
        member=member, query=QueryDict(link.query), now=now
    )
    count_opening(link=link, now=now)
    more = {"link": link, "organization": link.organization, "now": now}
    return render(request, template, {**context, **more})


def _closed(answer: HttpResponse) -> HttpResponse:
    """No search engine keeps it, and no other site learns the address."""
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
