"""`python -m benchmarks [names…] [--quick]`: each figure is a ratio to a yardstick of the same run.

Exit code 1 when results are not equal to the yardstick's; with --quick also when a ratio misses its
goal by more than twice.
"""

import argparse
import sys
import time
from importlib import import_module

from benchmarks.findings import Finding, table, verdict
from benchmarks.installation import installation

BENCHMARKS = ("ingest_http", "late_row", "start")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"There is no benchmark {', '.join(unknown)}.")
    findings: list[Finding] = []
    with installation() as site:
        for name in options.names or BENCHMARKS:
            started = time.monotonic()
            # Imported here: the modules import models, which need the installation's settings.
            findings += import_module(f"benchmarks.{name}").run(site=site, quick=options.quick)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(table(findings))
    failures = verdict(findings, quick=options.quick)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
