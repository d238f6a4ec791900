"""Answers that were paid for once: memory, Redis and disk behind one door."""
