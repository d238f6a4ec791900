"""What stands between a request and a provider: rate limits, retries, circuit breakers and budgets."""
