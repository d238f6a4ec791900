"""Bounds that settings share."""

DAY = 86_400
MOST_USD = 1_000_000
HTTP_URL = (
    r"https?://[^\s/@?#]+(/[^\s@?#]*)?",
    "an http:// or https:// URL without user, password, query or fragment",
)
REDIS_URL = (r"(rediss?|unix)://\S+", "a redis://, rediss:// or unix:// URL")
