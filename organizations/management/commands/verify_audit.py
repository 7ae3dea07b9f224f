"""Prove the audit chains of all organizations, or of one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from organizations.actions.trail_check import prove
from organizations.models import Organization


class Command(BaseCommand):
    help = "Prove the hash chain of the audit trail; exit 1 with the first broken entry."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this organization")

    def handle(self, *args: Any, **options: Any) -> None:
        organizations = Organization.objects.order_by("slug")
        if slug := options["organization"]:
            organizations = organizations.filter(slug=slug)
            if not organizations:
                raise CommandError(f"There is no organization {slug}.")
        broken = [found for one in organizations if (found := self._prove(one))]
        if broken:
            raise CommandError("\n".join(broken))

    def _prove(self, organization: Organization) -> str:
        number = prove(organization_id=organization.pk)
        if number is not None:
            return f"{organization.slug}: entry {number} was altered or is missing."
        self.stdout.write(f"{organization.slug}: the chain holds.")
        return ""
