"""Access intervals follow the directory and the rules."""

from collections.abc import Sequence

from portfolio.querysets import rewrite_access


def rebuild_access(
    *,
    organization_id: int,
    person_ids: Sequence[int] | None = None,
    initiative_ids: Sequence[int] | None = None,
) -> int:
    """Derive access again from rules, departments and job roles; None means all of them.

    Everybody in the directory has what a rule `all` opens; a department's rule holds for its whole
    subtree, for as long as somebody is in it. Employment, leave and grace are applied on top when
    weeks are counted (METHODS 3.1). Called in the transaction of a change to the directory; the
    same result whenever it is repeated. Returns the number of people whose access changed.
    """
    return rewrite_access(
        organization_id=organization_id, person_ids=person_ids, initiative_ids=initiative_ids
    )
