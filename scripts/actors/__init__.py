"""Those who want to be paid for nothing: `python -m scripts.actors.<name>`."""
