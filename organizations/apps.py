from django.apps import AppConfig

from organizations.calculations.jobs import BatchKind
from organizations.registry import BatchWork, register_batch_work


class OrganizationsConfig(AppConfig):
    name = "organizations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from organizations.actions.directory import process_people

        register_batch_work(BatchWork(kind=BatchKind.PEOPLE, process=process_people))
