"""PostgreSQL and Valkey as our own children, for machines that have neither.

Settings need only the addresses and the key: this module starts nothing, imports nothing heavy.
"""

from lastmile.embedded.places import Addresses, addresses, secret_key

__all__ = ["Addresses", "addresses", "secret_key"]
