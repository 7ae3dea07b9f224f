"""How long API keys may live, overlap and stay silent."""

from datetime import timedelta
from typing import Final

LONGEST_LIFE: Final = timedelta(days=365)
LONGEST_OVERLAP: Final = timedelta(days=30)
LONGEST_SILENCE_DAYS: Final = 365
