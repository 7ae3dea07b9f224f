"""`manage.py mail [ID]`: mails that were not sent, for whoever runs the server.

The link to a new password of a login that belongs to several organizations is shown to none of
their administrators; here it can be handed over.
"""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from organizations import scope
from organizations.actions.mail import note_shown
from organizations.calculations.actor import SYSTEM
from organizations.calculations.mails import kind_of
from organizations.models import Mail
from organizations.reports.mail import kept_mails, whole_text


class Command(BaseCommand):
    help = "List mails that were not sent; with an id print one, link and all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", nargs="?", type=UUID, help="which one to print")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["id"]:
            self._print(options["id"])
        else:
            self._list()

    def _list(self) -> None:
        mails = kept_mails()
        for mail in mails:
            whose = mail.organization.name if mail.organization else "no single organization"
            written = mail.created_at.astimezone(UTC)
            self.stdout.write(
                f"{mail.public_id}  {written:%Y-%m-%d %H:%M}  {mail.state:7}  "
                f"{kind_of(mail.kind).words} to {mail.address} ({whose}) {mail.problem}".rstrip()
            )
        if not mails:
            self.stdout.write("Nothing is kept: every mail was sent.")

    def _print(self, public_id: UUID) -> None:
        mail = Mail.unscoped.filter(public_id=public_id).first()
        if mail is None:
            raise CommandError("No such mail.")
        now = datetime.now(UTC)
        if mail.organization_id is not None:
            with transaction.atomic(), scope.organization(mail.organization_id):
                note_shown(mail=mail, actor=SYSTEM, now=now)
        self.stdout.write(f"To: {mail.address}\nSubject: {mail.subject}\n")
        self.stdout.write(whole_text(mail=mail, now=now))
