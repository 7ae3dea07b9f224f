"""No entry in the trail, no change: also where the sign-in library makes the change."""

import pytest

from organizations.calculations.roles import Role
from tests.builders import PASSWORD
from tests.cast import Company

NEW = "another long sentence of words"


@pytest.mark.parametrize("trail_takes_it", [True, False])
def test_a_password_is_changed_with_its_entry_or_not_at_all(
    trail_takes_it: bool, acme: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = acme.users[Role.MEMBER]
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    client = acme.client(Role.MEMBER)
    client.raise_request_exception = False
    if not trail_takes_it:

        def refuse(**_: object) -> None:
            raise RuntimeError("the trail takes nothing")

        monkeypatch.setattr("organizations.actions.accounts.record", refuse)
    answer = client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
    )
    assert answer.status_code == (302 if trail_takes_it else 500)
    user.refresh_from_db()
    assert user.check_password(NEW if trail_takes_it else PASSWORD)
