from django.apps import AppConfig


class LastmileConfig(AppConfig):
    name = "lastmile"
    default_auto_field = "django.db.models.BigAutoField"
