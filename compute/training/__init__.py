"""Training on any number of devices: a recipe, a compiled step, and a learner that survives."""


class Leave(Exception):
    """Training was asked to end; what was reached is to be saved."""
