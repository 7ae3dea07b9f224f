"""Saved views: the list of one's own, and what one does with them."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.saved_views import delete_view, rename_view, save_view
from organizations.errors import LastMileError, NotFound
from organizations.forms.saved_views import NameForm, SaveForm
from organizations.forms.telling import tell
from organizations.models import SavedView
from organizations.permissions import MemberRequest, page
from organizations.registry import saveables
from organizations.reports.saved_views import line_of, view_of, views_of


@require_GET
@page("save_views")
def saved_views(request: MemberRequest) -> HttpResponse:
    """Every view one has saved in this organization."""
    views = views_of(user_id=request.user.pk)
    return render(request, "organizations/saved_views.html", {"views": views})


@require_POST
@page("save_views")
def saved_view_add(request: MemberRequest) -> HttpResponse:
    """Keep the filters of a page under a name, and show it with them."""
    form = SaveForm(request.POST)
    if form.is_valid() and (made := _save(request, form)) is not None:
        messages.success(request, f"“{made.name}” is saved.")
        return redirect("saved_view", public_id=made.public_id)
    return render(request, "organizations/saved_view_edit.html", {"form": form}, status=422)


def _save(request: MemberRequest, form: SaveForm) -> SavedView | None:
    values = form.cleaned_data
    kind = saveables.get(values["page"])
    if kind is None or not request.member.may(kind.action):
        raise NotFound("Views of this page cannot be saved.")
    try:
        return save_view(
            organization=request.organization,
            user=request.user,
            page=values["page"],
            name=values["name"],
            query=values["query"],
            now=datetime.now(UTC),
        )
    except LastMileError as refusal:
        tell(form, refusal)
        return None


@require_GET
@page("save_views")
def saved_view(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Open a view: the list with its filters. Whether it may be seen is asked there."""
    return redirect(line_of(_own(request, public_id)).url)


@require_http_methods(["GET", "POST"])
@page("save_views")
def saved_view_rename(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Another name."""
    view = _own(request, public_id)
    form = NameForm(request.POST or None, initial={"name": view.name})
    if request.method == "POST" and form.is_valid():
        try:
            rename_view(view=view, name=form.cleaned_data["name"], now=datetime.now(UTC))
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Renamed.")
            return redirect("saved_views")
    return render(request, "organizations/saved_view_edit.html", {"form": form, "view": view})


@require_POST
@page("save_views")
def saved_view_delete(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Let a view go; the list it showed stays as it is."""
    view = _own(request, public_id)
    delete_view(view=view, now=datetime.now(UTC))
    messages.success(request, f"“{view.name}” is deleted. The list itself is unchanged.")
    return redirect("saved_views")


def _own(request: MemberRequest, public_id: UUID) -> SavedView:
    view = view_of(user_id=request.user.pk, public_id=public_id)
    if view is None:
        raise Http404
    return view
