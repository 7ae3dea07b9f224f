"""The digest: once a local day, only when something waits, and a way out that needs no sign-in."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client

from organizations import scope
from organizations.actions.digest import unsubscribe_token
from organizations.actions.queue import Ask, ask
from organizations.calculations.choices import Digest
from organizations.calculations.digest import digest_day
from organizations.calculations.roles import Role
from organizations.calculations.sealing import unseal
from organizations.models import AuditEvent, DigestSent, Mail, Membership, QueueItem, User
from organizations.tasks import digests
from tests.cast import CANARY, Company

FRIDAY = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def wait(company: Company, title: str, *, role: Role, due: date | None = None) -> None:
    with scope.organization(company.organization.pk):
        ask(
            organization_id=company.organization.pk,
            asked=Ask(
                kind="errand",
                object_kind="errand",
                object_id=title,
                title=title,
                url="/data/batches/",
                owner=company.users[role],
                due_on=due,
            ),
            now=FRIDAY,
        )


def only(company: Company, *roles: Role, digest: Digest = Digest.DAILY) -> None:
    """Nobody but these gets a digest."""
    User.objects.update(digest=Digest.OFF.value)
    ids = [company.users[role].pk for role in roles]
    User.objects.filter(pk__in=ids).update(digest=digest.value)


def words(mail: Mail) -> tuple[str, str]:
    text, html = (
        unseal(one, secret=settings.SECRET_KEY) for one in (mail.sealed_text, mail.sealed_html)
    )
    return text, html


def test_a_digest_names_what_waits_and_stands_in_the_outbox(
    acme: Company, twin: Company, time_machine
) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD)
    wait(acme, "Late <b>one</b>", role=Role.PROGRAM_LEAD, due=FRIDAY.date() - timedelta(days=1))
    wait(acme, "Another", role=Role.PROGRAM_LEAD)
    wait(twin, f"{CANARY} item", role=Role.PROGRAM_LEAD)
    time_machine.move_to(FRIDAY, tick=False)
    digests()
    [mail] = Mail.unscoped.all()
    assert mail.subject == "2 decisions wait for you at Acme, 1 overdue"
    assert mail.address == acme.users[Role.PROGRAM_LEAD].email
    text, html = words(mail)
    assert "- Late <b>one</b> (Errand), was due 19 Nov 2026" in text
    assert "- Another (Errand)" in text
    assert "Late &lt;b&gt;one&lt;/b&gt;" in html
    assert CANARY not in text + html


def test_two_ticks_and_two_workers_write_one_mail(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD)
    wait(acme, "One", role=Role.PROGRAM_LEAD)
    for minutes in (0, 0, 15, 600):
        time_machine.move_to(FRIDAY + timedelta(minutes=minutes), tick=False)
        digests()
    assert Mail.unscoped.count() == 1
    time_machine.move_to(FRIDAY - timedelta(hours=1), tick=False)
    digests()
    assert Mail.unscoped.count() == 1


def test_a_day_on_which_nothing_waited_at_seven_has_none(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD)
    time_machine.move_to(FRIDAY, tick=False)
    digests()
    wait(acme, "Came at noon", role=Role.PROGRAM_LEAD)
    time_machine.move_to(FRIDAY + timedelta(hours=4), tick=False)
    digests()
    assert Mail.unscoped.count() == 0
    time_machine.move_to(FRIDAY + timedelta(days=1), tick=False)
    digests()
    assert Mail.unscoped.count() == 1


def test_a_weekly_digest_comes_on_monday(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD, digest=Digest.WEEKLY)
    wait(acme, "One", role=Role.PROGRAM_LEAD)
    for day in range(7):
        time_machine.move_to(FRIDAY + timedelta(days=day), tick=False)
        digests()
    assert list(DigestSent.unscoped.values_list("day", flat=True)) == [MONDAY.date()]


def test_it_stops_with_the_membership_and_with_the_role(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD, Role.ADMINISTRATOR)
    wait(acme, "Mine", role=Role.PROGRAM_LEAD)
    wait(acme, "Theirs", role=Role.ADMINISTRATOR)
    lead, admin = acme.users[Role.PROGRAM_LEAD], acme.users[Role.ADMINISTRATOR]
    Membership.unscoped.filter(user=lead).update(until=FRIDAY.date() - timedelta(days=1))
    # A member's role opens no batches: what waits there is not told any more.
    Membership.unscoped.filter(user=admin).update(role=Role.MEMBER.value)
    time_machine.move_to(FRIDAY, tick=False)
    digests()
    assert Mail.unscoped.count() == 0
    assert QueueItem.unscoped.filter(state="open").count() == 2


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        # Clocks go forward in the night: seven is seven.
        ("Europe/Berlin", datetime(2026, 3, 29, 4, 59, tzinfo=UTC), None),
        ("Europe/Berlin", datetime(2026, 3, 29, 5, 0, tzinfo=UTC), date(2026, 3, 29)),
        # And back again: an hour later by the sun.
        ("Europe/Berlin", datetime(2026, 10, 25, 5, 59, tzinfo=UTC), None),
        ("Europe/Berlin", datetime(2026, 10, 25, 6, 0, tzinfo=UTC), date(2026, 10, 25)),
        ("Pacific/Auckland", datetime(2026, 11, 19, 18, 0, tzinfo=UTC), date(2026, 11, 20)),
        ("America/Los_Angeles", datetime(2026, 11, 20, 14, 59, tzinfo=UTC), None),
    ],
)
def test_seven_is_seven_on_the_clock_of_the_reader(
    zone: str, now: datetime, day: date | None
) -> None:
    assert digest_day(choice=Digest.DAILY, zone=zone, now=now) == day
    assert digest_day(choice=Digest.OFF, zone=zone, now=now) is None


def test_the_own_time_zone_goes_before_the_organizations(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD)
    User.objects.update(time_zone="America/Los_Angeles")
    wait(acme, "One", role=Role.PROGRAM_LEAD)
    time_machine.move_to(FRIDAY, tick=False)
    digests()
    assert Mail.unscoped.count() == 0
    time_machine.move_to(FRIDAY + timedelta(hours=7), tick=False)
    digests()
    assert Mail.unscoped.count() == 1


def test_one_click_in_the_mail_program_switches_it_off(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD)
    wait(acme, "One", role=Role.PROGRAM_LEAD)
    time_machine.move_to(FRIDAY, tick=False)
    digests()
    [mail] = Mail.unscoped.all()
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.fullmatch(r"<(.*)>", mail.headers["List-Unsubscribe"]).group(1)  # type: ignore[union-attr]
    assert address in words(mail)[0]
    program = Client(enforce_csrf_checks=True)
    path = address.removeprefix(settings.SITE)
    assert program.get(path).status_code == 200
    lead = acme.users[Role.PROGRAM_LEAD]
    assert User.objects.get(pk=lead.pk).digest == Digest.DAILY
    assert program.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert User.objects.get(pk=lead.pk).digest == Digest.OFF
    assert "_auth_user_id" not in program.session
    assert program.get("/queue/").status_code == 302
    assert AuditEvent.unscoped.filter(action="digest.switched_off").count() == 1
    program.post(path)
    assert AuditEvent.unscoped.filter(action="digest.switched_off").count() == 1


def test_a_link_that_is_changed_or_too_old_switches_nothing_off(
    acme: Company, time_machine
) -> None:  # type: ignore[no-untyped-def]
    lead = acme.users[Role.PROGRAM_LEAD]
    time_machine.move_to(FRIDAY, tick=False)
    token = unsubscribe_token(lead, acme.organization)
    for wrong in (token[:-2], "x" + token, "none"):
        assert Client().post(f"/unsubscribe/{wrong}/").status_code == 404
    time_machine.move_to(FRIDAY + timedelta(days=91), tick=False)
    assert Client().post(f"/unsubscribe/{token}/").status_code == 404
    assert User.objects.get(pk=lead.pk).digest == Digest.DAILY


def test_nobody_gets_one_from_a_closed_organization(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    only(acme, Role.PROGRAM_LEAD)
    wait(acme, "One", role=Role.PROGRAM_LEAD)
    acme.organization.active = False
    acme.organization.save(update_fields=["active"])
    time_machine.move_to(FRIDAY, tick=False)
    digests()
    assert Mail.unscoped.count() == 0
