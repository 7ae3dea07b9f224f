"""The permission matrix, row by row, and that every action of the code stands in one of its rows.

Letters: O administrator, L program lead, C champion, X executive, F facilitator, M member,
A auditor. What needs two people is proved where it is done; here it says who may be one of them.
"""

from itertools import combinations

import pytest

from organizations.calculations.matrix import ALLOWED, OWN_DEPARTMENTS_ONLY
from organizations.calculations.roles import Role, Scope, may_combine
from organizations.registry import approval_kinds

LETTERS = {
    "O": Role.ADMINISTRATOR,
    "L": Role.PROGRAM_LEAD,
    "C": Role.CHAMPION,
    "X": Role.EXECUTIVE,
    "F": Role.FACILITATOR,
    "M": Role.MEMBER,
    "A": Role.AUDITOR,
}
ROWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "manage members, roles, privacy settings": (
        "O",
        (
            *("see_members", "manage_members", "manage_privacy", "manage_settings"),
            *("manage_mail", "manage_sign_on", "view_as"),
        ),
    ),
    "read settings": ("OA", ("see_settings", "see_privacy")),
    "create, revoke API keys": ("OL", ("manage_keys",)),
    "import people and eligibility": ("OL", ("see_people", "import_people", "import_eligibility")),
    "import usage by upload": ("L", ("import_usage",)),
    "see batches, row errors, unmatched subjects; link a subject": (
        "OL",
        ("see_data", "link_subject"),
    ),
    "see adoption": ("OLCXMA", ("see_adoption",)),
    "see one's own usage": ("OLCXFM", ("see_own_usage",)),
    "create, edit initiatives": ("L", ("edit_initiatives", "triage_proposals")),
    "read initiatives and the sprint": ("LX", ("see_initiatives", "see_sprint")),
    "run the sprint": ("L", ("run_sprint",)),
    "propose an initiative": ("LCXM", ("propose_initiative",)),
    "score blind": ("F", ("score_blind",)),
    "read audit trail": ("OA", ("see_trail",)),
    "erase or export a person": ("O", ("handle_requests",)),
    "see the log of erasures": ("OA", ("see_requests",)),
    "take or delete everything": ("O", ("export_everything", "close_organization")),
    "share a page, write a note": ("OLCX", ("share_pages", "write_notes")),
    "name a stand-in": ("OLCXMA", ("name_stand_in",)),
    "what is everybody's own": (
        "OLCXFMA",
        (
            *("see_home", "see_queue", "see_approval", "save_views", "see_agreement"),
            "leave_organization",
        ),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_opens_its_actions_to_its_roles_and_to_nobody_else(row: str) -> None:
    letters, actions = ROWS[row]
    roles = {LETTERS[letter] for letter in letters}
    assert {action: set(ALLOWED[action]) for action in actions} == dict.fromkeys(actions, roles)


def test_every_action_stands_in_exactly_one_row() -> None:
    listed = [action for _, actions in ROWS.values() for action in actions]
    assert sorted(listed) == sorted(ALLOWED)


def test_champions_and_members_see_their_own_departments_only() -> None:
    assert set(OWN_DEPARTMENTS_ONLY) == {Role.CHAMPION, Role.MEMBER}


def test_a_facilitator_has_no_other_role_and_all_others_combine() -> None:
    for one, other in combinations(Role, 2):
        assert may_combine(frozenset({one, other})) is (Role.FACILITATOR not in (one, other))


def test_no_key_can_change_roles_decisions_or_signatures() -> None:
    """Keys ingest rows and read groups; there is no scope for anything else."""
    assert {scope.value.partition(":")[0] for scope in Scope} == {"ingest", "read"}


def test_who_signs_an_act_of_two_people_stands_in_the_matrix() -> None:
    assert approval_kinds
    assert {kind.decide for kind in approval_kinds.values()} <= set(ALLOWED)
