"""Whether the champion may see a name is the person's own choice (R5)."""

import pytest

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Consent, Organization, Person
from organizations.reports.privacy import consented
from tests.builders import make_person
from tests.cast import Company


@pytest.fixture
def person(acme: Company) -> Person:
    with scope.organization(acme.organization.pk):
        return make_person(
            email="kofi@acme.test",
            name="Kofi",
            department="Operations / Warehouse",
            user=acme.users[Role.MEMBER],
        )


def choose(company: Company, answer: str) -> str:
    client = company.client(Role.MEMBER)
    return client.post("/me/consent/", {"given": answer}, follow=True).content.decode()


def holds(company: Company, person: Person) -> bool:
    with scope.organization(company.organization.pk):
        return consented(person_ids=[person.pk]) == {person.pk}


def test_nobody_has_consented_who_was_never_asked(acme: Company, person: Person) -> None:
    assert not holds(acme, person)
    html = acme.client(Role.MEMBER).get("/me/").content.decode()
    assert "You have not chosen; that counts as no." in html
    assert "nobody else sees it with your name" in html


def test_a_choice_works_at_once_and_its_history_stays(acme: Company, person: Person) -> None:
    assert "your champion may see your name with it, because you said yes" in choose(acme, "yes")
    assert holds(acme, person)
    assert "nobody else sees it with your name" in choose(acme, "no")
    assert not holds(acme, person)
    with scope.organization(acme.organization.pk):
        rows = Consent.objects.order_by("at", "pk").values_list("given", flat=True)
        assert list(rows) == [True, False]


def test_the_same_answer_again_adds_nothing(acme: Company, person: Person) -> None:
    choose(acme, "no")
    choose(acme, "no")
    with scope.organization(acme.organization.pk):
        assert Consent.objects.count() == 1


def test_the_trail_does_not_tell_what_was_chosen(acme: Company, person: Person) -> None:
    choose(acme, "yes")
    choose(acme, "no")
    with scope.organization(acme.organization.pk):
        yes, no = AuditEvent.objects.filter(action="consent.chosen").order_by("sequence")
    assert yes.changes == no.changes == {}


def test_an_answer_that_is_none_is_refused_in_words(acme: Company, person: Person) -> None:
    assert "Choose yes or no." in choose(acme, "maybe")
    assert not holds(acme, person)


def test_the_champion_who_would_see_it_is_named(acme: Company, person: Person) -> None:
    html = acme.client(Role.MEMBER).get("/me/").content.decode()
    assert "champion sees whether you use AI regularly" in html


@pytest.mark.parametrize(
    ("sees", "said"),
    [
        ("informed", "Your organization&#x27;s agreement says so."),
        ("never", "nobody but you sees your name with your usage"),
    ],
)
def test_where_nobody_is_asked_the_page_says_what_holds(
    acme: Company, person: Person, sees: str, said: str
) -> None:
    Organization.objects.filter(pk=acme.organization.pk).update(champion_sees=sees)
    html = acme.client(Role.MEMBER).get("/me/").content.decode()
    assert said in html or said.replace("&#x27;", "'") in html
    assert 'name="given"' not in html


def test_a_login_without_a_person_cannot_choose(acme: Company) -> None:
    assert acme.client(Role.EXECUTIVE).post("/me/consent/", {"given": "yes"}).status_code == 404
