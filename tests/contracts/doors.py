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
    # Opens only for those whom the thing is about; for others of the role it does not exist.
    parties: bool = False


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
    "accounts/2fa/": Page(opens=SIGNED_IN),
    "accounts/2fa/authenticate/": OPEN,
    "accounts/2fa/reauthenticate/": OWN_LOGIN,
    "accounts/2fa/totp/activate/": OWN_LOGIN,
    "accounts/2fa/totp/deactivate/": OWN_LOGIN,
    "accounts/2fa/recovery-codes/": Page(opens=SIGNED_IN),
    "accounts/2fa/recovery-codes/generate/": OWN_LOGIN,
    "accounts/2fa/recovery-codes/download/": Page(opens=SIGNED_IN),
    "accounts/2fa/webauthn/": Page(opens=SIGNED_IN),
    "accounts/2fa/webauthn/add/": OWN_LOGIN,
    "accounts/2fa/webauthn/login/": OPEN,
    "accounts/2fa/webauthn/reauthenticate/": OWN_LOGIN,
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": Page(
        opens=SIGNED_IN, methods=BOTH, takes=("passkey",)
    ),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": Page(
        opens=SIGNED_IN, methods=BOTH, takes=("passkey",)
    ),
    "profile/": OWN_LOGIN,
    "profile/theme/": Page(opens=SIGNED_IN, methods=POST),
    "accounts/sign-on/": OPEN,
    "accounts/sign-on/cancelled/": Page(opens=PUBLIC),
    "accounts/oidc/<str:provider_id>/login/": Page(
        opens=PUBLIC, methods=BOTH, takes=("sign_on_slug",)
    ),
    "accounts/oidc/<str:provider_id>/login/callback/": Page(opens=PUBLIC, takes=("sign_on_slug",)),
    # --- organization -----------------------------------------------------------------------
    "switch/": Page(opens="see_home", methods=POST),
    "no-organization/": Page(opens=SIGNED_IN),
    "welcome/": Page(opens=THIS_MACHINE, methods=BOTH),
    "setup/": Page(opens="see_data"),
    "people/members/": Page(opens="see_members"),
    "people/members/export.csv": Page(opens="see_members"),
    "people/members/<uuid:public_id>/": Page(
        opens="manage_members", methods=BOTH, takes=("member",)
    ),
    "people/members/<uuid:public_id>/leave/": Page(
        opens="manage_members", methods=BOTH, takes=("member",)
    ),
    "people/invitations/": Page(opens="see_members"),
    "people/invitations/new/": Page(opens="manage_members", methods=BOTH),
    "people/invitations/<uuid:public_id>/again/": Page(
        opens="manage_members", methods=POST, takes=("invitation",)
    ),
    "people/invitations/<uuid:public_id>/revoke/": Page(
        opens="manage_members", methods=POST, takes=("invitation",)
    ),
    "invitations/<str:token>/": Page(opens=PUBLIC, methods=BOTH, takes=("invitation_token",)),
    "profile/stand-in/": Page(opens="name_stand_in", methods=BOTH),
    "profile/stand-in/<uuid:public_id>/end/": Page(
        opens="name_stand_in", methods=POST, takes=("stand_in",)
    ),
    "view-as/": Page(opens="view_as", methods=POST),
    "view-as/stop/": Page(opens="see_home", methods=POST),
    "people/": Page(opens="see_people"),
    "people/export.csv": Page(opens="see_people"),
    "people/import/": Page(opens="import_people", methods=BOTH),
    "people/template.csv": Page(opens="import_people"),
    "people/import/<int:number>/": Page(opens="import_people", takes=("preview",)),
    "people/import/<int:number>/changes.csv": Page(opens="import_people", takes=("preview",)),
    "people/import/<int:number>/rows/<int:row>/": Page(
        opens="import_people", methods=POST, takes=("preview", "preview_row")
    ),
    "people/import/<int:number>/absent/": Page(
        opens="import_people", methods=POST, takes=("preview",)
    ),
    "people/import/<int:number>/apply/": Page(
        opens="import_people", methods=POST, takes=("preview",)
    ),
    "people/import/<int:number>/discard/": Page(
        opens="import_people", methods=POST, takes=("preview",)
    ),
    "people/import/<int:number>/undo/": Page(
        opens="import_people", methods=POST, takes=("preview",)
    ),
    "people/departments/": Page(opens="see_people"),
    "people/departments/export.csv": Page(opens="see_people"),
    "people/departments/<uuid:public_id>/": Page(
        opens="import_people", methods=BOTH, takes=("department",)
    ),
    "people/<uuid:public_id>/": Page(opens="see_people", takes=("person",)),
    "people/<uuid:public_id>/change/": Page(opens="import_people", methods=POST, takes=("person",)),
    "people/<uuid:public_id>/leave/clear/": Page(
        opens="import_people", methods=POST, takes=("person",)
    ),
    # --- decisions, views, links, notes -----------------------------------------------------
    "queue/": Page(opens="see_queue"),
    "queue/export.csv": Page(opens="see_queue"),
    "queue/<uuid:public_id>/delegate/": Page(
        opens="see_queue", methods=BOTH, takes=("queue_item",), parties=True
    ),
    "queue/<uuid:public_id>/take-back/": Page(
        opens="see_queue", methods=POST, takes=("queue_item",)
    ),
    "queue/<uuid:public_id>/take/": Page(opens="see_queue", methods=POST, takes=("queue_item",)),
    "queue/<uuid:public_id>/put-back/": Page(
        opens="see_queue", methods=POST, takes=("queue_item",)
    ),
    "queue/<uuid:public_id>/close/": Page(
        opens="see_queue", methods=BOTH, takes=("queue_item",), parties=True
    ),
    "approvals/<uuid:public_id>/": Page(opens="see_approval", takes=("approval",), parties=True),
    "approvals/<uuid:public_id>/sign/": Page(
        opens="see_approval", methods=POST, takes=("approval",)
    ),
    "approvals/<uuid:public_id>/decline/": Page(
        opens="see_approval", methods=POST, takes=("approval",)
    ),
    "approvals/<uuid:public_id>/withdraw/": Page(
        opens="see_approval", methods=POST, takes=("approval",)
    ),
    "unsubscribe/<str:token>/": Page(opens=PUBLIC, methods=BOTH, takes=("unsubscribe_token",)),
    "views/": Page(opens="save_views"),
    "views/save/": Page(opens="save_views", methods=POST),
    "views/<uuid:public_id>/": Page(opens="save_views", takes=("saved_view",), parties=True),
    "views/<uuid:public_id>/rename/": Page(
        opens="save_views", methods=BOTH, takes=("saved_view",), parties=True
    ),
    "views/<uuid:public_id>/delete/": Page(opens="save_views", methods=POST, takes=("saved_view",)),
    "shares/": Page(opens="share_pages"),
    "shares/new/<slug:name>/": Page(
        opens="share_pages", methods=BOTH, takes=("shareable",), parties=True
    ),
    "shares/<uuid:public_id>/revoke/": Page(
        opens="share_pages", methods=POST, takes=("share_link",)
    ),
    "shared/<str:token>/": Page(opens=PUBLIC, takes=("share_token",)),
    "notes/<slug:kind>/<str:object_id>/new/": Page(
        opens="write_notes", methods=BOTH, takes=("note_kind", "number"), parties=True
    ),
    "notes/<uuid:public_id>/": Page(
        opens="write_notes", methods=BOTH, takes=("note",), parties=True
    ),
    "notes/<uuid:public_id>/remove/": Page(opens="write_notes", methods=POST, takes=("note",)),
    "notes/<uuid:public_id>/restore/": Page(opens="write_notes", methods=POST, takes=("note",)),
    # --- mail and sign-on -------------------------------------------------------------------
    "settings/mail/": Page(opens="manage_mail"),
    "settings/mail/test/": Page(opens="manage_mail", methods=POST),
    "settings/mail/<uuid:public_id>/": Page(opens="manage_mail", takes=("mail",)),
    "settings/mail/<uuid:public_id>/link/": Page(
        opens="manage_mail", methods=POST, takes=("mail",)
    ),
    "settings/mail/<uuid:public_id>/again/": Page(
        opens="manage_mail", methods=POST, takes=("mail",)
    ),
    "settings/sign-on/": Page(opens="manage_sign_on", methods=BOTH),
    "settings/sign-on/<uuid:public_id>/": Page(
        opens="manage_sign_on", methods=BOTH, takes=("sign_on",)
    ),
    "settings/sign-on/<uuid:public_id>/switch/": Page(
        opens="manage_sign_on", methods=POST, takes=("sign_on",)
    ),
    "settings/sign-on/<uuid:public_id>/forget/": Page(
        opens="manage_sign_on", methods=POST, takes=("sign_on",)
    ),
    "settings/sign-on/<uuid:public_id>/remove/": Page(
        opens="manage_sign_on", methods=POST, takes=("sign_on",)
    ),
    # --- data and import --------------------------------------------------------------------
    "data/": Page(opens="see_data"),
    "data/templates/": Page(opens="see_data"),
    "data/templates/<slug:key>.csv": Page(opens="see_data", takes=("template",)),
    "data/batches/": Page(opens="see_data"),
    "data/batches/<int:number>/": Page(opens="see_data", takes=("number",)),
    "data/batches/<int:number>/errors.csv": Page(opens="see_data", takes=("number",)),
    "data/batches/<int:number>/retry/": Page(opens="see_data", methods=POST, takes=("number",)),
    "data/batches/<int:number>/cancel/": Page(opens="see_data", methods=POST, takes=("number",)),
    "data/batches/<int:number>/undo/": Page(opens="see_data", methods=POST, takes=("number",)),
    "data/keys/": Page(opens="manage_keys", methods=BOTH),
    "data/keys/<uuid:public_id>/": Page(opens="manage_keys", takes=("api_key",)),
    "data/keys/<uuid:public_id>/change/": Page(
        opens="manage_keys", methods=POST, takes=("api_key",)
    ),
    "data/keys/<uuid:public_id>/rotate/": Page(
        opens="manage_keys", methods=POST, takes=("api_key",)
    ),
    "trail/": Page(opens="see_trail"),
    "trail/export.csv": Page(opens="see_trail"),
    "data/keys/<uuid:public_id>/revoke/": Page(
        opens="manage_keys", methods=POST, takes=("api_key",)
    ),
    "data/unmatched/": Page(opens="see_data"),
    "data/unmatched/export.csv": Page(opens="see_data"),
    "data/unmatched/file/": Page(opens="link_subject", methods=BOTH),
    "data/unmatched/<uuid:public_id>/unlink/": Page(
        opens="link_subject", methods=POST, takes=("subject",)
    ),
    "data/unmatched/<uuid:public_id>/link/": Page(
        opens="link_subject", methods=BOTH, takes=("subject",)
    ),
    "adoption/reconcile/": Page(opens="see_data"),
    "data/sources/": Page(opens="see_data"),
    "data/sources/export.csv": Page(opens="see_data"),
    "data/upload/": Page(opens="import_usage", methods=BOTH),
    "data/upload/<int:number>/": Page(opens="import_usage", takes=("number",)),
    "data/upload/<int:number>/import/": Page(opens="import_usage", methods=POST, takes=("number",)),
    "data/upload/<int:number>/discard/": Page(
        opens="import_usage", methods=POST, takes=("number",)
    ),
    "data/profiles/": Page(opens="import_usage"),
    "data/profiles/new/": Page(opens="import_usage", methods=BOTH),
    "data/profiles/<uuid:public_id>/": Page(opens="import_usage", methods=BOTH, takes=("profile",)),
    "data/profiles/<uuid:public_id>/change/": Page(
        opens="import_usage", methods=BOTH, takes=("profile",)
    ),
    "data/profiles/<uuid:public_id>/archive/": Page(
        opens="import_usage", methods=POST, takes=("profile",)
    ),
    "data/profiles/<uuid:public_id>/delete/": Page(
        opens="import_usage", methods=POST, takes=("profile",)
    ),
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
    "proposals/": Page(opens="propose_initiative"),
    "proposals/new/": Page(opens="propose_initiative", methods=BOTH),
    "proposals/<uuid:public_id>/": Page(opens="propose_initiative", takes=("proposal",)),
    "proposals/<uuid:public_id>/edit/": Page(
        opens="propose_initiative", methods=BOTH, takes=("proposal",)
    ),
    "proposals/<uuid:public_id>/withdraw/": Page(
        opens="propose_initiative", methods=POST, takes=("proposal",)
    ),
    "proposals/<uuid:public_id>/accept/": Page(
        opens="triage_proposals", methods=POST, takes=("proposal",)
    ),
    "proposals/<uuid:public_id>/join/": Page(
        opens="triage_proposals", methods=POST, takes=("proposal",)
    ),
    "proposals/<uuid:public_id>/decline/": Page(
        opens="triage_proposals", methods=POST, takes=("proposal",)
    ),
    "proposals/<uuid:public_id>/ask/": Page(
        opens="triage_proposals", methods=POST, takes=("proposal",)
    ),
    "scoring/": Page(opens="score_blind"),
    # --- privacy ----------------------------------------------------------------------------
    "agreement/": Page(opens="see_agreement"),
    "agreement/<int:number>/": Page(opens="see_agreement", takes=("agreement",)),
    "agreement/draft/": Page(opens="manage_privacy"),
    "agreement/edit/": Page(opens="manage_privacy", methods=BOTH),
    "agreement/publish/": Page(opens="manage_privacy", methods=POST),
    "agreement/discard/": Page(opens="manage_privacy", methods=POST),
    "settings/": Page(opens="see_settings"),
    "settings/edit/": Page(opens="manage_settings", methods=BOTH),
    "settings/calendar/": Page(opens="see_settings"),
    "settings/calendar/weekdays/": Page(opens="manage_settings", methods=POST),
    "settings/calendar/add/": Page(opens="manage_settings", methods=POST),
    "settings/calendar/copy/": Page(opens="manage_settings", methods=POST),
    "settings/calendar/remove/": Page(opens="manage_settings", methods=POST),
    "settings/prices/": Page(opens="see_settings"),
    "settings/prices/save/": Page(opens="manage_settings", methods=POST),
    "settings/prices/upload/": Page(opens="manage_settings", methods=POST),
    "settings/prices/export.csv": Page(opens="see_settings"),
    "settings/signers/": Page(opens="see_settings"),
    "settings/signers/save/": Page(opens="manage_settings", methods=POST),
    "settings/leave/": Page(opens="leave_organization"),
    "settings/leave/now/": Page(opens="leave_organization", methods=POST),
    "settings/close/": Page(opens="close_organization", methods=POST),
    "settings/export/": Page(opens="export_everything", methods=POST),
    "settings/export/<uuid:public_id>/": Page(opens="export_everything", takes=("export",)),
    "settings/export/<uuid:public_id>/file/": Page(opens="export_everything", takes=("export",)),
    "settings/export/<uuid:public_id>/delete/": Page(
        opens="export_everything", methods=POST, takes=("export",)
    ),
    "closed/": Page(opens=SIGNED_IN, methods=BOTH),
    "settings/privacy/": Page(opens="see_privacy"),
    "settings/privacy/edit/": Page(opens="manage_privacy", methods=BOTH),
    "people/requests/": Page(opens="see_requests"),
    "people/requests/export.csv": Page(opens="see_requests"),
    "people/requests/new/": Page(opens="handle_requests", methods=BOTH),
    "people/requests/<uuid:public_id>/": Page(opens="see_requests", takes=("data_request",)),
    "people/requests/<uuid:public_id>/propose/": Page(
        opens="handle_requests", methods=POST, takes=("data_request",)
    ),
    "people/requests/<uuid:public_id>/answer/": Page(
        opens="handle_requests", methods=POST, takes=("data_request",)
    ),
    "people/requests/<uuid:public_id>/copy/": Page(
        opens="handle_requests", methods=POST, takes=("data_request",)
    ),
    "me/copy/": Page(opens="see_own_usage", methods=POST),
    "me/consent/": Page(opens="see_own_usage", methods=POST),
    "me/requests/": Page(opens="see_own_usage", methods=POST),
    "me/requests/<uuid:public_id>/withdraw/": Page(
        opens="see_own_usage", methods=POST, takes=("data_request",)
    ),
    "me/requests/<uuid:public_id>/copy/": Page(
        opens="see_own_usage", methods=POST, takes=("data_request",)
    ),
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
    "api/v1/^batches/(?P<number>[0-9]+)/apply/?$": Endpoint(
        scopes={"POST": only(Scope.INGEST_PEOPLE)}, takes=("preview",)
    ),
    "api/v1/^batches/(?P<number>[0-9]+)/discard/?$": Endpoint(
        scopes={"POST": only(Scope.INGEST_PEOPLE)}, takes=("preview",)
    ),
    "api/v1/^batches/(?P<number>[0-9]+)/errors/?$": Endpoint(
        scopes={"GET": SEE_BATCHES}, takes=("number",)
    ),
    "api/v1/^adoption/weekly/?$": Endpoint(scopes={"GET": only(Scope.READ_ADOPTION)}),
    "api/v1/^queue/?$": Endpoint(scopes={"GET": only(Scope.READ_QUEUE)}),
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
