"""What comes from outside, in shapes that nobody meant: it may be refused, and nothing else may happen.

In the suite each test tries a few examples, always the same. `make fuzz` tries others for as long as it is told to.
"""
