"""The decoder as Hugging Face `transformers` loads it: a Llama model with its tokeniser.

Kernels are transposed and heads put side by side; nothing else differs, for both turn dimension i
of a head's first half with i of its second, and group queries alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compute.exchange import card, tokenizer
from compute.exchange.errors import Unexportable
from compute.exchange.tensors import FILE, write_tensors
from compute.inference import Model
from compute.models import Transformer

EMBEDDING = "model.embed_tokens.weight"
_NORM, _HEAD = "model.norm.weight", "lm_head.weight"
# in a layer: our name, theirs, and how many of our axes come in
_KERNELS = {
    "attention/query/kernel": ("self_attn.q_proj", 1),
    "attention/key/kernel": ("self_attn.k_proj", 1),
    "attention/value/kernel": ("self_attn.v_proj", 1),
    "attention/output/kernel": ("self_attn.o_proj", 2),
    "mlp/gate/kernel": ("mlp.gate_proj", 1),
    "mlp/up/kernel": ("mlp.up_proj", 1),
    "mlp/down/kernel": ("mlp.down_proj", 1),
}
_SCALES = {
    "attention_norm/scale": "input_layernorm",
    "mlp_norm/scale": "post_attention_layernorm",
}


def write(model: Model, folder: Path) -> None:
    """config.json, model.safetensors and the tokeniser's files. Raises Unexportable."""
    network = model.specification.architecture
    if not isinstance(network, Transformer):
        raise Unexportable(f"A {network.name} is no Llama model; choose another format.")
    if not model.specification.has_native:
        raise Unexportable("The program of this model is not that of its architecture.")
    metadata = {"format": "pt", **{f"nrn_{k}": v for k, v in card.provenance(model).items()}}
    write_tensors(folder / FILE, to_llama(network, model.parameters), metadata)
    for name, document in {
        "config.json": config(network, model.specification.output_shape[0]),
        "generation_config.json": {"do_sample": True, "temperature": 0.8},
        **tokenizer.documents(model.tokeniser, network.vocab),
    }.items():
        (folder / name).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def config(network: Transformer, length: int) -> dict[str, object]:
    """Return the arguments of LlamaConfig."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": network.vocab,
        "hidden_size": network.width,
        "intermediate_size": network.hidden,
        "num_hidden_layers": network.layers,
        "num_attention_heads": network.heads,
        "num_key_value_heads": network.kv_heads,
        "head_dim": network.head_width,
        "max_position_embeddings": length,
        "rope_theta": float(network.rope_base),
        "rope_parameters": {"rope_type": "default", "rope_theta": float(network.rope_base)},
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": network.tied,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
        "torch_dtype": "float32",
    }


def to_llama(network: Transformer, ours: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Our parameters by their names and in their shapes."""
    theirs = {EMBEDDING: ours["embed/embedding"], _NORM: ours["norm/scale"]}
    if not network.tied:
        theirs[_HEAD] = ours["head/kernel"].T
    for layer in range(network.layers):
        for name, (place, inwards) in _KERNELS.items():
            kernel = ours[f"layers/{name}"][layer]
            rows = int(np.prod(kernel.shape[:inwards]))
            theirs[_of(layer, place)] = kernel.reshape(rows, -1).T
        for name, place in _SCALES.items():
            theirs[_of(layer, place)] = ours[f"layers/{name}"][layer]
    return theirs


def from_llama(network: Transformer, theirs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Their parameters by our names and in our shapes."""
    ours = {"embed/embedding": theirs[EMBEDDING], "norm/scale": theirs[_NORM]}
    if not network.tied:
        ours["head/kernel"] = theirs[_HEAD].T
    table = network.parameters(())
    for name in (*_KERNELS, *_SCALES):
        place = _KERNELS[name][0] if name in _KERNELS else _SCALES[name]
        parts = [theirs[_of(layer, place)].T for layer in range(network.layers)]
        ours[f"layers/{name}"] = np.stack(
            [part.reshape(table[f"layers/{name}"].shape[1:]) for part in parts]
        )
    return {name: np.ascontiguousarray(value) for name, value in ours.items()}


def shapes(network: Transformer) -> dict[str, tuple[int, ...]]:
    """The shape of each of their parameters."""
    empty = {
        name: np.broadcast_to(np.float32(0), p.shape) for name, p in network.parameters(()).items()
    }
    return {name: value.shape for name, value in to_llama(network, empty).items()}


def _of(layer: int, place: str) -> str:
    return f"model.layers.{layer}.{place}.weight"
