"""What imports leave behind of somebody: bodies as they came, refused words, previews."""

import json
import re
import zlib
from collections.abc import Iterable

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from organizations.models import BatchChange, BatchChunk, ImportBatch, Person
from organizations.models import RowError as StoredError

ERASED_WORDS = "What stood here was erased together with a person."
# A shorter word is looked for in bodies only, where its borders can be told.
_LONG_ENOUGH = 4
_BORDER = rb"[\w@.+-]"


def forget_in_imports(*, person: Person, words: Iterable[str]) -> dict[str, int]:
    """Delete the bodies that name a person by one of these words, and every echo of them.

    Batches stay with their digests and counts. Returns the rows by kind.
    """
    named = sorted({word.casefold() for word in words if word})
    return {
        "originals": _delete_bodies(named),
        "refused_rows": _blank_errors(named),
        "previews": _delete_changes(person, named),
    }


def _delete_bodies(words: list[str]) -> int:
    pattern = _pattern(words)
    finished = ImportBatch.objects.filter(finished_at__isnull=False)
    numbered = BatchChunk.objects.filter(batch__in=finished, number=0)
    gone = 0
    for batch_id in numbered.values_list("batch_id", flat=True).order_by("batch_id"):
        if _names_somebody(batch_id, pattern):
            BatchChunk.objects.filter(batch_id=batch_id).delete()
            gone += 1
    return gone


def _pattern(words: list[str]) -> re.Pattern[bytes]:
    """Any of the words on its own, as plain text or as JSON escapes it, whatever its case."""
    written = {form for word in words for form in (word, json.dumps(word)[1:-1])}
    forms = b"|".join(re.escape(form.encode()) for form in sorted(written))
    return re.compile(rb"(?<!" + _BORDER + rb")(?:" + forms + rb")(?!" + _BORDER + rb")")


def _names_somebody(batch_id: int, pattern: re.Pattern[bytes]) -> bool:
    """Look through a body piece by piece; what a border cuts is seen with the next piece."""
    tail = b""
    chunks = BatchChunk.objects.filter(batch_id=batch_id).order_by("number")
    for chunk in chunks.iterator(chunk_size=1):
        text = zlib.decompress(bytes(chunk.body)).decode(errors="replace").casefold().encode()
        if pattern.search(tail + text):
            return True
        tail = text[-1024:]
    return False


def _blank_errors(words: list[str]) -> int:
    echoed = Q(pk__in=[])
    for word in words:
        if len(word) >= _LONG_ENOUGH:
            echoed |= Q(value__icontains=word) | Q(message__icontains=word)
        else:
            echoed |= Q(value__iexact=word)
    return int(StoredError.objects.filter(echoed).update(value="", message=ERASED_WORDS))


def _delete_changes(person: Person, words: list[str]) -> int:
    """Rows of previews that are about the person, also where they name no stored one yet."""
    about = Q(person=person)
    for word in words:
        about |= Q(told__icontains=json.dumps(word, ensure_ascii=False))
        about |= Q(known__icontains=json.dumps(word, ensure_ascii=False))
    rows = BatchChange.objects.annotate(
        told=Cast("after", TextField()), known=Cast("before", TextField())
    )
    return int(rows.filter(about).delete()[0])
