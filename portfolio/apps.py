from django.apps import AppConfig

from organizations.calculations.jobs import BatchKind
from organizations.registry import (
    BatchWork,
    QueueKind,
    on_directory_change,
    register_batch_work,
    register_queue_kind,
)


class PortfolioConfig(AppConfig):
    name = "portfolio"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portfolio.actions.eligibility import process_eligibility
        from portfolio.actions.initiatives import process_initiatives
        from portfolio.actions.proposals import QUESTION, TRIAGE
        from portfolio.refresh import rebuild_access
        from portfolio.reports.offers import offer

        register_batch_work(BatchWork(kind=BatchKind.INITIATIVES, process=process_initiatives))
        register_batch_work(BatchWork(kind=BatchKind.ELIGIBILITY, process=process_eligibility))
        on_directory_change(rebuild_access)
        offer()
        register_queue_kind(QueueKind(kind=TRIAGE, label="Proposals to answer", order=60))
        register_queue_kind(QueueKind(kind=QUESTION, label="Questions to you", order=20))
