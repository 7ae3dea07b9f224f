from django.contrib.auth.decorators import login_not_required
from django.urls import re_path

from organizations.api import queue, views

urlpatterns = [
    re_path(r"^queue/?$", login_not_required(queue.QueueView.as_view()), name="api_queue"),
    re_path(r"^people/?$", login_not_required(views.PeopleView.as_view()), name="api_people"),
    re_path(r"^batches/?$", login_not_required(views.BatchesView.as_view()), name="api_batches"),
    re_path(
        r"^batches/(?P<number>[0-9]+)/?$",
        login_not_required(views.OneBatchView.as_view()),
        name="api_batch",
    ),
    re_path(
        r"^batches/(?P<number>[0-9]+)/apply/?$",
        login_not_required(views.ApplyPreviewView.as_view()),
        name="api_batch_apply",
    ),
    re_path(
        r"^batches/(?P<number>[0-9]+)/discard/?$",
        login_not_required(views.DiscardPreviewView.as_view()),
        name="api_batch_discard",
    ),
    re_path(
        r"^batches/(?P<number>[0-9]+)/errors/?$",
        login_not_required(views.BatchErrorsView.as_view()),
        name="api_batch_errors",
    ),
]
