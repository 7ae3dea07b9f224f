"""The decision queue: who finds what, who does it instead, and how it closes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from organizations import registry, scope
from organizations.actions.queue import (
    Ask,
    NotAMember,
    NotDelegable,
    ask,
    delegate,
    put_back,
    settle,
    take,
)
from organizations.calculations.actor import Actor
from organizations.calculations.roles import Role, Scope
from organizations.errors import Conflict
from organizations.models import AuditEvent, Membership, QueueItem, StandIn
from organizations.registry import QueueKind
from tests.builders import make_key
from tests.cast import CANARY, Company

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
BY_HAND = "errand"
SEALED = "sealed"


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {
        BY_HAND: QueueKind(kind=BY_HAND, label="Errands", order=70, by_hand=True),
        SEALED: QueueKind(kind=SEALED, label="Sealed", order=1, delegable=False),
    }
    monkeypatch.setattr("organizations.reports.queue.queue_kinds", registry.queue_kinds | more)


def wait(
    company: Company,
    *,
    title: str = "Look at the batches",
    owner: Role | None = None,
    role: Role | None = None,
    due: date | None = None,
    kind: str = BY_HAND,
    url: str = "/data/batches/",
    at: datetime = NOW,
) -> QueueItem:
    with scope.organization(company.organization.pk):
        return ask(
            organization_id=company.organization.pk,
            asked=Ask(
                kind=kind,
                object_kind="errand",
                object_id=title,
                title=title,
                url=url,
                owner=company.users[owner] if owner else None,
                role=role,
                due_on=due,
            ),
            now=at,
        )


def shown(company: Company, role: Role, query: str = "") -> str:
    answer = company.client(role).get(f"/queue/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def fresh(item: QueueItem) -> QueueItem:
    return QueueItem.unscoped.get(pk=item.pk)


@pytest.fixture(autouse=True)
def clock(time_machine) -> None:  # type: ignore[no-untyped-def]
    time_machine.move_to(NOW, tick=False)


def test_everybody_finds_the_own_queue_empty_at_first(acme: Company) -> None:
    for role in Role:
        assert "Nothing waits for you" in shown(acme, role)


def test_an_item_waits_for_its_owner_and_for_nobody_else(acme: Company, twin: Company) -> None:
    wait(acme, owner=Role.PROGRAM_LEAD)
    wait(twin, title=f"{CANARY} item", owner=Role.PROGRAM_LEAD)
    page = shown(acme, Role.PROGRAM_LEAD)
    assert "1 decision waits for you" in page
    assert "Look at the batches" in page
    assert CANARY not in page
    assert "Look at the batches" not in shown(acme, Role.ADMINISTRATOR)


def test_the_sidebar_counts_what_waits(acme: Company) -> None:
    assert "nav__count" not in shown(acme, Role.PROGRAM_LEAD)
    wait(acme, title="One", owner=Role.PROGRAM_LEAD)
    wait(acme, title="Two", role=Role.PROGRAM_LEAD)
    assert 'nav__count--due">2<' in shown(acme, Role.PROGRAM_LEAD)


def test_overdue_comes_first_then_the_order_of_kinds(acme: Company) -> None:
    wait(acme, title="Later", owner=Role.PROGRAM_LEAD, due=TODAY + timedelta(days=3))
    wait(acme, title="First kind", owner=Role.PROGRAM_LEAD, kind=SEALED)
    wait(acme, title="Late", owner=Role.PROGRAM_LEAD, due=TODAY - timedelta(days=1))
    page = shown(acme, Role.PROGRAM_LEAD)
    assert "3 decisions wait for you, 1 overdue" in page
    assert page.index(">Late<") < page.index(">Later<") < page.index(">First kind<")


def test_an_item_due_today_is_not_overdue(acme: Company) -> None:
    wait(acme, owner=Role.PROGRAM_LEAD, due=TODAY)
    assert "overdue" not in shown(acme, Role.PROGRAM_LEAD)


def test_an_item_of_a_role_waits_for_its_holders_until_one_takes_it(acme: Company) -> None:
    item = wait(acme, role=Role.PROGRAM_LEAD)
    with scope.organization(acme.organization.pk):
        Membership.objects.create(
            user=acme.users[Role.EXECUTIVE], role=Role.PROGRAM_LEAD, organization=acme.organization
        )
    lead = acme.client(Role.PROGRAM_LEAD)
    assert lead.post(f"/queue/{item.public_id}/take/").status_code == 302
    assert fresh(item).owner == acme.users[Role.PROGRAM_LEAD]
    assert "Nothing waits for you" in shown(acme, Role.EXECUTIVE)
    assert acme.client(Role.EXECUTIVE).post(f"/queue/{item.public_id}/take/").status_code == 404
    assert lead.post(f"/queue/{item.public_id}/put-back/").status_code == 302
    assert "1 decision waits for you" in shown(acme, Role.EXECUTIVE)


def test_of_two_who_take_it_at_once_one_is_told(in_acme: Company) -> None:
    item = wait(in_acme, role=Role.PROGRAM_LEAD)
    take(item=item, by=in_acme.users[Role.PROGRAM_LEAD], now=NOW)
    with pytest.raises(Conflict):
        take(item=item, by=in_acme.users[Role.EXECUTIVE], now=NOW)
    with pytest.raises(Conflict):
        put_back(item=item, by=in_acme.users[Role.EXECUTIVE], now=NOW)


def test_a_stand_in_finds_it_during_the_days_away_and_not_after(acme: Company) -> None:
    wait(acme, owner=Role.PROGRAM_LEAD)
    with scope.organization(acme.organization.pk):
        StandIn.objects.create(
            organization=acme.organization,
            user=acme.users[Role.PROGRAM_LEAD],
            delegate=acme.users[Role.EXECUTIVE],
            span=(TODAY, TODAY + timedelta(days=1)),
        )
    assert "you stand in" in shown(acme, Role.EXECUTIVE)
    assert "Nothing waits for you" in shown(acme, Role.CHAMPION)
    StandIn.unscoped.update(span=(TODAY - timedelta(days=3), TODAY))
    assert "Nothing waits for you" in shown(acme, Role.EXECUTIVE)


def test_delegating_puts_it_into_the_other_queue_and_back(acme: Company) -> None:
    item = wait(acme, owner=Role.PROGRAM_LEAD)
    lead, other = acme.client(Role.PROGRAM_LEAD), acme.users[Role.ADMINISTRATOR]
    answer = lead.post(f"/queue/{item.public_id}/delegate/", {"to": other.public_id})
    assert answer.status_code == 302
    assert "Look at the batches" in shown(acme, Role.ADMINISTRATOR)
    assert "Look at the batches" in shown(acme, Role.PROGRAM_LEAD, "?only=delegated")
    lead.post(f"/queue/{item.public_id}/take-back/")
    assert "Nothing waits for you" in shown(acme, Role.ADMINISTRATOR)
    actions = AuditEvent.unscoped.filter(object_kind="queue_item").values_list("action", flat=True)
    assert list(actions.order_by("pk")) == ["queue.delegated", "queue.taken_back"]


def test_only_whose_role_opens_the_page_can_be_asked_to_do_it(acme: Company) -> None:
    """Its title may name what the others must not learn."""
    item = wait(acme, owner=Role.PROGRAM_LEAD)
    member = acme.users[Role.MEMBER]
    page = acme.client(Role.PROGRAM_LEAD).get(f"/queue/{item.public_id}/delegate/").content.decode()
    assert acme.users[Role.ADMINISTRATOR].email in page
    assert member.email not in page
    answer = acme.client(Role.PROGRAM_LEAD).post(
        f"/queue/{item.public_id}/delegate/", {"to": member.public_id}
    )
    assert answer.status_code == 200
    assert fresh(item).delegate is None


def test_nobody_whose_membership_ended_is_asked(in_acme: Company) -> None:
    item = wait(in_acme, owner=Role.PROGRAM_LEAD)
    gone = in_acme.users[Role.ADMINISTRATOR]
    Membership.objects.filter(user=gone).update(until=TODAY - timedelta(days=1))
    actor = Actor(kind="user", id=in_acme.users[Role.PROGRAM_LEAD].pk)
    with pytest.raises(NotAMember):
        delegate(item=item, to=gone, actor=actor, now=NOW)
    with pytest.raises(NotAMember):
        wait(in_acme, title="Another", owner=Role.ADMINISTRATOR)


def test_what_is_sealed_cannot_be_handed_on(in_acme: Company) -> None:
    item = wait(in_acme, owner=Role.PROGRAM_LEAD, kind=SEALED)
    actor = Actor(kind="user", id=in_acme.users[Role.PROGRAM_LEAD].pk)
    with pytest.raises(NotDelegable):
        delegate(item=item, to=in_acme.users[Role.ADMINISTRATOR], actor=actor, now=NOW)
    answer = in_acme.client(Role.PROGRAM_LEAD).get(f"/queue/{item.public_id}/delegate/")
    assert answer.status_code == 404


def test_somebody_elses_item_is_not_there(acme: Company, twin: Company) -> None:
    theirs = wait(twin, owner=Role.PROGRAM_LEAD)
    ours = wait(acme, owner=Role.EXECUTIVE)
    client = acme.client(Role.PROGRAM_LEAD)
    for item in (theirs, ours):
        for act in ("delegate", "take-back", "take", "put-back", "close"):
            answer = client.post(f"/queue/{item.public_id}/{act}/", {"reason": "No"})
            assert answer.status_code == 404, act


def test_closing_by_hand_wants_a_reason_and_a_kind_that_allows_it(acme: Company) -> None:
    item = wait(acme, owner=Role.PROGRAM_LEAD)
    other = wait(acme, title="Sealed", owner=Role.PROGRAM_LEAD, kind=SEALED)
    client = acme.client(Role.PROGRAM_LEAD)
    assert client.post(f"/queue/{item.public_id}/close/", {"reason": ""}).status_code == 200
    assert fresh(item).state == "open"
    client.post(f"/queue/{item.public_id}/close/", {"reason": "Done on paper"})
    assert (fresh(item).state, fresh(item).outcome) == ("done", "Done on paper")
    answer = client.post(f"/queue/{other.public_id}/close/", {"reason": "No"})
    assert answer.status_code == 404
    assert "Done on paper" in shown(acme, Role.PROGRAM_LEAD, "?only=done")


def test_what_was_settled_is_listed_with_who_did_it(acme: Company) -> None:
    item = wait(acme, owner=Role.PROGRAM_LEAD)
    lead = acme.users[Role.PROGRAM_LEAD]
    with scope.organization(acme.organization.pk):
        closed = settle(
            organization_id=acme.organization.pk,
            kind=item.kind,
            object_kind=item.object_kind,
            object_id=item.object_id,
            outcome="answered",
            actor=Actor(kind="user", id=lead.pk),
            now=NOW,
        )
    assert closed == 1
    page = shown(acme, Role.PROGRAM_LEAD, "?only=done")
    assert "Answered" in page
    assert "Nothing waits for you" in page


def test_asking_again_renews_the_words_of_the_open_item(acme: Company) -> None:
    first = wait(acme, owner=Role.PROGRAM_LEAD)
    again = wait(acme, owner=Role.PROGRAM_LEAD, due=TODAY)
    assert (first.pk, again.due_on) == (again.pk, TODAY)


def test_the_file_holds_the_lines_of_the_page_and_is_in_the_trail(acme: Company) -> None:
    wait(acme, title="=SUM(1)", owner=Role.PROGRAM_LEAD)
    wait(acme, title="Theirs", owner=Role.EXECUTIVE)
    answer = acme.client(Role.PROGRAM_LEAD).get("/queue/export.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=SUM(1)" in text
    assert "Theirs" not in text
    [entry] = AuditEvent.unscoped.filter(action="queue.exported")
    assert entry.changes == {"lines": 1}


def test_a_filter_nobody_knows_shows_all(acme: Company) -> None:
    wait(acme, owner=Role.PROGRAM_LEAD)
    assert "Look at the batches" in shown(acme, Role.PROGRAM_LEAD, "?only=drop+table&page=99")


def test_the_api_tells_what_waits_without_titles_and_names(acme: Company, twin: Company) -> None:
    wait(acme, title="Erase Bo Chen", owner=Role.PROGRAM_LEAD, due=TODAY - timedelta(days=1))
    wait(twin, title=CANARY, role=Role.PROGRAM_LEAD)
    answer = acme.api().get("/api/v1/queue")
    [line] = answer.json()["results"]
    assert (line["kind"], line["role"], line["state"], line["overdue"]) == (
        *(BY_HAND, "", "open", True),
    )
    item = QueueItem.unscoped.get(title="Erase Bo Chen")
    QueueItem.unscoped.filter(pk=item.pk).update(object_id="7")
    assert "Bo Chen" not in acme.api().get("/api/v1/queue").content.decode()
    assert acme.api().get("/api/v1/queue?state=done").json()["results"] == []


def test_the_api_writes_csv_and_wants_its_scope(acme: Company) -> None:
    wait(acme, owner=Role.PROGRAM_LEAD)
    answer = acme.api().get("/api/v1/queue", headers={"Accept": "text/csv"})
    header, line = b"".join(answer.streaming_content).decode("utf-8-sig").split("\r\n")[:2]
    assert header.replace('"', "").startswith("id,kind,object_kind,object_id,role,delegated,state")
    assert BY_HAND in line
    with scope.organization(acme.organization.pk):
        key = make_key(
            organization=acme.organization, scopes=[Scope.READ_SPRINT], name="Sprint", now=NOW
        )
    refused = acme.api().get("/api/v1/queue", headers={"Authorization": f"Bearer {key.text}"})
    assert refused.status_code == 403
