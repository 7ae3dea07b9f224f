"""A company with something behind every door, and the addresses of that something."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction

from adoption.actions.profiles import save_profile
from adoption.models import MappingProfile
from adoption.sources.mapping import ColumnMap, Use
from adoption.sources.rows import Grain, SubjectKind
from organizations import scope
from organizations.actions.agreements import publish_agreement, save_draft
from organizations.actions.approvals import NewApproval, propose
from organizations.actions.exports import ask_export, write_file
from organizations.actions.invitations import Inviting, invite
from organizations.actions.mail import NewMail
from organizations.actions.mail import post as post_mail
from organizations.actions.members import RolesWanted
from organizations.actions.notes import write_note
from organizations.actions.people_preview import END_MANY
from organizations.actions.queue import Ask, ask
from organizations.actions.requests import open_request
from organizations.actions.saved_views import save_view
from organizations.actions.sharing import share
from organizations.actions.standins import Absence, stand_in
from organizations.calculations.actor import SYSTEM
from organizations.calculations.agreement import Section
from organizations.calculations.choices import RequestKind
from organizations.calculations.roles import Role
from organizations.models import (
    ApiKey,
    DataRequest,
    Department,
    ExportRun,
    ImportBatch,
    Invitation,
    Mail,
    Organization,
    SignOn,
    StandIn,
    Subject,
    SubjectLink,
)
from portfolio.actions.proposals import propose_initiative
from portfolio.calculations.proposals import ProposalValues
from portfolio.calculations.stages import Origin
from portfolio.models import EligibilityRule, Proposal
from sprints.actions import start_sprint
from sprints.tasks import refresh
from tests.cast import Company
from tests.contracts.doors import ENDPOINTS, PAGES
from tests.second_factor import set_up_passkey

PEOPLE = 9
# A converter of path(), or a named group of re_path().
_PLACE = r"<\w+:\w+>|\(\?P<\w+>(?:\[[^\]]*\]|[^()])*\)"


@dataclass(frozen=True, kw_only=True)
class Things:
    """What stands in addresses, by the name that the table of doors gives it.

    A twin's things are named so that only the twin has them.
    """

    values: dict[str, str]

    def address(self, route: str) -> str:
        """The address of a route: converters in the order of `takes`, then the marks of a regex."""
        door = PAGES.get(route) or ENDPOINTS.get(route)
        text = route
        for name in door.takes if door else ():
            text = re.sub(_PLACE, lambda _, name=name: self.values.get(name, "abc"), text, count=1)
        return "/" + text.replace("^", "").replace("/?$", "").replace("$", "")


@dataclass(frozen=True, kw_only=True)
class World:
    acme: Company
    twin: Company
    ours: Things
    theirs: Things


def furnish(company: Company, *, canary: str = "") -> Things:
    """Post people, rules and usage with a bad row and an unknown subject, start a sprint, refresh.

    With `canary` every text that is the company's own carries it, and its things have keys and
    numbers that the other company has not.
    """
    now = datetime.now(UTC)
    only = f"{canary.lower()}-only" if canary else "copilot"
    api = company.api()
    post(api, "people", _people(canary))
    if canary:
        post(api, "initiatives", _INITIATIVES.format(key=only, name=f"{canary} initiative"))
    post(api, "eligibility", f"initiative,rule,from\n{only},all,2026-01-01\n")
    # More batches than the other company has: the last number is nobody else's.
    for extra in range(3 if canary else 0):
        post(api, "usage", _usage(f"extra{extra}", now.date(), canary))
    preview = post(api, "people?preview=true", _newcomer(canary))
    last = post(api, "usage", _usage(only, now.date(), canary))
    with scope.organization(company.organization.pk):
        start_sprint(
            organization_id=company.organization.pk,
            name=f"Sprint {canary}".strip(),
            starts_on=now.date() - timedelta(days=30),
            actor=SYSTEM,
            now=now,
        )
        if canary:
            ApiKey.objects.update(name=f"{canary} key")
        refresh(company.organization.pk)
        linked = SubjectLink.objects.values("subject_id")
        return Things(
            values={
                "number": str(last),
                "preview": str(preview),
                "preview_row": "1",
                "person": str(company.person.public_id),
                "department": str(Department.objects.earliest("pk").public_id),
                # Templates are everybody's; the twin has none of its own.
                "template": "none" if canary else "people",
                "api_key": str(ApiKey.objects.get().public_id),
                "subject": str(Subject.objects.exclude(pk__in=linked).latest("pk").public_id),
                "initiative": only,
                "rule": str(EligibilityRule.objects.get().public_id),
                "proposal": str(_proposal(company, canary, now).public_id),
                "member": str(company.users[Role.MEMBER].public_id),
                "invitation": str(_invitation(company, canary, now).public_id),
                "stand_in": str(_stand_in(company, now).public_id),
                "passkey": str(_passkey(company, canary)),
                "agreement": str(_agreement(company, canary, now)),
                "data_request": str(_data_request(company, canary, now).public_id),
                "mail": str(_mail(company, canary, now).public_id),
                "export": str(_export(company, now).public_id),
                "profile": str(_profile(company, canary, now).public_id),
                **_sign_on(company, canary),
                **_decisions(company, canary, now),
            }
        )


def _profile(company: Company, canary: str, now: datetime) -> MappingProfile:
    """A profile whose columns are the company's own."""
    return save_profile(
        organization_id=company.organization.pk,
        name=f"{canary.lower()}table",
        mapping=ColumnMap(
            grain=Grain.DAY,
            subject_kind=SubjectKind.LOGIN,
            uses={
                "subject": Use(column=f"user {canary}".strip()),
                "day": Use(column="date", form="iso"),
                "interactions": Use(column="prompts", form="point", unit="one"),
            },
        ),
        user=company.users[Role.PROGRAM_LEAD],
        actor=SYSTEM,
        now=now,
    )


def _export(company: Company, now: datetime) -> ExportRun:
    """A data file that can be fetched."""
    administrator = company.users[Role.ADMINISTRATOR]
    run = ask_export(organization_id=company.organization.pk, by=administrator, now=now)
    assert write_file(run=run, clock=lambda: now)
    return run


def _agreement(company: Company, canary: str, now: datetime) -> int:
    """The number of the newest version; the twin has one more than we."""
    administrator = company.users[Role.ADMINISTRATOR]
    organization_id = company.organization.pk
    for _ in range(2 if canary else 1):
        body = {section.value: f"Agreed {canary}" for section in Section}
        save_draft(organization_id=organization_id, body=body, by=administrator, now=now)
        made = publish_agreement(organization_id=organization_id, by=administrator, now=now)
    return made.version


def _data_request(company: Company, canary: str, now: datetime) -> DataRequest:
    return open_request(
        person=company.person,
        kind=RequestKind.CORRECT,
        words=f"Not my department {canary}",
        by=company.users[Role.ADMINISTRATOR],
        now=now,
    )


def _decisions(company: Company, canary: str, now: datetime) -> dict[str, str]:
    """What waits for the lead, and what the lead keeps, shares and notes."""
    lead, house = company.users[Role.PROGRAM_LEAD], company.organization
    batch = ImportBatch.objects.latest("number")
    item = ask(
        organization_id=house.pk,
        asked=Ask(
            kind="question",
            object_kind="batch",
            object_id=batch.number,
            title=f"Look at the batch {canary}",
            url=f"/data/batches/{batch.number}/",
            owner=lead,
        ),
        now=now,
    )
    wish = NewApproval(
        act=END_MANY, object_kind="batch", object_id=batch.number, title=f"End {canary}"
    )
    view = save_view(
        organization=house, user=lead, page="people", name=f"Mine {canary}", query="", now=now
    )
    new = share(
        organization=house,
        by=lead,
        page="adoption",
        query="",
        title="Figures",
        days=30,
        today=now.date(),
        now=now,
    )
    note = write_note(
        organization=house,
        kind="batch",
        object_id=str(batch.number),
        day=now.date(),
        text=f"Note {canary}",
        author=lead,
        now=now,
    )
    return {
        "queue_item": str(item.public_id),
        "approval": str(propose(organization_id=house.pk, new=wish, by=lead, now=now).public_id),
        "saved_view": str(view.public_id),
        "share_link": str(new.link.public_id),
        # Pages that can be shared are everybody's; the twin has none of its own.
        "shareable": "none" if canary else "adoption",
        "note_kind": "batch",
        "note": str(note.public_id),
        # What opens for a stranger is crawled for traces of a company: tokens of nobody.
        "unsubscribe_token": "none",
        "share_token": "none",
    }


def _passkey(company: Company, canary: str) -> int:
    """The number of a passkey of the lead, without which the addresses below it are nobody's."""
    lead = company.users[Role.PROGRAM_LEAD]
    set_up_passkey(lead, name=f"{canary} laptop".strip())
    return int(Authenticator.objects.get(user=lead).pk)


def _mail(company: Company, canary: str, now: datetime) -> Mail:
    new = NewMail(
        kind="invitation",
        address=f"guest@{canary.lower() or 'acme'}.test",
        subject=f"Come in {canary}".strip(),
        text=f"Hello {canary}",
        link=f"https://lastmile.test/{canary}",
    )
    with transaction.atomic():
        return post_mail(new=new, organization=company.organization, user=None, now=now)


def _sign_on(company: Company, canary: str) -> dict[str, str]:
    """A provider that no operator allows any more."""
    row = SignOn.objects.create(
        organization=company.organization,
        name=f"Login {canary}".strip(),
        slug=f"slug{canary.lower()}",
        issuer="https://login.acme.example",
        client_id=f"client {canary}".strip(),
        sealed_secret="",
        domains=["acme.test"],
    )
    return {"sign_on": str(row.public_id), "sign_on_slug": row.slug}


def _invitation(company: Company, canary: str, now: datetime) -> Invitation:
    [made] = invite(
        inviting=Inviting(
            organization=company.organization,
            by=company.users[Role.ADMINISTRATOR],
            site="https://lastmile.example",
        ),
        addresses=[f"new{canary.lower()}@elsewhere.test"],
        wanted=RolesWanted(roles=frozenset({Role.MEMBER})),
        today=now.date(),
        now=now,
    )
    return made


def _stand_in(company: Company, now: datetime) -> StandIn:
    """The lead is away next week."""
    absence = Absence(
        user=company.users[Role.PROGRAM_LEAD],
        delegate=company.users[Role.EXECUTIVE],
        first=now.date() + timedelta(days=7),
        last=now.date() + timedelta(days=13),
    )
    return stand_in(organization=company.organization, absence=absence, today=now.date(), now=now)


def _proposal(company: Company, canary: str, now: datetime) -> Proposal:
    return propose_initiative(
        organization_id=company.organization.pk,
        values=ProposalValues(
            title=f"Refund answers {canary}".strip(),
            problem=f"Customers wait {canary}",
            outcome="Cut the time to answer a refund request from 26 hours to 8",
            metric="Median hours to answer",
            baseline="26",
            target="8",
            target_date=date(2027, 3, 31),
            origin=Origin.BUSINESS,
        ),
        by=company.users[Role.PROGRAM_LEAD],
        now=now,
    )


def post(api, kind: str, body: str) -> int:  # type: ignore[no-untyped-def]
    answer = api.post(f"/api/v1/{kind}", body, content_type="text/csv")
    assert answer.status_code == 200, answer.content
    return int(answer.json()["batch"])


_INITIATIVES = (
    "key,name,stage,department,owner_email,outcome,metric,baseline,target,target_date\n"
    "{key},{name},live,,,Cases are answered within 2 hours instead of 6,Median hours,6,2,2027-03-31"
    "\n"
)


def _people(canary: str) -> str:
    lines = ["external_id,email,name,department,job_role"]
    lines += [
        f"p{n},p{n}@acme.test,Pat {n} {canary},Operations / Warehouse{canary},Picker {canary}"
        for n in range(PEOPLE)
    ]
    return "\n".join(lines) + "\n"


def _newcomer(canary: str) -> str:
    """Somebody who is not in the directory yet, for a preview."""
    return f"email,name,department\nnew{canary.lower()}@acme.test,New {canary},Operations\n"


def _usage(initiative: str, today: date, canary: str) -> str:
    """Four weeks of use, one subject nobody knows, one row without a meaning."""
    monday = today - timedelta(days=today.weekday() + 28)
    known = initiative if not initiative.startswith("extra") else "copilot"
    lines = ["initiative,subject,day,surface,interactions"]
    lines += [
        f"{known},email:p{n}@acme.test,{monday + timedelta(weeks=week)},chat,{n + week + 1}"
        for n in range(PEOPLE - 2)
        for week in range(4)
    ]
    lines.append(f"{known},login:stranger{canary}{initiative},{monday},chat,3")
    lines.append(f"{known},email:p1@acme.test,{canary or 'yesterday'},chat,1")
    return "\n".join(lines) + "\n"


def numbers_of(organization: Organization) -> set[int]:
    with scope.organization(organization.pk):
        return set(ImportBatch.objects.values_list("number", flat=True))
