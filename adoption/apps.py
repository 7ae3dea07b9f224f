from django.apps import AppConfig


class AdoptionConfig(AppConfig):
    name = "adoption"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from adoption.actions.usage import process_usage
        from adoption.refresh.run import refresh_adoption
        from adoption.sources.catalogue import SOURCES
        from organizations.calculations.jobs import BatchKind
        from organizations.registry import BatchWork, Step, register_batch_work, register_step
        from organizations.reports.offers import Upload, add_upload, name_sources

        register_batch_work(BatchWork(kind=BatchKind.USAGE, process=process_usage))
        register_step(Step(name="adoption", order=20, run=refresh_adoption))
        name_sources(lambda: [(source.name, source.label) for source in SOURCES.values()])
        add_upload(
            Upload(
                key="usage",
                order=20,
                label="usage",
                url_name="usage_upload",
                action="import_usage",
            )
        )
