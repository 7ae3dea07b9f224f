"""Acts of this app in the words of the audit trail."""

from typing import Final

PORTFOLIO: Final[dict[str, str]] = {
    "initiative.created": "created an initiative",
    "initiative.changed": "changed an initiative",
    "initiative.stage_changed": "moved an initiative to another stage",
    "initiative.handed_over": "handed an initiative over",
    "initiative.registered_beside_similar": "registered an initiative beside similar ones",
    "initiatives.exported": "downloaded the register of initiatives",
    "initiatives.imported": "imported initiatives",
    "initiatives.refused": "sent initiatives that were refused",
    "eligibility.added": "added a rule of access",
    "eligibility.ended": "ended a rule of access",
    "eligibility.imported": "imported who may use what",
    "eligibility.refused": "sent rules of access that were refused",
    "proposal.made": "proposed an initiative",
    "proposal.changed": "changed a proposal",
    "proposal.asked": "asked back about a proposal",
    "proposal.accepted": "accepted a proposal",
    "proposal.joined": "joined a proposal to an initiative",
    "proposal.declined": "declined a proposal",
    "proposal.withdrawn": "withdrew a proposal",
}
