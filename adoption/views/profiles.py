"""One saved profile: a file is read by it; it is archived, brought back or deleted."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from adoption.actions.admission import Door
from adoption.actions.profiles import archive_profile, check_current, delete_profile
from adoption.forms.mapper import ProfileImportForm, tell_of_file
from adoption.reports.initiatives import load_offer
from adoption.reports.profiles import ProfileReport, profile_report
from adoption.sources import mapper as source
from adoption.sources.catalogue import SOURCES
from adoption.sources.mapping import mapping_of
from adoption.sources.sampling import Preview, preview
from organizations.actions.batches import NewBatch, Received, receive, work_off
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind
from organizations.errors import LastMileError
from organizations.permissions import MemberRequest, page

BLOCK = 1024 * 1024
IMPORT = "import"


@require_http_methods(["GET", "POST"])
@page("import_usage")
def mapper_profile(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """What a profile says; a file is read by it to be looked at, or to be imported."""
    report = profile_report(public_id=public_id)
    form = ProfileImportForm(
        request.POST or None,
        request.FILES or None,
        initiatives=[(each.key, each.name) for each in load_offer(initiative_key=None).choices],
        named="initiative" in mapping_of(report.line.profile.mapping).uses,
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _read(request, form, report)
        except LastMileError as refusal:
            tell_of_file(form, refusal)
    return _shown(request, form, report)


@require_POST
@page("import_usage")
def mapper_archive(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Take a profile out of use, or bring it back."""
    report = profile_report(public_id=public_id)
    archive_profile(
        profile=report.line.profile,
        archived=not report.line.archived,
        actor=_actor(request),
        now=datetime.now(UTC),
    )
    done = "is in use again" if report.line.archived else "is archived; you can bring it back"
    messages.success(request, f"Profile {report.line.profile.name} {done}.")
    return redirect("mapper_profile", public_id=public_id)


@require_POST
@page("import_usage")
def mapper_delete(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Delete a profile that has read nothing."""
    profile = profile_report(public_id=public_id).line.profile
    try:
        delete_profile(profile=profile, actor=_actor(request), now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
        return redirect("mapper_profile", public_id=public_id)
    messages.success(request, f"Profile {profile.name} is deleted.")
    return redirect("mapper")


def _read(request: MemberRequest, form: ProfileImportForm, report: ProfileReport) -> HttpResponse:
    """Import the file, or look at what would come of it. Raises what reading it raises."""
    check_current(profile=report.line.profile)
    door = Door(
        organization=request.organization,
        source=SOURCES[source.NAME],
        initiative=form.initiative,
        content_type=form.content_type,
        as_of=None,
        api_key=None,
        now=datetime.now(UTC),
        profile=report.line.profile,
    )
    blocks = form.cleaned_data["file"].chunks(BLOCK)
    if request.POST.get("act") != IMPORT:
        found = preview(blocks, content_type=door.content_type, context=door.context())
        return _shown(request, form, report, found=found)
    received = _receive(request, door, filename=form.cleaned_data["file"].name, blocks=blocks)
    number = received.batch.number
    if received.replayed:
        messages.info(request, f"This file had come before, as batch {number}. Nothing changed.")
    else:
        messages.success(request, f"The file is kept as batch {number}.")
    return redirect("batch", number=number)


def _receive(
    request: MemberRequest, door: Door, *, filename: str, blocks: Iterable[bytes]
) -> Received:
    new = NewBatch(
        organization_id=request.organization.pk,
        kind=BatchKind.USAGE,
        source=door.source.name,
        source_version=door.source.version,
        content_type=door.kept_as,
        actor=_actor(request),
        initiative=door.initiative,
        user=request.user,
        filename=filename,
        options=door.options,
    )
    received = receive(new=new, blocks=door.admitted(blocks), now=door.now)
    if received.small and not received.replayed:
        work_off(batch=received.batch, clock=lambda: datetime.now(UTC))
    return received


def _shown(
    request: MemberRequest,
    form: ProfileImportForm,
    report: ProfileReport,
    *,
    found: Preview | None = None,
) -> HttpResponse:
    context = {
        "report": report,
        "mapping": mapping_of(report.line.profile.mapping),
        "form": form,
        "shown": found,
        "site": request.build_absolute_uri("/").rstrip("/"),
        "now": datetime.now(UTC),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "adoption/mapper_profile.html", context, status=status)


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)
