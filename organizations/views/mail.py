"""Settings → Mail: what was sent, what stays here, and the link to hand over."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from organizations.actions.mail import post_test, send_again, show_link
from organizations.calculations.actor import Actor
from organizations.errors import LastMileError
from organizations.forms.mail import mail_filter
from organizations.models import Mail
from organizations.permissions import MemberRequest, fresh, page
from organizations.reports.mail import STATE_WORDS, mail_report, one_mail


@require_GET
@page("manage_mail")
def mail(request: MemberRequest) -> HttpResponse:
    """Every mail of the organization, newest first, and whether mail is set up."""
    wanted = mail_filter(request.GET)
    report = mail_report(
        organization=request.organization, wanted=wanted, page=request.GET.get("page")
    )
    context = {"report": report, "wanted": wanted, "states": STATE_WORDS}
    return render(request, "organizations/mail.html", context)


@never_cache
@require_GET
@page("manage_mail")
def mail_one(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """One mail: how it fared and, where an administrator may hand it over, its words."""
    row = get_object_or_404(Mail.objects.select_related("organization"), public_id=public_id)
    context = {"mail": one_mail(mail=row, now=datetime.now(UTC))}
    return render(request, "organizations/mail_one.html", context)


@never_cache
@require_POST
@page("manage_mail")
@fresh
def mail_link(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """The link, in this answer only: each showing is in the audit trail."""
    row = get_object_or_404(Mail.objects.select_related("organization"), public_id=public_id)
    now = datetime.now(UTC)
    try:
        link = show_link(mail=row, actor=Actor(kind="user", id=request.user.pk), now=now)
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}")
        return redirect("mail_one", public_id=public_id)
    context = {"mail": one_mail(mail=row, now=now), "link": link}
    return render(request, "organizations/mail_one.html", context)


@require_POST
@page("manage_mail")
def mail_again(request: MemberRequest, public_id: UUID) -> HttpResponse:
    """Try a failed or kept mail anew."""
    row = get_object_or_404(Mail.objects.select_related("organization"), public_id=public_id)
    try:
        send_again(mail=row, actor=Actor(kind="user", id=request.user.pk), now=datetime.now(UTC))
    except LastMileError as refusal:
        messages.error(request, f"{refusal.message} {refusal.remedy}")
    else:
        messages.success(request, "It is on its way again.")
    return redirect("mail_one", public_id=public_id)


@require_POST
@page("manage_mail")
def mail_test(request: MemberRequest) -> HttpResponse:
    """A test mail to oneself."""
    row = post_test(
        organization=request.organization,
        user=request.user,
        site=request.build_absolute_uri("/"),
        now=datetime.now(UTC),
    )
    messages.success(request, "The test mail is written. Its line below says how it fared.")
    return redirect("mail_one", public_id=row.public_id)
