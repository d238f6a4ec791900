"""Thousands of requests that survive anything: rows in, results out, a journal of what is finished."""
