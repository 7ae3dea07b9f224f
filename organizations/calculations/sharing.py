"""How long a share link lasts."""

LONGEST_DAYS = 90
USUAL_DAYS = 30
