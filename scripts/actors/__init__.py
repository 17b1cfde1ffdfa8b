"""Those who try to be paid for nothing: `python -m scripts.actors.<name>`, processes of the demo."""
