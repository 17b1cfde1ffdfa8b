"""Dishonest roles: `python -m scripts.actors.<name>`."""
