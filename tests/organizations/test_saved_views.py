"""Saved views: one's own, of pages that have them, and nothing but filters."""

import pytest

from organizations import scope
from organizations.actions.saved_views import clean_query
from organizations.calculations.roles import Role
from organizations.models import SavedView
from tests.cast import Company


def save(company: Company, role: Role = Role.PROGRAM_LEAD, **form: str):  # type: ignore[no-untyped-def]
    values = {"page": "people", "name": "Lees", "query": "q=lee", **form}
    return company.client(role).post("/views/save/", values)


def test_saving_opens_the_page_with_its_filters(acme: Company) -> None:
    answer = save(acme, query="q=lee&page=4&state=")
    view = SavedView.unscoped.get()
    assert answer["Location"] == f"/views/{view.public_id}/"
    client = acme.client(Role.PROGRAM_LEAD)
    assert client.get(answer["Location"])["Location"] == "/people/?q=lee"
    assert f"/views/{view.public_id}/rename/" in client.get("/views/").content.decode()


def test_the_list_offers_its_own_views(acme: Company) -> None:
    save(acme)
    save(acme, page="initiatives", name="Live ones", query="stage=live")
    client = acme.client(Role.PROGRAM_LEAD)
    for address, own, other in (
        ("/people/?q=bo", "Lees", "Live ones"),
        ("/initiatives/", "Live ones", "Lees"),
    ):
        page = client.get(address).content.decode()
        assert own in page
        assert other not in page
    assert 'name="query" value="q=bo"' in client.get("/people/?q=bo").content.decode()


def test_others_do_not_find_it(acme: Company, twin: Company) -> None:
    save(acme)
    address = f"/views/{SavedView.unscoped.get().public_id}/"
    for client in (acme.client(Role.ADMINISTRATOR), twin.client(Role.PROGRAM_LEAD)):
        assert client.get(address).status_code == 404
        assert client.post(f"{address}rename/", {"name": "Mine"}).status_code == 404
        assert client.post(f"{address}delete/").status_code == 404
    assert "Lees" not in acme.client(Role.ADMINISTRATOR).get("/people/").content.decode()


@pytest.mark.parametrize("page", ["account_login", "keys", "https://evil.example", "adoption"])
def test_only_pages_that_have_views_and_that_one_may_open_are_kept(
    acme: Company, page: str
) -> None:
    role = Role.FACILITATOR if page == "adoption" else Role.PROGRAM_LEAD
    assert save(acme, role, page=page).status_code == 404
    assert not SavedView.unscoped.exists()


def test_a_name_is_taken_once_and_filters_have_a_limit(acme: Company) -> None:
    save(acme)
    assert "You have a view of this name" in save(acme).content.decode()
    assert "too long" in save(acme, name="Long", query="q=" + "x" * 1001).content.decode()
    assert save(acme, Role.ADMINISTRATOR).status_code == 302
    assert SavedView.unscoped.count() == 2


def test_it_is_renamed_and_deleted(acme: Company) -> None:
    save(acme)
    save(acme, name="Other")
    view = SavedView.unscoped.get(name="Lees")
    client = acme.client(Role.PROGRAM_LEAD)
    taken = client.post(f"/views/{view.public_id}/rename/", {"name": "Other"})
    assert "You have a view of this name" in taken.content.decode()
    client.post(f"/views/{view.public_id}/rename/", {"name": "The Lees"})
    assert "The Lees" in client.get("/views/").content.decode()
    client.post(f"/views/{view.public_id}/delete/")
    with scope.organization(acme.organization.pk):
        assert [one.name for one in SavedView.objects.all()] == ["Other"]


def test_a_query_keeps_filters_and_nothing_else() -> None:
    assert clean_query("?a=1&page=2&b=&a=3") == "a=1&a=3"
    assert clean_query("//evil.example") == ""
