"""Anybody proposes, the program lead answers, and the proposer hears of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from organizations import scope
from organizations.calculations.roles import Role
from organizations.models import AuditEvent, Mail, QueueItem
from portfolio.calculations.stages import Stage
from portfolio.models import Initiative, Proposal
from tests.cast import Company

FIELDS = {
    "title": "Refund answers",
    "problem": "Customers wait for an answer about their refund.",
    "outcome": "Cut the time to answer a refund request from 26 hours to 8",
    "metric": "Median hours to answer",
    "baseline": "26 hours",
    "target": "8 hours",
    "target_date": "2027-03-31",
    "origin": "business",
    "department": "",
}


@pytest.fixture(autouse=True)
def _in_force(acme: Company) -> Iterator[None]:
    with scope.organization(acme.organization.pk):
        yield


def propose(company: Company, role: Role = Role.MEMBER, **fields: str) -> Proposal:
    answer = company.client(role).post("/proposals/new/", FIELDS | fields)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return Proposal.objects.latest("pk")


def waiting(kind: str) -> list[QueueItem]:
    return list(QueueItem.objects.filter(kind=kind, state="open"))


def test_what_a_member_proposes_waits_for_the_program_leads(acme: Company) -> None:
    proposal = propose(acme)
    [item] = waiting("proposal")
    assert (item.role, item.owner_id) == ("program_lead", None)
    assert item.due_on is not None
    assert (item.due_on - datetime.now(UTC).date()).days == 14
    assert item.url == f"/proposals/{proposal.public_id}/"
    assert AuditEvent.objects.filter(action="proposal.made").count() == 1


def test_a_vague_outcome_is_sent_back_with_an_example(acme: Company) -> None:
    fields = FIELDS | {"outcome": "Implement generative AI"}
    page = acme.client(Role.MEMBER).post("/proposals/new/", fields).content.decode()
    assert "from 26 hours to 8" in page
    assert not Proposal.objects.exists()


def test_similar_initiatives_are_shown_before_another_one_is_proposed(acme: Company) -> None:
    member, fields = acme.client(Role.MEMBER), FIELDS | {"title": "Copilot"}
    page = member.post("/proposals/new/", fields).content.decode()
    assert "sounds like this one" in " ".join(page.split())
    assert not Proposal.objects.exists()
    assert member.post("/proposals/new/", fields | {"seen": "yes"}).status_code == 302


def test_the_lead_registers_it_and_the_proposer_reads_the_answer(acme: Company) -> None:
    proposal = propose(acme)
    lead = acme.client(Role.PROGRAM_LEAD)
    lead.post(
        f"/proposals/{proposal.public_id}/accept/", {"key": "refund-answers", "answer": "Good one."}
    )
    made = Initiative.objects.get(key="refund-answers")
    assert (made.stage, made.origin, made.target_date) == (
        Stage.PROPOSED,
        "business",
        date(2027, 3, 31),
    )
    assert waiting("proposal") == []
    [mail] = Mail.objects.filter(kind="proposal_answered")
    assert mail.address == acme.users[Role.MEMBER].email
    assert "Good one." not in mail.sealed_text
    page = acme.client(Role.MEMBER).get(f"/proposals/{proposal.public_id}/").content.decode()
    assert "Good one." in page
    assert "Became an initiative" in page


def test_a_key_that_is_taken_registers_nothing(acme: Company) -> None:
    proposal = propose(acme)
    page = acme.client(Role.PROGRAM_LEAD).post(
        f"/proposals/{proposal.public_id}/accept/", {"key": "copilot", "answer": ""}
    )
    assert "Another initiative has this key" in page.content.decode()
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_it_can_be_joined_to_an_initiative_that_solves_it(acme: Company) -> None:
    proposal = propose(acme)
    acme.client(Role.PROGRAM_LEAD).post(
        f"/proposals/{proposal.public_id}/join/", {"initiative": "copilot", "answer": "Same thing."}
    )
    proposal.refresh_from_db()
    assert (proposal.state, proposal.initiative) == ("joined", acme.initiative)


@pytest.mark.parametrize("verb", ["join", "decline", "ask"])
def test_no_answer_goes_out_without_words(verb: str, acme: Company) -> None:
    proposal = propose(acme)
    fields = {"initiative": "copilot", "answer": "  "}
    acme.client(Role.PROGRAM_LEAD).post(f"/proposals/{proposal.public_id}/{verb}/", fields)
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_a_question_goes_to_the_proposer_and_the_changed_proposal_comes_back(
    acme: Company,
) -> None:
    proposal = propose(acme)
    lead, member = acme.client(Role.PROGRAM_LEAD), acme.client(Role.MEMBER)
    lead.post(f"/proposals/{proposal.public_id}/ask/", {"answer": "How many a week?"})
    [question] = waiting("proposal_question")
    assert question.owner == acme.users[Role.MEMBER]
    assert waiting("proposal") == []
    member.post(f"/proposals/{proposal.public_id}/edit/", FIELDS | {"problem": "400 a week wait."})
    assert waiting("proposal_question") == []
    assert len(waiting("proposal")) == 1
    proposal.refresh_from_db()
    assert (proposal.state, proposal.problem) == ("open", "400 a week wait.")


def test_a_withdrawn_proposal_waits_for_nobody_and_takes_no_answer(acme: Company) -> None:
    proposal = propose(acme)
    acme.client(Role.MEMBER).post(f"/proposals/{proposal.public_id}/withdraw/")
    assert waiting("proposal") == []
    page = acme.client(Role.PROGRAM_LEAD).post(
        f"/proposals/{proposal.public_id}/decline/", {"answer": "Too late."}, follow=True
    )
    assert "decided already" in page.content.decode()


def test_only_who_proposed_it_changes_it_or_takes_it_back(acme: Company) -> None:
    proposal = propose(acme)
    champion = acme.client(Role.CHAMPION)
    champion.post(f"/proposals/{proposal.public_id}/edit/", FIELDS | {"title": "Mine now"})
    champion.post(f"/proposals/{proposal.public_id}/withdraw/")
    proposal.refresh_from_db()
    assert (proposal.title, proposal.state) == ("Refund answers", "open")


def test_names_of_proposers_are_for_those_who_answer(acme: Company) -> None:
    propose(acme)
    name = "Ann Proposer"
    type(acme.users[Role.MEMBER]).objects.filter(pk=acme.users[Role.MEMBER].pk).update(name=name)
    assert name in acme.client(Role.PROGRAM_LEAD).get("/proposals/").content.decode()
    assert name not in acme.client(Role.CHAMPION).get("/proposals/").content.decode()


def test_the_list_says_how_many_wait_and_filters(acme: Company) -> None:
    propose(acme)
    propose(acme, Role.CHAMPION, title="Invoice checks")
    member = acme.client(Role.MEMBER)
    assert "2 of 2 proposals wait for an answer" in member.get("/proposals/").content.decode()
    mine = member.get("/proposals/?mine=yes").content.decode()
    assert "Refund answers" in mine
    assert "Invoice checks" not in mine
    assert "Nothing fits this filter" in member.get("/proposals/?state=declined").content.decode()
