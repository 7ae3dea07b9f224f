"""The Celery application. The database is the queue (docs/operation.md); a message is a bell."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lastmile.settings")

app = Celery("lastmile")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
