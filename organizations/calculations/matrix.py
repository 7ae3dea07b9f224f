"""The permission matrix: which roles may do what (SECURITY 3). Pages, actions, tests and
docs/permissions.md read this one table."""

from organizations.calculations.roles import Role

_O, _L, _C, _X = Role.ADMINISTRATOR, Role.PROGRAM_LEAD, Role.CHAMPION, Role.EXECUTIVE
_F, _M, _A = Role.FACILITATOR, Role.MEMBER, Role.AUDITOR
_EVERYBODY = frozenset(Role)

ALLOWED: dict[str, frozenset[Role]] = {
    "see_home": _EVERYBODY,
    "see_queue": _EVERYBODY,
    "see_approval": _EVERYBODY,
    "save_views": _EVERYBODY,
    "share_pages": frozenset({_O, _L, _C, _X}),
    "write_notes": frozenset({_O, _L, _C, _X}),
    "see_sprint": frozenset({_L, _X}),
    "run_sprint": frozenset({_L}),
    "see_adoption": frozenset({_O, _L, _C, _X, _M, _A}),
    "see_own_usage": frozenset({_O, _L, _C, _X, _F, _M}),
    "see_initiatives": frozenset({_L, _X}),
    "edit_initiatives": frozenset({_L}),
    "propose_initiative": frozenset({_L, _C, _X, _M}),
    "triage_proposals": frozenset({_L}),
    "import_eligibility": frozenset({_O, _L}),
    "see_members": frozenset({_O}),
    "manage_members": frozenset({_O}),
    "name_stand_in": frozenset({_O, _L, _C, _X, _M, _A}),
    "view_as": frozenset({_O}),
    "see_people": frozenset({_O, _L}),
    "import_people": frozenset({_O, _L}),
    "see_data": frozenset({_O, _L}),
    "import_usage": frozenset({_L}),
    "link_subject": frozenset({_O, _L}),
    "manage_keys": frozenset({_O, _L}),
    "see_agreement": _EVERYBODY,
    "see_settings": frozenset({_O, _A}),
    "manage_settings": frozenset({_O}),
    "export_everything": frozenset({_O}),
    "close_organization": frozenset({_O}),
    "leave_organization": _EVERYBODY,
    "see_privacy": frozenset({_O, _A}),
    "manage_privacy": frozenset({_O}),
    "see_requests": frozenset({_O, _A}),
    "handle_requests": frozenset({_O}),
    "manage_mail": frozenset({_O}),
    "manage_sign_on": frozenset({_O}),
    "see_trail": frozenset({_O, _A}),
    "score_blind": frozenset({_F}),
}
# Roles that see adoption of their own departments only.
OWN_DEPARTMENTS_ONLY = frozenset({_C, _M})
SEE_ALL_DEPARTMENTS = ALLOWED["see_adoption"] - OWN_DEPARTMENTS_ONLY
