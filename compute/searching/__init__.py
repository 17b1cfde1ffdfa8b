"""The search for a better checkpoint: rounds of training and exact evaluation, in one process or
several."""
