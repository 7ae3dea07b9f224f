from django.apps import AppConfig

from organizations.calculations.jobs import BatchKind
from organizations.registry import (
    BatchWork,
    QueueKind,
    Saveable,
    on_directory_change,
    on_people_named,
    register_batch_work,
    register_deeds,
    register_holding,
    register_notable,
    register_person_data,
    register_queue_kind,
    register_saveable,
    register_table_export,
)


class PortfolioConfig(AppConfig):
    name = "portfolio"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portfolio.actions.eligibility import process_eligibility
        from portfolio.actions.forgetting import PERSON_DATA
        from portfolio.actions.holdings import INITIATIVES
        from portfolio.actions.initiatives import process_initiatives
        from portfolio.actions.proposals import QUESTION, TRIAGE
        from portfolio.calculations.deeds import PORTFOLIO
        from portfolio.refresh import rebuild_access
        from portfolio.reports.exports import TABLES
        from portfolio.reports.notes import INITIATIVE_NOTES
        from portfolio.reports.offers import offer
        from portfolio.reports.people import named_people

        register_batch_work(BatchWork(kind=BatchKind.INITIATIVES, process=process_initiatives))
        register_batch_work(BatchWork(kind=BatchKind.ELIGIBILITY, process=process_eligibility))
        on_directory_change(rebuild_access)
        on_people_named(named_people)
        for data in PERSON_DATA:
            register_person_data(data)
        register_holding(INITIATIVES)
        register_deeds("Portfolio", PORTFOLIO)
        offer()
        self._offer_templates()
        for table in TABLES:
            register_table_export(table)
        register_notable(INITIATIVE_NOTES)
        register_saveable(
            Saveable(page="initiatives", label="Initiatives", action="see_initiatives")
        )
        register_queue_kind(QueueKind(kind=TRIAGE, label="Proposals to answer", order=60))
        register_queue_kind(QueueKind(kind=QUESTION, label="Questions to you", order=20))

    def _offer_templates(self) -> None:
        from organizations.calculations.roles import Scope
        from organizations.reports.offers import ImportTemplate, add_template
        from portfolio.sources.register import ELIGIBILITY_TEMPLATE, INITIATIVES_TEMPLATE

        add_template(
            ImportTemplate(
                key="initiatives",
                order=20,
                label="Initiatives",
                words="The register: outcome, owner, stage and budget of each",
                body=INITIATIVES_TEMPLATE,
                upload="initiatives_import",
                action="edit_initiatives",
                scope=Scope.INGEST_INITIATIVES.value,
            )
        )
        add_template(
            ImportTemplate(
                key="eligibility",
                order=30,
                label="Eligibility",
                words="Who may use which initiative, from when to when",
                body=ELIGIBILITY_TEMPLATE,
                upload="eligibility_import",
                action="import_eligibility",
                scope=Scope.INGEST_ELIGIBILITY.value,
            )
        )
