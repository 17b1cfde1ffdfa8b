"""Default folders of this user."""

from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """The folder of this user's stores, pins, actors and accounts."""
    return platformdirs.user_data_path("decentralizedai")


def cache_folder() -> Path:
    """The folder of what this user's programs found out and can find out again."""
    return platformdirs.user_cache_path("decentralizedai")
