"""Logs of ids and counts: no names, addresses, secrets or row contents (SECURITY R25)."""

import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

FRAMES = 12
# Celery writes the message of an exception into its own sentence.
SPEAKS_OF_CONTENT = "celery.app.trace"


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
