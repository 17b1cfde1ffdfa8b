"""A confusion matrix as one SVG picture: true classes down, predicted ones across."""

from markupsafe import Markup

from compute.facts.portraits import Portrait
from compute.inert import inert_name

SIDE, EDGE = 320, 84  # of the matrix, and what names need left of it and above
MOST_NAMED = 24  # classes; of more, names would lie on each other
NAME, DRAWN = 40, 10  # characters of a name in words, and in the picture


def confusion(portrait: Portrait) -> Markup:
    """The darker, the larger the share of its row; each cell tells its numbers."""
    rows = portrait.confusion
    step = SIDE / len(rows)
    names = [_name(portrait, number) for number in range(len(rows))]
    cells = [
        _cell(across, down, step, count, sum(row), (names[down], names[across]))
        for down, row in enumerate(rows)
        for across, count in enumerate(row)
        if count
    ]
    label = f"Confusion matrix of {len(rows)} classes. {_worst(portrait, names)}"
    head = Markup('<svg class="confusion" viewBox="0 0 {0} {0}" role="img" aria-label="{1}">')
    shown = _names(names, step) if len(names) <= MOST_NAMED else []
    return Markup("").join([head.format(SIDE + EDGE, label), *cells, *shown, Markup("</svg>")])


def _cell(
    across: int, down: int, step: float, count: int, total: int, names: tuple[str, str]
) -> Markup:
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill-opacity="{:.3f}">'
        "<title>{} taken for {}: {} of {}</title></rect>"
    ).format(
        EDGE + across * step, EDGE + down * step, step, step, count / total, *names, count, total
    )


def _names(names: list[str], step: float) -> list[Markup]:
    found = []
    for number, name in enumerate(names):
        middle = EDGE + (number + 0.5) * step
        left = Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>')
        above = Markup('<text transform="translate({:.1f} {}) rotate(-60)">{}</text>')
        short = inert_name(name, DRAWN)
        found += [left.format(EDGE - 6, middle + 4, short), above.format(middle, EDGE - 6, short)]
    return found


def _name(portrait: Portrait, number: int) -> str:
    labels = portrait.labels
    return inert_name(labels[number], NAME) if number < len(labels) else str(number)


def _worst(portrait: Portrait, names: list[str]) -> str:
    """The commonest mistake, for those who do not see the picture."""
    mistakes = [
        (count, true, said)
        for true, row in enumerate(portrait.confusion)
        for said, count in enumerate(row)
        if count and true != said
    ]
    if not mistakes:
        return f"All {portrait.examples} are right."
    count, true, said = max(mistakes)
    return (
        f"{portrait.right} of {portrait.examples} are right; the commonest mistake is "
        f"{names[true]} taken for {names[said]}, {count} times."
    )
