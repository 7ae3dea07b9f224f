"""Share links: who has one sees groups of one page, until its day, and nobody's name."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from organizations import scope
from organizations.actions.sharing import BadLink, share
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Membership, ShareLink
from tests.cast import CANARY, Company

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(time_machine) -> None:  # type: ignore[no-untyped-def]
    time_machine.move_to(NOW, tick=False)
    cache.clear()


def made(
    company: Company, *, page: str = "adoption", role: Role = Role.PROGRAM_LEAD, query: str = ""
) -> str:
    """The address of a new link."""
    answer = company.client(role).post(
        f"/shares/new/{page}/{query}", {"title": "For the board", "days": 30}
    )
    assert answer.status_code == 200
    return re.search(r"/shared/[\w-]+/", answer.content.decode()).group()  # type: ignore[union-attr]


def test_a_stranger_sees_the_page_without_any_way_on(acme: Company) -> None:
    for page in ("adoption", "sprint_home"):
        answer = Client().get(made(acme, page=page))
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "Acme shares this page read only until 20 Dec 2026" in text
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert '<meta name="robots" content="noindex, nofollow">' in text
        assert re.findall(r'<a [^>]*href="/', text) == []
        assert "Bo Chen" not in text
        assert not answer.cookies


def test_its_text_is_kept_hashed_and_is_long(acme: Company) -> None:
    token = made(acme).split("/")[2]
    link = ShareLink.unscoped.get()
    assert len(token) == 43
    assert token not in (link.token_hash, str(link.public_id))
    page = acme.client(Role.PROGRAM_LEAD).get("/shares/").content.decode()
    assert token not in page
    assert "For the board" in page


def test_each_opening_is_counted_and_in_the_trail(acme: Company) -> None:
    address = made(acme)
    Client().get(address)
    Client().get(address)
    assert ShareLink.unscoped.get().opened == 2
    assert AuditEvent.unscoped.filter(action="share.opened").count() == 2


def test_expired_revoked_and_unknown_are_told_alike(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    revoked, expired = made(acme), made(acme)
    first = ShareLink.unscoped.earliest("pk")
    client = acme.client(Role.PROGRAM_LEAD)
    client.post(f"/shares/{first.public_id}/revoke/")
    time_machine.move_to(NOW + timedelta(days=31), tick=False)
    answers = [Client().get(one) for one in (revoked, expired, "/shared/nothing/")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert "Acme" not in answers[0].content.decode()


def test_it_lasts_to_the_end_of_its_last_day(acme: Company, time_machine) -> None:  # type: ignore[no-untyped-def]
    address = made(acme)
    time_machine.move_to(NOW + timedelta(days=30, hours=14), tick=False)
    assert Client().get(address).status_code == 200


@pytest.mark.parametrize("change", ["left", "ended", "other role"])
def test_it_shows_nothing_once_its_maker_may_not_see_the_page(acme: Company, change: str) -> None:
    address = made(acme, page="sprint_home")
    rows = Membership.unscoped.filter(user=acme.users[Role.PROGRAM_LEAD])
    if change == "left":
        rows.delete()
    elif change == "ended":
        rows.update(until=NOW.date() - timedelta(days=1))
    else:
        rows.update(role=Role.CHAMPION.value)
    assert Client().get(address).status_code == 404


def test_a_champions_link_shows_the_own_department_only(acme: Company) -> None:
    text = Client().get(made(acme, role=Role.CHAMPION)).content.decode()
    assert "Warehouse" in text
    path = "?department=Operations"
    answer = acme.client(Role.CHAMPION).post(
        f"/shares/new/adoption/{path}", {"title": "All", "days": 30}
    )
    assert "There is no such department." in answer.content.decode()


def test_no_link_lasts_longer_than_ninety_days(acme: Company) -> None:
    client = acme.client(Role.PROGRAM_LEAD)
    for days in (0, 91, "x"):
        client.post("/shares/new/adoption/", {"title": "T", "days": days})
    assert not ShareLink.unscoped.exists()
    client.post("/shares/new/adoption/", {"title": "T", "days": 90})
    assert ShareLink.unscoped.get().expires_on == NOW.date() + timedelta(days=90)


def test_only_registered_pages_that_one_sees_are_shared(acme: Company) -> None:
    lead, champion = acme.client(Role.PROGRAM_LEAD), acme.client(Role.CHAMPION)
    assert lead.get("/shares/new/people/").status_code == 404
    assert champion.get("/shares/new/sprint_home/").status_code == 404
    assert acme.client(Role.MEMBER).get("/shares/new/adoption/").status_code == 403


def test_administrators_see_and_revoke_everybodys_links(acme: Company, twin: Company) -> None:
    made(acme)
    made(twin)
    link = ShareLink.unscoped.get(organization=acme.organization)
    address = f"/shares/{link.public_id}/revoke/"
    assert "For the board" not in acme.client(Role.EXECUTIVE).get("/shares/").content.decode()
    assert acme.client(Role.EXECUTIVE).post(address).status_code == 404
    assert twin.client(Role.ADMINISTRATOR).post(address).status_code == 404
    admin = acme.client(Role.ADMINISTRATOR)
    assert CANARY not in admin.get("/shares/").content.decode()
    admin.post(address)
    assert ShareLink.unscoped.get(pk=link.pk).revoked_at == NOW


def test_an_address_that_tries_too_often_waits(acme: Company) -> None:
    answers = [Client().get("/shared/guess/").status_code for _ in range(61)]
    assert answers[-1] == 429
    assert set(answers[:60]) == {404}


def test_who_is_signed_in_elsewhere_sees_the_linked_organization(
    acme: Company, twin: Company
) -> None:
    text = twin.client(Role.PROGRAM_LEAD).get(made(acme)).content.decode()
    assert "Acme shares this page" in text
    assert CANARY not in text


def test_a_page_is_not_shared_with_filters_beyond_the_limit(in_acme: Company) -> None:
    with scope.organization(in_acme.organization.pk), pytest.raises(BadLink):
        share(
            organization=in_acme.organization,
            by=in_acme.users[Role.PROGRAM_LEAD],
            page="adoption",
            query="x" * 1001,
            title="T",
            days=1,
            today=NOW.date(),
            now=NOW,
        )
