"""Where this user's things lie by default."""

from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """The folder of this user's stores, pins, actors and accounts."""
    return platformdirs.user_data_path("decentralizedai")
