"""Input that nobody meant, in all its shapes: whatever comes from outside may be refused, and nothing else.

In the suite each test tries a few dozen examples. `python -m tests.fuzz.guided` goes on for as long as it is told to.
"""
