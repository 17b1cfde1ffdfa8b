"""The card of an exported model: what it is, its origin, and how to check it."""

from __future__ import annotations

import json

from compute.inert import inert_name
from compute.inference import Model
from compute.program.codec import program_root
from compute.values import Loss


def provenance(model: Model) -> dict[str, str]:
    """Names and values, all text: hashes in hexadecimal, the loss in nats and in Q32.32."""
    origin, specification = model.origin, model.specification
    facts: dict[str, object] = {
        "format": "decentralizedai/export/1",
        "chain": origin.chain_id,
        "group": origin.group,
        "voting_contract": origin.voting,
        "height": origin.height,
        "block": origin.block,
        "trainer": origin.trainer,
        "loss_nats": None if origin.loss is None else str(Loss(origin.loss)),
        "loss_q32_32": origin.loss,
        "data_version": origin.version,
        "checkpoint": origin.checkpoint.hex(),
        "model": origin.model.hex(),
        "program_root": program_root(specification.program).hex(),
        "evaluator": specification.evaluator,
        "group_name": specification.about.name or None,
        "data_licence": specification.about.licence or None,
        "labels": None if model.labels() is None else json.dumps(model.labels()),
        "design": specification.design().decode(),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}


_FILES = {
    "safetensors": "`model.safetensors`: the parameters by the names of the Flax module they were "
    "trained as. `nrn import` reads it.",
    "orbax": "`parameters/`: for `orbax.checkpoint.StandardCheckpointer().restore(path)`, as the "
    "tree of the Flax module.",
    "stablehlo": "`model.stablehlo`: the program as portable StableHLO; its arguments are the "
    "parameters, then the inputs, each in order of their names. `model.jax_export`: the same for "
    "`jax.export.deserialize(data).call(parameters, inputs)`. `model.safetensors`: the parameters.",
    "onnx": "`model.onnx`: the program for onnxruntime; takes integers as the data holds them, one "
    "example at a time.",
    "transformers": "`config.json`, `model.safetensors`, `tokenizer.json`: for "
    "`transformers.AutoModelForCausalLM.from_pretrained(folder)` and `AutoTokenizer`.",
}


def text(model: Model, kind: str) -> str:
    """The card, in Markdown."""
    specification = model.specification
    rows = [
        f"| {name} | `{_plain(value)}` |"
        for name, value in provenance(model).items()
        if name != "design"
    ]
    return "\n".join(
        [
            f"# {specification.architecture.name}, {_whence(model)}",
            "",
            f"{_FILES[kind]} `examples.safetensors` holds two made-up examples (`inputs.…`) and "
            "what the program answers in float32 (`outputs`): compare before you trust a "
            "conversion. `provenance.json` holds this table.",
            "",
            "| | |",
            "|---|---|",
            *rows,
            "",
            "## How it was verified",
            "",
            *_verification(model),
            "",
            "The loss above is exact, of the program in the number system of `evaluator`. These "
            "files compute in float32, which rounds in another way: outputs agree to about 1e-5.",
            "",
            _licence(model),
            "",
        ]
    )


def _plain(value: str) -> str:
    """A text of strangers in a table's code: nothing ends the code or the line."""
    return inert_name(value.replace("`", "'").replace("|", "/"), len(value))


def _licence(model: Model) -> str:
    licence = _plain(model.specification.about.licence)
    if licence:
        return (
            f"The founder names the licence `{licence}` for the data; deltas that were adopted "
            "later may name others (`nrn delta show`). Nobody has checked it."
        )
    return (
        "The group names no licence for its data; ask its curators before you rely on one."
        if model.origin.group is not None
        else "Whose data it was trained on is not said."
    )


def _whence(model: Model) -> str:
    origin = model.origin
    if origin.group is None:
        return f"checkpoint {origin.checkpoint.hex()[:12]}"
    height = f"accepted block {origin.height}" if origin.height else "before any block"
    return f"group {origin.group} on chain {origin.chain_id}, {height}"


def _verification(model: Model) -> list[str]:
    origin = model.origin
    if origin.group is None:
        return ["Nobody says so: the checkpoint was exported from a store, without a group."]
    if not origin.height:
        return ["It is the first checkpoint of the group, which no block has judged."]
    return [
        "Wisdomkeepers with a quorum of the group's stake recomputed this loss bit for bit before "
        "the chain accepted it. Whoever believes nobody does the same:",
        "",
        "```",
        f"nrn verify {origin.group}                          # every accepted block of the group",
        f"nrn evaluate {origin.group} {origin.checkpoint.hex()} --version {origin.version}",
        "```",
    ]
