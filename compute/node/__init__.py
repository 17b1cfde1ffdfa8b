"""The parts of a running node, whatever its role: the seat it acts from and its loop."""
