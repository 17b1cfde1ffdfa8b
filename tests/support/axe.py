"""axe-core, the accessibility checker that browsers' own tools use, run in a page."""

from pathlib import Path
from typing import Any

from tests.support.browser import Browser

SOURCE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


def faults(page: Browser) -> list[str]:
    """What bars people from the open page: each serious or critical rule that it breaks, where."""
    page.run(f"if (!window.axe) {{ {SOURCE.read_text(encoding='utf-8')} }}")
    found: dict[str, Any] = page.run_async(
        "axe.run().then(done, (e) => done({ fault: String(e) }))"
    )
    assert found.get("passes"), found
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
