from django.apps import AppConfig

from organizations.calculations.jobs import BatchKind
from organizations.registry import BatchWork, on_directory_change, register_batch_work


class PortfolioConfig(AppConfig):
    name = "portfolio"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portfolio.actions.eligibility import process_eligibility
        from portfolio.actions.initiatives import process_initiatives
        from portfolio.refresh import rebuild_access
        from portfolio.reports.offers import offer

        register_batch_work(BatchWork(kind=BatchKind.INITIATIVES, process=process_initiatives))
        register_batch_work(BatchWork(kind=BatchKind.ELIGIBILITY, process=process_eligibility))
        on_directory_change(rebuild_access)
        offer()
