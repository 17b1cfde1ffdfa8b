"""A contact sheet: many examples of a change in one file, for a browser or as one picture."""

import base64
import html
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from compute.cli.failure import Refused
from compute.cli.preview.page import class_name
from compute.facts.samples import Sample, samples

if TYPE_CHECKING:
    from compute.training_set import Preview
    from compute.training_set.tokeniser import Tokeniser

COUNT = 200  # examples of what is added, and as many of what is removed
_TILE, _GAP, _CAPTION, _ACROSS = 96, 8, 14, 12  # pixels, and tiles in a row
_COLOURS = {"added": "#1a7f37", "removed": "#b3261e"}
_STYLE = (
    "body{font:14px sans-serif;margin:2em}figure{display:inline-block;margin:4px;"
    "vertical-align:top}img{image-rendering:pixelated;height:96px}pre{max-width:60em;"
    "white-space:pre-wrap;background:#f4f4f4;padding:6px}td,th{text-align:right;padding:0 1em}"
)


def write_sheet(
    path: Path,
    title: str,
    facts: Mapping[str, Any],
    change: "Preview",
    target: str,
    tokeniser: "Tokeniser | None" = None,
) -> None:
    """Write `path`, .html or .png: up to COUNT examples of each kind. Raises Refused."""
    found = {
        what: samples(columns, target, COUNT, tokeniser, facts["labels"])
        for what, columns in (("added", change.added), ("removed", change.removed))
    }
    if path.suffix == ".html":
        path.write_text(_html(title, facts, found), encoding="utf-8")
    elif path.suffix != ".png":
        raise Refused(f"A contact sheet is an .html or a .png file, not {path.name}.")
    elif any(sample.pixels is None for kind in found.values() for sample in kind):
        raise Refused("These examples are no pictures. Write an .html file instead.")
    else:
        _png(found).save(path)


def _html(title: str, facts: Mapping[str, Any], found: Mapping[str, list[Sample]]) -> str:
    parts = [
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title>",
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>",
        f"<p>{facts['adds']} added, {facts['removes']} removed.</p>",
    ]
    if facts["empty_because"] is not None:
        parts.append(f"<p>It would change nothing: {html.escape(facts['empty_because'])}</p>")
    classes = sorted({*facts["adds_by_class"], *facts["removes_by_class"]}, key=int)
    if classes:
        parts.append("<table><tr><th>class<th>added<th>removed")
        for name in classes:
            counts = (facts[key].get(name, 0) for key in ("adds_by_class", "removes_by_class"))
            parts.append(
                "<tr>"
                + "".join(f"<td>{cell}" for cell in (html.escape(class_name(facts, name)), *counts))
            )
        parts.append("</table>")
    for what, kind in found.items():
        if kind:
            parts.append(f"<h2 style='color:{_COLOURS[what]}'>{what}</h2>")
            parts += [_figure(sample) for sample in kind]
    return "\n".join(parts) + "\n"


def _figure(sample: Sample) -> str:
    caption = f"<figcaption>{html.escape(sample.caption)}</figcaption>"
    if sample.pixels is None:
        return f"<figure><pre>{html.escape(sample.text or '')}</pre>{caption}</figure>"
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(sample.pixels)).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return f"<figure><img src='data:image/png;base64,{data}'>{caption}</figure>"


def _png(found: Mapping[str, list[Sample]]) -> Image.Image:
    tiles = [(sample, _COLOURS[what]) for what, kind in found.items() for sample in kind]
    width, height = _TILE + _GAP, _TILE + _GAP + _CAPTION
    rows = max(1, -(-len(tiles) // _ACROSS))
    sheet = Image.new("RGB", (width * _ACROSS + _GAP, height * rows + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (sample, colour) in enumerate(tiles):
        left, top = _GAP + number % _ACROSS * width, _GAP + number // _ACROSS * height
        picture = Image.fromarray(np.ascontiguousarray(sample.pixels)).convert("RGB")
        picture = picture.resize((_TILE, _TILE), Image.Resampling.NEAREST)
        sheet.paste(picture, (left, top))
        draw.rectangle((left - 2, top - 2, left + _TILE + 1, top + _TILE + 1), outline=colour)
        draw.text((left, top + _TILE + 2), sample.caption[:16], colour)
    return sheet
