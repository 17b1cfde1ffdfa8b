"""Templates and how they write values: everything escaped, what strangers wrote made inert."""

import base64
import io
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from compute.explorer.confusion import confusion
from compute.facts import why_ballot, why_block, why_claim
from compute.inert import inert, inert_name
from compute.values import Amount, Loss, Moment, Size, Span, show_units

MAX_SIDE = 96  # pixels of a picture on a page
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'"
PHASES = ("training", "revealing", "voting")


@cache
def environment() -> Environment:
    """The templates, with autoescape, and names that are not defined as errors."""
    made = Environment(
        loader=PackageLoader("compute.explorer"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "amount": lambda value: str(Amount(value)),
        "loss": lambda value: str(Loss(value)),
        "moment": _moment,
        "size": lambda value: str(Size(value)),
        "span": lambda value: str(Span(value)),
        "short": lambda value: Markup('<code class="cut">{}</code>').format(value.hex()),
        "hash": lambda value: Markup('<code class="hash">{}</code>').format(value.hex()),
        "inert": inert,
        "name": inert_name,
        "picture": _picture,
        "confusion": confusion,
        "percent": lambda part, whole: f"{100 * part / whole:.1f} %" if whole else "–",
        "units": show_units,
        "thousands": lambda value: f"{value:,}",
    }
    made.globals |= {
        "why_block": why_block,
        "why_claim": why_claim,
        "why_ballot": why_ballot,
        "phases": PHASES,
    }
    return made


@cache
def static(name: str) -> bytes:
    """A file that ships with the package."""
    return files("compute.explorer").joinpath(f"static/{name}").read_bytes()


def page(template: str, **context: Any) -> bytes:
    """The page as UTF-8."""
    return environment().get_template(template).render(**context).encode("utf-8", "replace")


def _moment(value: int) -> Markup:
    try:
        machine = datetime.fromtimestamp(value, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        machine = ""
    return Markup('<time datetime="{}">{}</time>').format(machine, str(Moment(value)))


def _picture(pixels: np.ndarray) -> str:
    step = -(-max(pixels.shape[:2]) // MAX_SIDE)
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[::step, ::step])).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
