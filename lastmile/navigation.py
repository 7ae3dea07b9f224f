"""What each role finds in the sidebar, and where it lands."""

from dataclasses import dataclass

from organizations.calculations.roles import Role
from organizations.permissions import Member

LANDING = {
    Role.PROGRAM_LEAD: "sprint_home",
    Role.EXECUTIVE: "sprint_home",
    Role.CHAMPION: "adoption",
    Role.ADMINISTRATOR: "data",
    Role.AUDITOR: "adoption",
    Role.FACILITATOR: "scoring",
    Role.MEMBER: "my_usage",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One link: the page's URL name, its word, its icon and the action it needs."""

    name: str
    label: str
    icon: str
    action: str
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    title: str
    entries: tuple[Entry, ...]


GROUPS = (
    Group(
        title="",
        entries=(Entry(name="queue", label="Decisions", icon="bell", action="see_queue", key="q"),),
    ),
    Group(
        title="Sprint",
        entries=(
            Entry(name="sprint_home", label="Home", icon="home", action="see_sprint", key="h"),
        ),
    ),
    Group(
        title="Portfolio",
        entries=(
            Entry(
                name="initiatives",
                label="Initiatives",
                icon="grid",
                action="see_initiatives",
                key="p",
            ),
            Entry(name="proposals", label="Proposals", icon="plus", action="propose_initiative"),
            Entry(name="scoring", label="My scoring", icon="scale", action="score_blind"),
        ),
    ),
    Group(
        title="Adoption",
        entries=(
            Entry(
                name="adoption", label="Departments", icon="people", action="see_adoption", key="a"
            ),
            Entry(name="my_usage", label="My usage", icon="user", action="see_own_usage"),
            Entry(name="agreement", label="Agreement", icon="doc", action="see_agreement"),
        ),
    ),
    Group(
        title="Data",
        entries=(
            Entry(name="data", label="Imports and keys", icon="in", action="see_data", key="d"),
            Entry(name="people", label="People", icon="list", action="see_people"),
            Entry(name="trail", label="Audit trail", icon="lock", action="see_trail"),
            Entry(name="settings", label="Settings", icon="gear", action="see_settings"),
        ),
    ),
)


# Tabs of the pages about settings. Who may open one is asked of the page itself.
SETTINGS_TABS = (
    ("settings", "General"),
    ("settings_calendar", "Calendar"),
    ("settings_prices", "Hour prices"),
    ("settings_signers", "Signers"),
    ("privacy", "Privacy"),
    ("sign_on", "Sign-on"),
    ("mail", "Mail"),
    ("settings_leave", "Data file and leaving"),
)


def groups_for(member: Member) -> tuple[Group, ...]:
    """The groups a member sees, without links the member may not open."""
    shown = (
        Group(title=g.title, entries=tuple(e for e in g.entries if member.may(e.action)))
        for g in GROUPS
    )
    return tuple(group for group in shown if group.entries)
