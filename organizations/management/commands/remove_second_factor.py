"""`manage.py remove_second_factor`: for somebody who lost the phone and the recovery codes."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from organizations.actions.accounts import remove_second_factor
from organizations.models import User


class Command(BaseCommand):
    help = "Remove every second factor of a login and end its sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="address of the login")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError("No login has this address.")
        removed = remove_second_factor(user=user, now=datetime.now(UTC))
        self.stdout.write(f"Removed {removed}. The next sign-in asks for the password alone.")
