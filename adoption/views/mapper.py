"""Any other table: choose its columns, look at what comes of it, keep that as a profile."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from adoption.actions.admission import Door
from adoption.actions.profiles import change_profile, save_profile
from adoption.forms.mapper import (
    MappingForm,
    TableFileForm,
    carried,
    initial_of,
    tell_of_file,
)
from adoption.models import MappingProfile
from adoption.reports.initiatives import load_offer
from adoption.reports.profiles import ProfileReport, profile_report, profiles_report
from adoption.sources import mapper as source
from adoption.sources.catalogue import SOURCES
from adoption.sources.mapping import mapping_of, stored
from adoption.sources.sampling import Preview, columns_in, head_of, preview
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.telling import tell
from organizations.permissions import MemberRequest, page

BLOCK = 1024 * 1024
SAVE = "save"


@require_GET
@page("import_usage")
def mapper(request: MemberRequest) -> HttpResponse:
    """Saved profiles, and the way to a new one."""
    context = {"lines": profiles_report(), "now": datetime.now(UTC)}
    return render(request, "adoption/mapper.html", context)


@require_http_methods(["GET", "POST"])
@page("import_usage")
def mapper_new(request: MemberRequest) -> HttpResponse:
    """Look at a file, say what its columns are, see what comes of it, keep it under a name."""

    def save(form: MappingForm) -> MappingProfile:
        return save_profile(
            organization_id=request.organization.pk,
            name=form.cleaned_data["name"],
            mapping=form.mapping,
            user=request.user,
            actor=_actor(request),
            now=datetime.now(UTC),
        )

    return _mapping_page(request, save=save, report=None)


@require_http_methods(["GET", "POST"])
@page("import_usage")
def mapper_change(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The same for a saved profile; what is kept becomes its next version."""
    report = profile_report(public_id=public_id)

    def save(form: MappingForm) -> MappingProfile:
        return change_profile(
            profile=report.line.profile,
            mapping=form.mapping,
            user=request.user,
            actor=_actor(request),
            now=datetime.now(UTC),
        )

    return _mapping_page(request, save=save, report=report)


def _mapping_page(
    request: MemberRequest,
    *,
    save: Callable[[MappingForm], MappingProfile],
    report: ProfileReport | None,
) -> HttpResponse:
    chosen = TableFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and "head" in request.POST:
        return _mapped(request, _mapping_form(request, report, data=request.POST), save, report)
    if request.method == "POST" and chosen.is_valid():
        try:
            form = _mapping_form(request, report, initial=_looked_at(chosen))
        except LastMileError as refusal:
            tell_of_file(chosen, refusal)
        else:
            return _mapping(request, form, report)
    if report is not None:
        chosen = chosen if request.method == "POST" else TableFileForm()
        return _mapping(request, _mapping_form(request, report), report, chosen=chosen)
    context = {"form": chosen}
    return render(request, "adoption/mapper_file.html", context, status=_status(chosen))


def _mapped(
    request: MemberRequest,
    form: MappingForm,
    save: Callable[[MappingForm], MappingProfile],
    report: ProfileReport | None,
) -> HttpResponse:
    """What was posted of a mapping: kept, or looked at."""
    shown = None
    if form.is_valid():
        try:
            if request.POST.get("act") == SAVE:
                kept = save(form)
                messages.success(request, f"Profile {kept} is kept. It reads files from now on.")
                return redirect("mapper_profile", public_id=kept.public_id)
            shown = _preview_sample(request, form)
        except LastMileError as refusal:
            tell(form, refusal)
    return _mapping(request, form, report, shown=shown)


def _mapping(
    request: MemberRequest,
    form: MappingForm,
    report: ProfileReport | None,
    *,
    shown: Preview | None = None,
    chosen: TableFileForm | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "report": report,
        "shown": shown,
        "chosen": chosen or TableFileForm(),
    }
    return render(request, "adoption/mapper_columns.html", context, status=_status(form))


def _mapping_form(
    request: MemberRequest,
    report: ProfileReport | None,
    *,
    data: Any = None,
    initial: dict[str, Any] | None = None,
) -> MappingForm:
    mapping = mapping_of(report.line.profile.mapping) if report else None
    return MappingForm(
        data,
        initial=(initial_of(mapping) if mapping else {}) | (initial or {}),
        initiatives=_initiatives(),
        known=mapping.columns if mapping else (),
        new=report is None,
    )


def _looked_at(chosen: TableFileForm) -> dict[str, str]:
    """The beginning of a file for the page to carry. Raises EnvelopeError for what is no table."""
    sheet = chosen.cleaned_data["sheet"]
    blocks = chosen.cleaned_data["file"].chunks(BLOCK)
    head, media = head_of(blocks, content_type=chosen.content_type, sheet=sheet)
    columns_in(head, media=media)
    return {**carried(head, media), "sheet": sheet}


def _preview_sample(request: MemberRequest, form: MappingForm) -> Preview | None:
    if not form.carried:
        return None
    # Whose usage it is may be left to the import; here any initiative shows what comes of a line.
    door = Door(
        organization=request.organization,
        source=SOURCES[source.NAME],
        initiative=next((key for key, _ in _initiatives()), ""),
        content_type=form.carried_media,
        as_of=None,
        api_key=None,
        now=datetime.now(UTC),
        profile=MappingProfile(name="preview", version=1, mapping=stored(form.mapping)),
    )
    return preview([form.carried], content_type=door.content_type, context=door.context())


def _initiatives() -> list[tuple[str, str]]:
    return [(each.key, each.name) for each in load_offer(initiative_key=None).choices]


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


def _status(form: forms.Form) -> int:
    return 422 if form.is_bound and form.errors else 200
