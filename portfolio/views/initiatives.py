"""The register of initiatives, one initiative, who may use it, and the scorer's first screen."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.actions.batches import NewBatch, receive, work_off
from organizations.actions.trail import record
from organizations.calculations.actor import Actor
from organizations.calculations.jobs import BatchKind
from organizations.errors import LastMileError
from organizations.permissions import MemberRequest, fresh, page
from portfolio.actions.eligibility import add_rule, end_rule
from portfolio.actions.initiatives import InitiativeValues, change_stage, save_initiative
from portfolio.actions.registration import register_initiative
from portfolio.calculations.stages import Rule, Stage
from portfolio.forms.imports import EligibilityImportForm, ImportForm
from portfolio.forms.initiatives import (
    EndForm,
    InitiativeForm,
    NewInitiativeForm,
    RuleForm,
    StageForm,
    asked_rule,
    initiative_initial,
    register_filter,
    tell,
)
from portfolio.models import Initiative
from portfolio.reports.initiative import find_initiative, find_rule, initiative_report
from portfolio.reports.register import InitiativeLine, register_lines, register_report
from portfolio.sources.register import ELIGIBILITY_TEMPLATE, INITIATIVES_TEMPLATE
from ui.formats import long_date
from ui.tables import Cell, write_csv

HEADER = (
    *("key", "name", "stage", "owner", "department", "outcome", "metric", "baseline", "target"),
    *("target_date", "monthly_budget", "currency", "eligibility_rules_open"),
)
RULE_WORDS = {
    Rule.DEPARTMENT: "A department",
    Rule.JOB_ROLE: "A job role",
    Rule.PERSON: "One person",
    Rule.ALL: "Everybody",
}


def _today(request: MemberRequest) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(request.organization.time_zone)).date()


def _actor(request: MemberRequest) -> Actor:
    return Actor(kind="user", id=request.user.pk)


@require_GET
@page("see_initiatives")
def initiatives(request: MemberRequest) -> HttpResponse:
    """The register, under the filters of the address."""
    wanted = register_filter(request.GET)
    report = register_report(wanted=wanted, today=_today(request), page=request.GET.get("page"))
    context = {
        "report": report,
        "wanted": wanted,
        "stages": list(Stage),
        "may_edit": request.member.may("edit_initiatives"),
        "today": _today(request),
    }
    return render(request, "portfolio/initiatives.html", context)


@require_GET
@page("see_initiatives")
@fresh
def initiatives_export(request: MemberRequest) -> Any:
    """The register as a file, under the filters of its address."""
    wanted, today = register_filter(request.GET), _today(request)
    rows = [_row(line) for line in register_lines(wanted=wanted, today=today)]
    with transaction.atomic():
        record(
            organization_id=request.organization.pk,
            actor=_actor(request),
            action="initiatives.exported",
            object_kind="initiative",
            object_id="list",
            changes={"lines": len(rows)},
            now=datetime.now(UTC),
        )
    return FileResponse(
        write_csv(rows, HEADER), as_attachment=True, filename=f"initiatives-{today:%Y-%m-%d}.csv"
    )


def _row(line: InitiativeLine) -> Sequence[Cell]:
    return (
        *(line.key, line.name, line.stage.value, line.owner, line.department, line.outcome),
        *(line.metric, line.baseline, line.target, line.target_date, line.monthly_budget),
        *(line.currency, line.rules_open),
    )


@require_http_methods(["GET", "POST"])
@page("edit_initiatives")
def initiative_new(request: MemberRequest) -> HttpResponse:
    """Register an initiative, after a look at similar ones."""
    form = NewInitiativeForm(request.POST or None, currency=request.organization.currency)
    if request.method == "POST" and form.is_valid():
        try:
            made = register_initiative(
                organization_id=request.organization.pk,
                values=InitiativeValues(**form.values()),
                similar_keys=[other.key for other in form.similar],
                reason=form.cleaned_data["reason"],
                actor=_actor(request),
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"{made.name} is registered. Next: say who may use it.")
            return redirect("initiative", key=made.key)
    return render(request, "portfolio/initiative_new.html", {"form": form})


@require_GET
@page("see_initiatives")
def initiative(request: MemberRequest, key: str) -> HttpResponse:
    """One initiative; who may use it in numbers, and by rule for those who write the rules."""
    report = initiative_report(key=key, today=_today(request))
    context = {
        "report": report,
        "initiative": report.initiative,
        "stage_form": StageForm(initial={"stage": report.initiative.stage}),
        "may_edit": request.member.may("edit_initiatives"),
        "today": _today(request),
    }
    return render(request, "portfolio/initiative.html", context)


@require_http_methods(["GET", "POST"])
@page("edit_initiatives")
def initiative_edit(request: MemberRequest, key: str) -> HttpResponse:
    """Change what an initiative says of itself. Its key stays: integrations use it."""
    stored = find_initiative(key=key)
    form = InitiativeForm(
        request.POST or None,
        currency=request.organization.currency,
        initial=initiative_initial(stored),
    )
    if request.method == "POST" and form.is_valid():
        values = InitiativeValues(key=stored.key, **form.values())
        try:
            save_initiative(values=values, actor=_actor(request), now=datetime.now(UTC))
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"{values.name} is saved.")
            return redirect("initiative", key=stored.key)
    return render(request, "portfolio/initiative_edit.html", {"form": form, "initiative": stored})


@require_POST
@page("edit_initiatives")
def initiative_stage(request: MemberRequest, key: str) -> HttpResponse:
    """Move an initiative to another stage."""
    stored, form = find_initiative(key=key), StageForm(request.POST)
    if not form.is_valid():
        messages.error(request, "There is no such stage. Nothing has changed.")
        return redirect("initiative", key=key)
    stage = form.cleaned_data["stage"]
    moved = change_stage(
        initiative=stored, stage=stage, actor=_actor(request), now=datetime.now(UTC)
    )
    if moved:
        messages.success(request, f"{stored.name} is {stage.value} now.")
    else:
        messages.info(request, f"{stored.name} was {stage.value} already.")
    return redirect("initiative", key=key)


@require_http_methods(["GET", "POST"])
@page("edit_initiatives")
def rule_new(request: MemberRequest, key: str) -> HttpResponse:
    """Open an initiative to everybody, a department, a job role or one person."""
    stored, rule = find_initiative(key=key), asked_rule(request.GET)
    form = RuleForm(request.POST or None, rule=rule, initial={"first": _today(request)})
    if request.method == "POST" and form.is_valid():
        try:
            _open(request, stored, rule, form)
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "The rule holds. Figures follow within a minute.")
            return redirect("initiative", key=key)
    context = {"form": form, "initiative": stored, "rule": rule, "rules": RULE_WORDS}
    return render(request, "portfolio/rule_new.html", context | {"words_of_rule": RULE_WORDS[rule]})


def _open(request: MemberRequest, stored: Initiative, rule: Rule, form: RuleForm) -> None:
    add_rule(
        initiative=stored,
        rule=rule,
        actor=_actor(request),
        now=datetime.now(UTC),
        **form.cleaned_data,
    )


@require_POST
@page("edit_initiatives")
def rule_end(request: MemberRequest, key: str, public_id: UUID) -> HttpResponse:
    """Close access at the end of a day; what was used until then still counts."""
    rule, form = find_rule(key=key, public_id=public_id), EndForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The last day is not a date. The rule is unchanged.")
        return redirect("initiative", key=key)
    last = form.cleaned_data["last_day"]
    try:
        ended = end_rule(rule=rule, last_day=last, actor=_actor(request), now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} The rule is unchanged.")
    else:
        words = "The rule ends" if ended else "The rule ended already"
        messages.success(request, f"{words} with {long_date(last)}.")
    return redirect("initiative", key=key)


@require_http_methods(["GET", "POST"])
@page("edit_initiatives")
def initiatives_import(request: MemberRequest) -> HttpResponse:
    """Take a file of initiatives in by the road that the API takes, and show its batch."""
    form = ImportForm(request.POST or None, request.FILES or None)
    return _import(request, BatchKind.INITIATIVES, form, "portfolio/initiatives_import.html")


@require_http_methods(["GET", "POST"])
@page("import_eligibility")
def eligibility_import(request: MemberRequest) -> HttpResponse:
    """Take a file of rules or of seats in by the road that the API takes, and show its batch."""
    form = EligibilityImportForm(request.POST or None, request.FILES or None)
    return _import(request, BatchKind.ELIGIBILITY, form, "portfolio/eligibility_import.html")


def _import(
    request: MemberRequest, kind: BatchKind, form: ImportForm, template: str
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            number = _receive(request, kind, form)
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            return redirect("batch", number=number)
    may_see = request.member.may("see_initiatives")
    return render(request, template, {"form": form, "may_see_initiatives": may_see})


def _receive(request: MemberRequest, kind: BatchKind, form: ImportForm) -> int:
    file = form.cleaned_data["file"]
    received = receive(
        new=NewBatch(
            organization_id=request.organization.pk,
            kind=kind,
            source=form.cleaned_data.get("source", kind.value),
            source_version=1,
            content_type=form.content_type,
            initiative=form.key,
            actor=_actor(request),
            user=request.user,
            filename=file.name,
        ),
        blocks=file.chunks(),
        now=datetime.now(UTC),
    )
    if received.replayed:
        messages.info(request, "This file was taken before. Nothing has changed.")
    elif received.small:
        work_off(batch=received.batch, clock=lambda: datetime.now(UTC))
    return received.batch.number


@require_GET
@page("edit_initiatives")
def initiatives_template(request: MemberRequest) -> HttpResponse:
    """A file to fill in: the header and one example row."""
    return _template(INITIATIVES_TEMPLATE, "initiatives-template.csv")


@require_GET
@page("import_eligibility")
def eligibility_template(request: MemberRequest) -> HttpResponse:
    """A file to fill in: the header and one example row."""
    return _template(ELIGIBILITY_TEMPLATE, "eligibility-template.csv")


def _template(body: str, filename: str) -> HttpResponse:
    answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


@require_GET
@page("score_blind")
def scoring(request: MemberRequest) -> HttpResponse:
    """The facilitator's first screen. No audit can be open yet, and it says so."""
    return render(request, "portfolio/scoring.html")
