"""What a running node has, whatever its role: the seat it acts from and the loop it lives in."""
