"""Figures as SVG: the same bytes for the same data."""

from pathlib import Path

from economy.experiments.result import Figure

SIZE = (7.0, 3.8)  # inches


def draw(figure: Figure, folder: Path) -> Path:
    """Write `<name>.svg`."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "economy"
    matplotlib.rcParams["svg.fonttype"] = "none"
    import matplotlib.pyplot as plt

    canvas, axes = plt.subplots(figsize=SIZE, layout="constrained")
    for label, (x, y) in figure.lines.items():
        axes.plot(x, y, label=label, marker="o" if len(x) < 20 else None, markersize=3)
    axes.set(title=figure.title, xlabel=figure.x, ylabel=figure.y)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{figure.name}.svg"
    canvas.savefig(path, metadata={"Date": None})
    plt.close(canvas)
    return path
