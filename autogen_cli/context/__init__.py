"""What a missing symbol has to be, read from the code around it: targets, facts, evidence, ranking, rendering."""
