"""Mails: kept in the database first, then sent, or kept for the administrator to copy."""

import uuid

from django.db import models

from organizations.calculations.choices import MailState
from organizations.models.tenant import Organization, User
from organizations.querysets import TenantManager


class Mail(models.Model):
    """One mail. Without an organization it is between the installation and one login.

    A link that lets somebody in is sealed; it is emptied when it has served or expired.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    address = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    sealed_text = models.TextField()
    sealed_html = models.TextField(blank=True)
    sealed_link = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    link_expires_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=8,
        choices=[(s.value, s.value) for s in MailState],
        default=MailState.WAITING.value,
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)
    next_try_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects = TenantManager()
    unscoped = models.Manager()  # noqa: DJ012 - a manager, not a field

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], name="mail_waiting", condition=models.Q(state="waiting")
            ),
            models.Index(fields=["organization", "-created_at"], name="mail_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
