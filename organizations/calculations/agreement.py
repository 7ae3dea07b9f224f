"""The usage agreement: its sections, the text made from an organization's rules, differences."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from organizations.calculations.choices import ChampionSees


class Section(StrEnum):
    COLLECTED = "collected"
    PURPOSE = "purpose"
    NOT_FOR = "not_for"
    SEEN_BY = "seen_by"
    KEPT = "kept"
    RIGHTS = "rights"
    COUNCIL = "council"


HEADINGS = {
    Section.COLLECTED: "What is collected",
    Section.PURPOSE: "What it is for",
    Section.NOT_FOR: "What it is never for",
    Section.SEEN_BY: "Who sees it",
    Section.KEPT: "How long it is kept",
    Section.RIGHTS: "Your rights",
    Section.COUNCIL: "Works council",
}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the agreement promises and the program keeps: group size, times, who sees names."""

    k_min: int
    usage_months: int
    originals_days: int
    survey_months: int
    access_days: int
    trail_years: int
    champion_sees: str


RULE_LABELS = {
    "k_min": "Smallest group shown",
    "usage_months": "Usage of a person kept, months",
    "originals_days": "Import originals kept, days",
    "survey_months": "Survey answers kept, months",
    "access_days": "Sessions and sign-ins kept, days",
    "trail_years": "Audit trail kept, years",
    "champion_sees": "When a champion sees a name",
}
_CHAMPION = {
    ChampionSees.CONSENT: (
        "The champion of your department sees your name only if you say yes on My usage. You may"
        " change your mind at any time; it works at once, and nobody is told which you chose."
    ),
    ChampionSees.INFORMED: (
        "The champion of your department may see your name and whether you use AI regularly, in"
        " order to offer help. Each such look is recorded, and you see it on My usage."
    ),
    ChampionSees.NEVER: "Nobody else sees your name with your usage, your champion neither.",
}


def default_text(*, rules: Rules, sources: Iterable[str]) -> dict[str, str]:
    """The agreement an organization starts from: section → text, paragraphs apart by a blank line.

    It says what the program really does under these rules.
    """
    named = sorted(sources)
    tools = f" from {_listed(named)}" if named else ""
    return {
        Section.COLLECTED: (
            f"Counts of use{tools}: on which days you used a tool, how often, and in which"
            " initiative. Your department, job role and days of absence come from the directory,"
            " without any reason for an absence.\n\n"
            "What you write to an AI, and what it answers, is never stored."
        ),
        Section.PURPOSE: (
            "To see which departments need help or training, and to decide which initiatives to"
            " double, maintain or stop."
        ),
        Section.NOT_FOR: (
            "Never for rating performance, for pay, promotion, discipline or rankings of people."
            " There is no list that sorts people by their use, and no export of it."
        ),
        Section.SEEN_BY: (
            f"You see your own usage. Everybody else sees groups of {rules.k_min} or more people,"
            " never a single person; smaller groups are not shown.\n\n"
            + _CHAMPION[ChampionSees(rules.champion_sees)]
        ),
        Section.KEPT: (
            f"Usage of a person: {rules.usage_months} months. The files it came in:"
            f" {rules.originals_days} days. Survey answers: {rules.survey_months} months. Sessions"
            f" and sign-ins: {rules.access_days} days. The audit trail, which names nobody's"
            f" usage: {rules.trail_years} years. Then it is deleted, every night. Figures of groups"
            " stay."
        ),
        Section.RIGHTS: (
            "On My usage you can read and download everything that is stored about you, report a"
            " mistake, ask to be erased, and see who looked. An erasure is done within 30 days of"
            " your asking and needs two administrators. Published figures of groups stay."
        ),
        Section.COUNCIL: (
            "Whoever represents employees may read this agreement, the rules in force, the log of"
            " requests and the audit trail at any time, with the role of auditor. A change of the"
            " rules shows here as not yet agreed until a new version is published."
        ),
    }


def changed_rules(*, published: Mapping[str, object], rules: Rules) -> list[str]:
    """Labels of the rules that are no longer those that were published; all where none were."""
    return [
        RULE_LABELS[name] for name, value in asdict(rules).items() if published.get(name) != value
    ]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Words of a text: kept, added or removed."""

    kind: str
    text: str


def differences(*, before: str, after: str) -> list[Piece]:
    """What differs word by word, in order. Equal texts are one piece, kept."""
    old, new = before.split(), after.split()
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(kind="kept", text=" ".join(old[a:b])))
            continue
        if a < b:
            pieces.append(Piece(kind="removed", text=" ".join(old[a:b])))
        if c < d:
            pieces.append(Piece(kind="added", text=" ".join(new[c:d])))
    return pieces


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
