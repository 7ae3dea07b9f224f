"""Logs of ids and counts: no names, addresses, secrets or row contents (SECURITY R25)."""

import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

from django.http import HttpRequest

FRAMES = 12
# Celery writes the message of an exception into its own sentence.
SPEAKS_OF_CONTENT = "celery.app.trace"
# A part of an address longer than a public id is a token that lets somebody in.
_TOKEN = re.compile(r"(?<=/)[^/\s?'\"]{40,}")


def exception_without_words(
    logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace an exception by its type and places; its message may hold what somebody sent."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, BaseException):
        found = (type(found), found, found.__traceback__)
    if isinstance(found, tuple) and found[0] is not None:
        event["exception"] = found[0].__name__
        event["at"] = [
            f"{'/'.join(frame.filename.rsplit('/', 2)[-2:])}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(found[2])[-FRAMES:]
        ]
    if event.get("logger") == SPEAKS_OF_CONTENT:
        event["event"] = str(event.get("event", "")).partition(":")[0]
    return event


def address_without_secrets(
    logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Tell of a request by method and path, without its query and without tokens in the path."""
    request = event.get("request")
    if isinstance(request, HttpRequest):
        event["request"] = f"{request.method} {request.path}"
    for key in ("event", "request"):
        if isinstance(event.get(key), str):
            event[key] = _TOKEN.sub("…", event[key])
    return event
