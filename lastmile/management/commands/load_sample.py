"""`manage.py load_sample`: the sample organizations, through the doors a customer uses."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from lastmile.sample import demo
from lastmile.sample.demo import DemoOrganization
from lastmile.sample.fabrikam import FABRIKAM
from lastmile.sample.northwind import NORTHWIND
from lastmile.sample.plan import Login, Plan
from lastmile.sample.posting import Posted, PostRefusedError, Sender
from lastmile.sample.writing import Kind, SampleFile, timeline_of, write
from organizations import scope
from organizations.actions.jobs import add_job
from organizations.actions.keys import KeyRefused, authenticate, create_key, revoke_key
from organizations.actions.tenant import (
    NewLogin,
    create_organization,
    get_or_create_user,
    grant_role,
)
from organizations.calculations.actor import SYSTEM
from organizations.calculations.jobs import JobState, nights_due
from organizations.calculations.roles import Role, Scope
from organizations.dirty import ask_refresh, ring
from organizations.models import ApiKey, Department, JobRun, Organization
from sprints.actions import start_sprint
from sprints.models import Snapshot, Sprint

PLANS = (NORTHWIND, FABRIKAM)
KEY_NAME = "sample"
NIGHT = "night"
NIGHT_SECONDS = 300
LOOK_SECONDS = 0.5


class Command(BaseCommand):
    help = "Load the sample organizations through the public API of a running server (demo only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="where the server answers")
        parser.add_argument("--today", type=date.fromisoformat, help="default: today")
        parser.add_argument(
            "--keep-files", action="store_true", help="keep the posted files in the data folder"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LASTMILE_DEMO:
            raise CommandError(
                "The sample comes with printed passwords, so it is for demo mode only: "
                "set LASTMILE_DEMO=1."
            )
        url = str(options["url"]).rstrip("/")
        loaded = self._loaded()
        if not loaded:
            try:
                loaded = self._load(url, options["today"], keep=options["keep_files"])
            except PostRefusedError as refusal:
                raise CommandError(str(refusal)) from refusal
        demo.write(
            folder=settings.DATA_DIR,
            url=url,
            database_url=demo.database_url(settings.DATABASES["default"]),
            organizations=loaded,
        )
        for line in demo.table(url, loaded):
            self.stdout.write(line)

    def _loaded(self) -> list[DemoOrganization]:
        """What an earlier run has loaded whole; empty when anything is missing."""
        found = demo.read(folder=settings.DATA_DIR)
        if [one.organization for one in found] != [plan.slug for plan in PLANS]:
            return []
        return found if all(_key_lives(one) for one in found) else []

    def _load(self, url: str, today: date | None, *, keep: bool) -> list[DemoOrganization]:
        with TemporaryDirectory(prefix="lastmile-sample-") as temporary:
            folder = settings.DATA_DIR / "sample" if keep else Path(temporary)
            loaded = [self._organization(plan, url, today, folder) for plan in PLANS]
        self._nights()
        return loaded

    def _organization(
        self, plan: Plan, url: str, today: date | None, folder: Path
    ) -> DemoOrganization:
        now = _now()
        organization = _organization_of(plan) or _created(plan, now)
        with scope.organization(organization.pk):
            day = today or _begun_on(plan) or now.astimezone(ZoneInfo(plan.time_zone)).date()
            key = _new_key(organization, now)
            start = timeline_of(plan, day).sprint_start
            _start_sprint(organization, name="Sample sprint", start=start, now=now)
        files = write(plan=plan, today=day, folder=folder / plan.slug)
        self.stdout.write(f"{plan.name}: {len(files)} files, {sum(f.rows for f in files):,} rows")
        self._post(Sender(url=url, key=key), files)
        _grant_roles(plan, organization, now)
        return DemoOrganization(
            organization=plan.slug,
            logins=tuple(demo.login_of(plan, login) for login in plan.logins),
            api_key=key,
        )

    def _post(self, sender: Sender, files: list[SampleFile]) -> None:
        for number, file in enumerate(files, start=1):
            posted = sender.post(file)
            self.stdout.write(f"  {number:>2}/{len(files)}  {_told(file, posted)}")
            self.stdout.flush()

    def _nights(self) -> None:
        """Ask for the newest due night of each organization, then wait for the snapshots."""
        now, asked = _now(), []
        for organization in Organization.objects.filter(slug__in=[plan.slug for plan in PLANS]):
            (day,) = nights_due(now=now, time_zone=organization.time_zone, last_done=None)
            asked.append((organization, day))
            with scope.organization(organization.pk):
                _ask_night(organization, day, now)
        for organization, day in asked:
            self.stdout.write(f"{organization.name}: computing the night of {day.isoformat()}")
            self.stdout.flush()
            with scope.organization(organization.pk):
                _wait(partial(_night_is_done, day), what=f"the night of {organization.name}")


def _now() -> datetime:
    return datetime.now(UTC)


def _key_lives(one: DemoOrganization) -> bool:
    """Whether the key of an earlier run opens the organization it was made for."""
    with scope.opened():
        try:
            key = authenticate(text=one.api_key, now=_now())
        except KeyRefused:
            return False
        return bool(key.organization.slug == one.organization)


def _organization_of(plan: Plan) -> Organization | None:
    return Organization.objects.filter(slug=plan.slug).first()


def _created(plan: Plan, now: datetime) -> Organization:
    return create_organization(
        name=plan.name,
        time_zone=plan.time_zone,
        currency=plan.currency,
        actor=SYSTEM,
        now=now,
        example=True,
    )


@transaction.atomic
def _new_key(organization: Organization, now: datetime) -> str:
    """A key holding every scope. One left behind by a broken run is revoked: its text is lost."""
    for key in ApiKey.objects.filter(name=KEY_NAME, revoked_at=None):
        revoke_key(key=key, actor=SYSTEM, now=now)
    return create_key(
        organization_id=organization.pk,
        name=KEY_NAME,
        scopes=list(Scope),
        actor=SYSTEM,
        now=now,
    ).text


def _begun_on(plan: Plan) -> date | None:
    """The day of a run that broke off: finished on another day it would post other rows."""
    sprint = Sprint.objects.order_by("span", "pk").first()
    return sprint.span.lower + timedelta(days=plan.sprint_day - 1) if sprint else None


def _start_sprint(organization: Organization, *, name: str, start: date, now: datetime) -> None:
    if not Sprint.objects.exists():
        start_sprint(
            organization_id=organization.pk, name=name, starts_on=start, actor=SYSTEM, now=now
        )


def _grant_roles(plan: Plan, organization: Organization, now: datetime) -> None:
    """One login per role. After the people, so that logins find their persons and departments."""
    for login in plan.logins:
        password = demo.login_of(plan, login).password
        user = get_or_create_user(NewLogin(email=login.email, name=login.name, password=password))
        grant_role(
            organization=organization,
            user=user,
            role=Role(login.role),
            actor=SYSTEM,
            now=now,
            departments=_departments(organization, login),
        )


def _departments(organization: Organization, login: Login) -> list[Department]:
    with scope.organization(organization.pk):
        return list(Department.objects.filter(key=login.department)) if login.department else []


def _told(file: SampleFile, posted: Posted) -> str:
    """One line of progress: the file, its rows, and whatever wants a look."""
    source = f" ({file.source})" if file.kind is Kind.USAGE else ""
    words = [f"{posted.received:>6,} rows"]
    counts = ("accepted", "revised", "duplicate", "rejected", "unmatched")
    words += [f"{getattr(posted, name):,} {name}" for name in counts if getattr(posted, name)]
    return f"{file.path.name + source:<58} {', '.join(words)}"


def _ask_night(organization: Organization, day: date, now: datetime) -> None:
    """A night that ran before the data came is followed by a refresh instead."""
    with transaction.atomic():
        period = day.isoformat()
        if add_job(organization_id=organization.pk, kind=NIGHT, period=period, now=now):
            ring("sprints.tasks.nights", organization.pk)
        else:
            ask_refresh(organization_id=organization.pk, now=now)


def _night_is_done(day: date) -> bool:
    if JobRun.objects.filter(kind=NIGHT, period=day.isoformat(), state=JobState.DEAD).exists():
        raise CommandError(f"The night of {day.isoformat()} failed; the worker's log says why.")
    busy = JobRun.objects.filter(state__in=(JobState.WAITING, JobState.RUNNING))
    return Snapshot.objects.filter(day=day).exists() and not busy.exists()


def _wait(done: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + NIGHT_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise CommandError(f"Gave up after {NIGHT_SECONDS} s of waiting for {what}.")
        time.sleep(LOOK_SECONDS)
