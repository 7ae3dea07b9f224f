"""The corpus: every case of hostile, broken or odd input, under a name of its own."""

from tests.corpus import (
    directory,
    envelopes,
    usage_lines,
    usage_tables,
    vendor_values,
    vendors,
)
from tests.corpus.case import Case

GROUPS = (envelopes, usage_lines, usage_tables, vendors, vendor_values, directory)
CASES: dict[str, Case] = {case.name: case for group in GROUPS for case in group.CASES}
