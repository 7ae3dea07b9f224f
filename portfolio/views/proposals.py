"""Propose an initiative, and answer what others proposed."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from organizations.errors import Conflict, LastMileError
from organizations.permissions import MemberRequest, page
from portfolio.actions import proposals as act
from portfolio.calculations.proposals import WORDS
from portfolio.forms.initiatives import tell
from portfolio.forms.proposals import (
    AcceptForm,
    AnswerForm,
    JoinForm,
    ProposalForm,
    asked_state,
    key_for,
    proposal_initial,
)
from portfolio.models import Proposal
from portfolio.reports.proposals import (
    ProposalFilter,
    find_proposal,
    proposal_report,
    proposals_report,
)
from portfolio.reports.register import similar_initiatives


@require_GET
@page("propose_initiative")
def proposals(request: MemberRequest) -> HttpResponse:
    """What was proposed, by everybody or by oneself, and what became of it."""
    mine = request.GET.get("mine") == "yes"
    wanted = ProposalFilter(
        user_id=request.user.pk if mine else None, state=asked_state(request.GET)
    )
    report = proposals_report(wanted=wanted, page=request.GET.get("page"))
    context = {
        "report": report,
        "wanted": wanted,
        "words": WORDS,
        "may_answer": request.member.may("triage_proposals"),
    }
    return render(request, "portfolio/proposals.html", context)


@require_http_methods(["GET", "POST"])
@page("propose_initiative")
def proposal_new(request: MemberRequest) -> HttpResponse:
    """State a problem. What the register has already is shown after the first try."""
    form = ProposalForm(request.POST or None)
    similar = similar_initiatives(name=request.POST.get("title", "")[:160])
    seen = "seen" in request.POST or not similar
    if request.method == "POST" and form.is_valid() and seen:
        try:
            made = act.propose_initiative(
                organization_id=request.organization.pk,
                values=form.values(),
                by=request.user,
                now=datetime.now(UTC),
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Proposed. A program lead answers within 14 days.")
            return redirect("proposal", made.public_id)
    return render(request, "portfolio/proposal_new.html", {"form": form, "similar": similar})


@require_GET
@page("propose_initiative")
def proposal(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """One proposal: what was said and what was answered; the forms of those who answer."""
    stored = find_proposal(public_id=public_id)
    return render(request, "portfolio/proposal.html", _context(request, stored))


@require_http_methods(["GET", "POST"])
@page("propose_initiative")
def proposal_edit(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Change one's own proposal while it is undecided."""
    stored = find_proposal(public_id=public_id)
    if stored.proposed_by_id != request.user.pk:
        return _only_the_proposer(request, stored)
    form = ProposalForm(request.POST or None, initial=proposal_initial(stored))
    if request.method == "POST" and form.is_valid():
        try:
            act.change_proposal(
                proposal=stored, values=form.values(), by=request.user, now=datetime.now(UTC)
            )
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Saved. It waits for the program lead.")
            return redirect("proposal", public_id)
    return render(request, "portfolio/proposal_new.html", {"form": form, "proposal": stored})


@require_POST
@page("propose_initiative")
def proposal_withdraw(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take one's own proposal back."""
    stored = find_proposal(public_id=public_id)
    if stored.proposed_by_id != request.user.pk:
        return _only_the_proposer(request, stored)
    act.withdraw_proposal(proposal=stored, by=request.user, now=datetime.now(UTC))
    messages.success(request, "Withdrawn. Nobody has to answer it any more.")
    return redirect("proposals")


def _only_the_proposer(request: MemberRequest, stored: Proposal) -> HttpResponse:
    messages.info(request, "Only who proposed it can change it or take it back.")
    return redirect("proposal", stored.public_id)


@require_POST
@page("triage_proposals")
def proposal_accept(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Register it as an initiative."""
    stored, form = find_proposal(public_id=public_id), AcceptForm(request.POST)

    def accept() -> str:
        made = act.accept_proposal(
            proposal=stored,
            key=form.cleaned_data["key"],
            answer=form.cleaned_data["answer"],
            by=request.user,
            now=datetime.now(UTC),
        )
        return f"{made.name} is registered. Next: name its owner."

    return _answered(request, stored, form, accept, "accept")


@require_POST
@page("triage_proposals")
def proposal_join(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say which initiative solves it already."""
    stored, form = find_proposal(public_id=public_id), JoinForm(request.POST)

    def join() -> str:
        act.join_proposal(
            proposal=stored, by=request.user, now=datetime.now(UTC), **form.cleaned_data
        )
        return f"Joined to {form.cleaned_data['initiative'].name}. The proposer is told."

    return _answered(request, stored, form, join, "join")


@require_POST
@page("triage_proposals")
def proposal_decline(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say no, with the reason."""
    stored, form = find_proposal(public_id=public_id), AnswerForm(request.POST)

    def decline() -> str:
        act.decline_proposal(
            proposal=stored, by=request.user, now=datetime.now(UTC), **form.cleaned_data
        )
        return "Declined. The proposer is told why."

    return _answered(request, stored, form, decline, "decline")


@require_POST
@page("triage_proposals")
def proposal_ask(request: MemberRequest, public_id: uuid.UUID) -> HttpResponse:
    """Send it back with a question."""
    stored, form = find_proposal(public_id=public_id), AnswerForm(request.POST)

    def ask() -> str:
        question = form.cleaned_data["answer"]
        act.ask_proposer(proposal=stored, question=question, by=request.user, now=datetime.now(UTC))
        return "Asked. It comes back to the queue when the proposer has changed it."

    return _answered(request, stored, form, ask, "ask")


def _answered(
    request: MemberRequest,
    stored: Proposal,
    form: forms.Form,
    answer: Callable[[], str],
    which: str,
) -> HttpResponse:
    """Do it and say so, or show the page again with the refusal beside its field."""
    if form.is_valid():
        try:
            messages.success(request, answer())
        except Conflict as refusal:
            # Decided meanwhile: there is no form left to show it in.
            if refusal.field not in form.fields:
                messages.error(request, f"{refusal.message} {refusal.remedy}".strip())
                return redirect("proposal", stored.public_id)
            tell(form, refusal)
        except LastMileError as refusal:
            tell(form, refusal)
        else:
            return redirect("proposal", stored.public_id)
    context = _context(request, stored) | {which: form}
    return render(request, "portfolio/proposal.html", context)


def _context(request: MemberRequest, stored: Proposal) -> dict[str, object]:
    report = proposal_report(public_id=stored.public_id, now=datetime.now(UTC))
    return {
        "report": report,
        "proposal": report.proposal,
        "mine": stored.proposed_by_id == request.user.pk,
        "may_answer": request.member.may("triage_proposals"),
        "accept": AcceptForm(initial={"key": key_for(stored.title)}),
        "join": JoinForm(),
        "decline": AnswerForm(auto_id="decline_%s"),
        "ask": AnswerForm(auto_id="ask_%s"),
    }
