"""Every address of the site and what opens it. An address that is missing here fails a test.

`PUBLIC` answers anybody, `SIGNED_IN` any login, `THIS_MACHINE` a browser on the machine itself
before there is a login; every other word of a page is an action of `organizations.permissions`,
and of the API the scopes of which a key needs one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from organizations.calculations.roles import Scope

PUBLIC, SIGNED_IN, THIS_MACHINE = "public", "signed-in", "this machine"
GET, POST, BOTH = ("GET",), ("POST",), ("GET", "POST")


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page for people. `takes` names what stands in its address."""

    opens: str
    methods: tuple[str, ...] = GET
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A door of the API: for each method, the scopes of which one opens it."""

    scopes: dict[str, frozenset[Scope]]
    takes: tuple[str, ...] = ()


OPEN = Page(opens=PUBLIC, methods=BOTH)
OWN_LOGIN = Page(opens=SIGNED_IN, methods=BOTH)

PAGES: dict[str, Page] = {
    "": Page(opens=SIGNED_IN),
    "healthz": Page(opens=PUBLIC),
    "readyz": Page(opens=PUBLIC),
    "api/v1/^schema/?$": Page(opens=PUBLIC),
    "^api/docs/?$": Page(opens=PUBLIC),
    # --- signing in -------------------------------------------------------------------------
    "accounts/login/": OPEN,
    "accounts/logout/": OPEN,
    "accounts/inactive/": OPEN,
    "accounts/signup/": OPEN,
    "accounts/confirm-email/": OPEN,
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": Page(opens=PUBLIC, methods=BOTH, takes=("key",)),
    "accounts/password/reset/": OPEN,
    "accounts/password/reset/done/": OPEN,
    "accounts/password/reset/key/done/": OPEN,
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": Page(
        opens=PUBLIC, methods=BOTH, takes=("uidb36", "key")
    ),
    "accounts/login/code/confirm/": OPEN,
    "accounts/reauthenticate/": OWN_LOGIN,
    "accounts/email/": OWN_LOGIN,
    "accounts/password/change/": OWN_LOGIN,
    "accounts/password/set/": OWN_LOGIN,
    "accounts/sessions/": OWN_LOGIN,
    # --- organization -----------------------------------------------------------------------
    "switch/": Page(opens="see_home", methods=POST),
    "no-organization/": Page(opens=SIGNED_IN),
    "welcome/": Page(opens=THIS_MACHINE, methods=BOTH),
    "setup/": Page(opens="see_data"),
    "people/": Page(opens="see_people"),
    "people/export.csv": Page(opens="see_people"),
    "people/import/": Page(opens="import_people", methods=BOTH),
    "people/template.csv": Page(opens="import_people"),
    # --- data and import --------------------------------------------------------------------
    "data/": Page(opens="see_data"),
    "data/batches/": Page(opens="see_data"),
    "data/batches/<int:number>/": Page(opens="see_data", takes=("number",)),
    "data/batches/<int:number>/errors.csv": Page(opens="see_data", takes=("number",)),
    "data/batches/<int:number>/retry/": Page(opens="see_data", methods=POST, takes=("number",)),
    "data/keys/": Page(opens="manage_keys", methods=BOTH),
    "data/keys/<uuid:public_id>/revoke/": Page(
        opens="manage_keys", methods=POST, takes=("api_key",)
    ),
    "data/unmatched/": Page(opens="see_data"),
    "data/unmatched/<uuid:public_id>/link/": Page(
        opens="link_subject", methods=BOTH, takes=("subject",)
    ),
    "data/upload/": Page(opens="import_usage", methods=BOTH),
    # --- initiatives ------------------------------------------------------------------------
    "initiatives/": Page(opens="see_initiatives"),
    "initiatives/export.csv": Page(opens="see_initiatives"),
    "initiatives/new/": Page(opens="edit_initiatives", methods=BOTH),
    "initiatives/import/": Page(opens="edit_initiatives", methods=BOTH),
    "initiatives/import/template.csv": Page(opens="edit_initiatives"),
    "initiatives/import/eligibility/": Page(opens="import_eligibility", methods=BOTH),
    "initiatives/import/eligibility/template.csv": Page(opens="import_eligibility"),
    "initiatives/<slug:key>/": Page(opens="see_initiatives", takes=("initiative",)),
    "initiatives/<slug:key>/edit/": Page(
        opens="edit_initiatives", methods=BOTH, takes=("initiative",)
    ),
    "initiatives/<slug:key>/stage/": Page(
        opens="edit_initiatives", methods=POST, takes=("initiative",)
    ),
    "initiatives/<slug:key>/eligibility/new/": Page(
        opens="edit_initiatives", methods=BOTH, takes=("initiative",)
    ),
    "initiatives/<slug:key>/eligibility/<uuid:public_id>/end/": Page(
        opens="edit_initiatives", methods=POST, takes=("initiative", "rule")
    ),
    "scoring/": Page(opens="score_blind"),
    # --- adoption ---------------------------------------------------------------------------
    "adoption/": Page(opens="see_adoption"),
    "adoption/export.csv": Page(opens="see_adoption"),
    "me/": Page(opens="see_own_usage"),
    "me/export.csv": Page(opens="see_own_usage"),
    # --- sprint -----------------------------------------------------------------------------
    "sprint/": Page(opens="see_sprint"),
    "sprint/start/": Page(opens="run_sprint", methods=BOTH),
}

SEE_BATCHES = frozenset(
    {
        *(Scope.INGEST_USAGE, Scope.INGEST_PEOPLE, Scope.INGEST_INITIATIVES),
        *(Scope.INGEST_ELIGIBILITY, Scope.READ_BATCHES),
    }
)


def only(scope: Scope) -> frozenset[Scope]:
    return frozenset({scope})


ENDPOINTS: dict[str, Endpoint] = {
    "api/v1/^usage/?$": Endpoint(scopes={"POST": only(Scope.INGEST_USAGE)}),
    "api/v1/^people/?$": Endpoint(scopes={"POST": only(Scope.INGEST_PEOPLE)}),
    "api/v1/^initiatives/?$": Endpoint(
        scopes={"GET": only(Scope.READ_PORTFOLIO), "POST": only(Scope.INGEST_INITIATIVES)}
    ),
    "api/v1/^eligibility/?$": Endpoint(scopes={"POST": only(Scope.INGEST_ELIGIBILITY)}),
    "api/v1/^batches/?$": Endpoint(scopes={"GET": SEE_BATCHES}),
    "api/v1/^batches/(?P<number>[0-9]+)/?$": Endpoint(
        scopes={"GET": SEE_BATCHES}, takes=("number",)
    ),
    "api/v1/^batches/(?P<number>[0-9]+)/errors/?$": Endpoint(
        scopes={"GET": SEE_BATCHES}, takes=("number",)
    ),
    "api/v1/^adoption/weekly/?$": Endpoint(scopes={"GET": only(Scope.READ_ADOPTION)}),
    "api/v1/^sprint/?$": Endpoint(scopes={"GET": only(Scope.READ_SPRINT)}),
}


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every route of the site as it is written, with its view; allauth has some without a name."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        else:
            yield from routes(pattern, route)


def member_pages() -> dict[str, Page]:
    """Pages that want an action of the member's roles."""
    return {
        route: page
        for route, page in PAGES.items()
        if page.opens not in (PUBLIC, SIGNED_IN, THIS_MACHINE)
    }
