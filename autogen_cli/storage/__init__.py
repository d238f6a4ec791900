"""diskcache stores that hold JSON and nothing else: what the cache's disk level and the usage ledger stand on."""
