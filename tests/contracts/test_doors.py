"""Every address by every role on our things and the twin's, every endpoint by every scope."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from organizations import scope
from organizations.actions.keys import create_key
from organizations.calculations.actor import SYSTEM
from organizations.calculations.matrix import ALLOWED
from organizations.calculations.roles import Role, Scope
from organizations.models import ApiKey, Membership, Organization, User
from tests.cast import CANARY, Company, make_company
from tests.contracts.doors import (
    ENDPOINTS,
    PAGES,
    PUBLIC,
    SIGNED_IN,
    THIS_MACHINE,
    Page,
    member_pages,
    routes,
)
from tests.contracts.furnishing import World, furnish, numbers_of
from tests.second_factor import confirm, set_up_app
from tests.transactions import taken_back

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SOME_BODY = "initiative,subject,day,surface,interactions\n"


# --- the table ----------------------------------------------------------------------------------
def test_every_address_is_in_the_table_and_nothing_else_is() -> None:
    assert {route for route, _ in routes()} == {*PAGES, *ENDPOINTS}


def test_every_page_asks_for_the_action_of_the_table() -> None:
    views = dict(routes())
    asked = {route: getattr(views[route], "permission", None) for route in member_pages()}
    assert asked == {route: page.opens for route, page in member_pages().items()}


def test_no_other_address_is_guarded_by_an_action() -> None:
    others = {route: view for route, view in routes() if route not in member_pages()}
    assert [route for route, view in others.items() if hasattr(view, "permission")] == []


def test_only_addresses_of_the_table_open_without_a_sign_in() -> None:
    """LoginRequiredMiddleware lets nobody through unless the view says so."""
    first: dict[str, object] = {}
    for route, view in routes():
        first.setdefault(route, view)
    unguarded = {route for route, view in first.items() if not _login_required(view)}
    public = {route for route, page in PAGES.items() if page.opens in (PUBLIC, THIS_MACHINE)}
    assert unguarded == public | set(ENDPOINTS)


def _login_required(view: object) -> bool:
    return bool(getattr(view, "login_required", True))


def test_every_action_opens_something_and_every_endpoint_has_a_scope() -> None:
    assert {page.opens for page in member_pages().values()} == set(ALLOWED)
    views = dict(routes())
    for route, endpoint in ENDPOINTS.items():
        handlers = {
            m for m in ("GET", "POST", "PUT", "PATCH", "DELETE") if _handles(views[route], m)
        }
        assert handlers == set(endpoint.scopes), route
    assert set(Scope) == {one for e in ENDPOINTS.values() for s in e.scopes.values() for one in s}


def _handles(view: object, method: str) -> bool:
    return hasattr(view.cls, method.lower())  # type: ignore[attr-defined]


# --- pages --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker) -> Iterator[World]:  # type: ignore[no-untyped-def]
    with django_db_blocker.unblock(), taken_back(), scope.opened():
        acme = make_company(name="Acme", domain="acme.test")
        twin = make_company(name=f"Twin {CANARY}", domain="twin.test", canary=CANARY)
        ours, theirs = furnish(acme), furnish(twin, canary=CANARY)
        yield World(acme=acme, twin=twin, ours=ours, theirs=theirs)


@pytest.fixture
def world(furnished: World, django_db_blocker) -> Iterator[World]:  # type: ignore[no-untyped-def]
    with django_db_blocker.unblock(), taken_back():
        yield furnished


def text_of(answer) -> str:  # type: ignore[no-untyped-def]
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
    return headers + bytes(content).decode("utf-8", errors="replace")


class Crawl:
    """Opens addresses and notes every answer that is not as expected."""

    def __init__(self, client: Client, *, forbidden: str = CANARY) -> None:
        self.client = client
        self.forbidden = forbidden
        self.client.raise_request_exception = False
        self.faults: list[str] = []

    def expect(self, method: str, address: str, *allowed: int, **more: object) -> None:
        send = self.client.get if method == "GET" else self.client.post
        answer = send(address, **more)  # type: ignore[arg-type]
        if answer.status_code not in allowed:
            self.faults.append(f"{method} {address}: {answer.status_code}, expected {allowed}")
        if self.forbidden in text_of(answer):
            self.faults.append(f"{method} {address}: shows something of the other company")


def each_method(pages: dict[str, Page]) -> Iterator[tuple[str, str, Page]]:
    for route, page in pages.items():
        for method in ("GET", "POST"):
            yield method, route, page


@pytest.mark.parametrize("role", Role)
def test_a_member_opens_what_the_role_allows_and_never_the_twins(role: Role, world: World) -> None:
    crawl = Crawl(world.acme.client(role))
    for method, route, page in each_method(member_pages()):
        allowed = role in ALLOWED[page.opens]
        if method not in page.methods:
            crawl.expect(method, world.ours.address(route), 405)
        elif not allowed:
            crawl.expect(method, world.ours.address(route), 403)
            crawl.expect(method, world.theirs.address(route), 403)
        elif method == "GET":
            found = (200, 302, 404) if page.parties else (200, 302)
            crawl.expect(method, world.ours.address(route), *found)
            if page.takes:
                crawl.expect(method, world.theirs.address(route), 404)
        elif page.takes:
            # What is ours is not posted to: an empty form may well revoke a key.
            crawl.expect(method, world.theirs.address(route), 404)
    assert crawl.faults == []


def test_an_empty_form_is_answered_with_words(world: World) -> None:
    """POST of nothing to everything a lead may post to: never a failure of world.ours."""
    crawl = Crawl(world.acme.client(Role.PROGRAM_LEAD))
    for method, route, page in each_method(member_pages()):
        if method == "POST" and "POST" in page.methods and Role.PROGRAM_LEAD in ALLOWED[page.opens]:
            crawl.expect(method, world.ours.address(route), 200, 302, 400, 404, 409, 422)
    assert crawl.faults == []


def test_an_object_with_the_twins_rule_in_our_address_is_not_there(world: World) -> None:
    crawl = Crawl(world.acme.client(Role.PROGRAM_LEAD))
    ours, theirs = world.ours.values, world.theirs.values
    mixed = f"/initiatives/{ours['initiative']}/eligibility/{theirs['rule']}/end/"
    crawl.expect("POST", mixed, 404)
    assert crawl.faults == []


def test_a_stranger_is_led_to_the_sign_in(world: World) -> None:
    crawl = Crawl(Client())
    for method, route, page in each_method(PAGES):
        if page.opens in (PUBLIC, THIS_MACHINE):
            continue
        answer = crawl.client.generic(method, world.ours.address(route))
        assert answer.status_code == 302, route
        assert answer["Location"].startswith("/accounts/login/?next="), route


def test_public_pages_answer_a_stranger_and_show_nothing_of_a_company(world: World) -> None:
    crawl = Crawl(Client(), forbidden="Acme")
    for route, page in PAGES.items():
        if page.opens == PUBLIC and route != "readyz":
            crawl.expect("GET", world.ours.address(route), *open_to_strangers(page))
    assert crawl.faults == []


def open_to_strangers(page: Page) -> tuple[int, ...]:
    """A link whose secret nobody has opens nothing."""
    return (404,) if any("token" in name for name in page.takes) else (200, 302)


@pytest.mark.parametrize("role", [Role.PROGRAM_LEAD, Role.FACILITATOR])
def test_pages_of_the_own_login_answer(role: Role, world: World) -> None:
    """And of what has a number in its address only one's own."""
    user = User.objects.get(pk=world.acme.users[role].pk)
    crawl = Crawl(Client())
    crawl.client.force_login(user, backend=BACKEND)
    confirm(crawl.client, set_up_app(user))
    for route, page in PAGES.items():
        if page.opens not in (PUBLIC, SIGNED_IN) or route in ("readyz", "accounts/logout/"):
            continue
        if "GET" not in page.methods:
            crawl.expect("GET", world.ours.address(route), 405)
        elif "passkey" in page.takes:
            own = role is Role.PROGRAM_LEAD
            crawl.expect("GET", world.ours.address(route), 200 if own else 404)
            crawl.expect("GET", world.theirs.address(route), 404)
        else:
            crawl.expect("GET", world.ours.address(route), *open_to_strangers(page))
    assert crawl.faults == []


@pytest.mark.parametrize("role", Role)
def test_everybody_lands_on_a_first_screen_that_opens(role: Role, world: World) -> None:
    answer = world.acme.client(role).get("/", follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain


def test_a_login_without_an_organization_sees_no_page(world: World) -> None:
    user = User.objects.create_user(email="nobody@acme.test", name="Nobody", password=None)
    ended = world.acme.users[Role.PROGRAM_LEAD]
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    Membership.unscoped.filter(user=ended).update(until=yesterday)
    for one in (user, ended):
        client = Client()
        client.force_login(one, backend=BACKEND)
        for route, page in member_pages().items():
            if "GET" in page.methods:
                answer = client.get(world.ours.address(route))
                assert (answer.status_code, answer["Location"]) == (302, "/no-organization/"), route
        assert client.get("/no-organization/").status_code == 200


def test_nobody_switches_to_an_organization_of_others(world: World) -> None:
    client = world.acme.client(Role.PROGRAM_LEAD)
    other = str(world.twin.organization.public_id)
    assert client.post("/switch/", {"organization": other}).status_code == 404
    session = client.session
    session["organization"] = other
    session.save()
    assert CANARY not in text_of(client.get("/sprint/"))


def test_the_first_visit_is_over_once_there_is_a_login(world: World) -> None:
    before = Organization.objects.count()
    for client in (Client(), world.acme.client(Role.MEMBER)):
        assert client.get("/welcome/")["Location"] == "/"
        assert client.post("/welcome/", {"organization": "Evil"}).status_code == 302
    assert Organization.objects.count() == before


def test_nobody_signs_up(world: World) -> None:
    before = User.objects.count()
    form = {"email": "new@acme.test", "password1": "correct horse", "password2": "correct horse"}
    Client().post("/accounts/signup/", form)
    assert User.objects.count() == before


# --- API ----------------------------------------------------------------------------------------
def sender(company: Company, *scopes: Scope) -> Client:
    with scope.organization(company.organization.pk):
        key = create_key(
            organization_id=company.organization.pk,
            name=f"Only {len(scopes)} {scopes[0]}",
            scopes=list(scopes),
            actor=SYSTEM,
            now=datetime.now(UTC),
        )
    return Client(headers={"Authorization": f"Bearer {key.text}"})


@pytest.mark.parametrize("own", Scope)
def test_a_key_opens_what_its_scope_says_and_never_the_twins(own: Scope, world: World) -> None:
    crawl = Crawl(sender(world.acme, own))
    for route, endpoint in ENDPOINTS.items():
        for method in ("GET", "POST"):
            body = {"data": SOME_BODY, "content_type": "text/csv"} if method == "POST" else {}
            address, scopes = world.ours.address(route), endpoint.scopes.get(method, frozenset())
            if own in scopes:
                # A key that only posts sees its own batches, and this one has posted none.
                not_its_own = endpoint.takes and own is not Scope.READ_BATCHES
                # A body of another kind is refused for what it says, not for who sent it.
                expected = (404,) if not_its_own else (200, 400) if body else (200,)
                crawl.expect(method, address, *expected, **body)
                if endpoint.takes:
                    crawl.expect(method, world.theirs.address(route), 404)
            elif method in endpoint.scopes:
                crawl.expect(method, address, 403, **body)
            else:
                crawl.expect(method, address, 403, 405, **body)
    assert crawl.faults == []


def test_the_twin_has_a_batch_that_we_have_not(world: World) -> None:
    """Otherwise the crawls above would prove nothing."""
    assert int(world.theirs.values["number"]) in numbers_of(world.twin.organization) - numbers_of(
        world.acme.organization
    )
    client = world.twin.client(Role.PROGRAM_LEAD)
    for address in ("/sprint/", "/initiatives/", "/people/", "/adoption/", "/data/keys/"):
        assert CANARY in text_of(client.get(address)), address
    number = world.theirs.address("data/batches/<int:number>/")
    assert CANARY in text_of(client.get(number))


@pytest.mark.parametrize("wrong", ["nothing", "unknown", "revoked", "expired", "session"])
def test_without_a_live_key_every_endpoint_gives_the_same_401(wrong: str, world: World) -> None:
    client = without_live_key(wrong, world.acme)
    answers = set()
    for route, endpoint in ENDPOINTS.items():
        for method in endpoint.scopes:
            answer = client.generic(method, world.ours.address(route), content_type="text/csv")
            assert answer.status_code == 401, route
            assert answer["WWW-Authenticate"].startswith("Bearer")
            answers.add(answer.json()["code"])
    assert answers == {"key_refused"}


def without_live_key(wrong: str, company: Company) -> Client:
    if wrong == "nothing":
        return Client()
    if wrong == "session":
        return company.client(Role.PROGRAM_LEAD)
    if wrong == "unknown":
        return Client(headers={"Authorization": f"Bearer lm_{'a' * 10}_{'b' * 43}"})
    client = sender(company, *Scope)
    ended = {"revoked_at": datetime.now(UTC)} if wrong == "revoked" else {"expires_on": date.min}
    with scope.organization(company.organization.pk):
        ApiKey.objects.filter(name__startswith="Only").update(**ended)
    return client


def test_a_key_in_an_address_is_refused_and_ends(world: World) -> None:
    client = sender(world.acme, *Scope)
    key = client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert Client().get(f"/api/v1/batches?key={key}").status_code == 400
    assert client.get("/api/v1/batches").status_code == 401
