"""The decoder and its tokeniser as the real `transformers` loads them."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compute.exchange import export, import_parameters
from compute.exchange.llama import from_llama, shapes, to_llama
from compute.exchange.tokenizer import documents
from compute.training_set.tokeniser import Tokeniser
from tests.compute.exchange.conftest import foreign, model
from tests.compute.models.families import FAMILIES
from tests.compute.training_set.test_tokeniser import WORDY


@pytest.mark.parametrize("family", ["grouped", "untied"])
def test_logits_are_those_of_transformers(family: str, tmp_path: Path) -> None:
    torch = foreign("torch", "torch")
    transformers = foreign("transformers", "transformers")
    exported = model(family)
    export(exported, "transformers", tmp_path / "out")
    llama = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert type(llama).__name__ == "LlamaForCausalLM"
    inputs = FAMILIES[family].inputs
    with torch.no_grad():
        found = llama(torch.tensor(inputs["tokens"].astype(np.int64))).logits.numpy()
    difference = np.abs(found - exported.outputs(inputs)).max()
    assert difference < 1e-5, difference
    assert np.abs(found).max() > 0.1
    words = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    text = "Öffne: to be\n\n or not é 🙂"
    assert words(text)["input_ids"] == list(text.encode())
    assert words.decode(list(text.encode())) == text


def test_tokens_are_those_of_the_group(tmp_path: Path) -> None:
    tokenizers = foreign("tokenizers", "transformers")
    document = documents(WORDY, len(WORDY))["tokenizer.json"]
    found = tokenizers.Tokenizer.from_str(json.dumps(document))
    draw = random.Random(3)
    parts = ["to ", "the", " other", "  \n", "\n\n", "é", "123456", "it's", " 🙂", "\t", "!?"]
    for _ in range(200):
        text = "".join(draw.choices(parts, k=12))
        assert found.encode(text).ids == WORDY.encode(text).tolist(), text
        assert found.decode(found.encode(text).ids, skip_special_tokens=False) == text


def test_there_is_no_tokeniser_where_nobody_knows_one() -> None:
    assert documents(None, 1000) == {}
    assert isinstance(WORDY, Tokeniser)


@pytest.mark.parametrize("family", ["grouped", "untied"])
def test_there_and_back(family: str, tmp_path: Path) -> None:
    exported = model(family)
    network = exported.specification.architecture
    theirs = to_llama(network, exported.parameters)
    assert {name: value.shape for name, value in theirs.items()} == shapes(network)
    assert theirs["model.layers.0.self_attn.k_proj.weight"].shape == (
        network.kv_heads * network.head_width,
        network.width,
    )
    back = from_llama(network, theirs)
    assert back.keys() == exported.parameters.keys()
    assert all(np.array_equal(back[n], v) for n, v in exported.parameters.items())
    export(exported, "transformers", tmp_path / "out")
    read = import_parameters(tmp_path / "out", exported.specification)
    assert all(np.array_equal(read[n], v) for n, v in exported.parameters.items())


def test_another_size_is_told(tmp_path: Path) -> None:
    exported = model("grouped")
    export(exported, "transformers", tmp_path / "out")
    spec = exported.specification
    wider = replace(spec, architecture=replace(spec.architecture, hidden=32))
    with pytest.raises(Exception, match=r"gate_proj.weight is \[24, 16\], .* \[32, 16\]"):
        import_parameters(tmp_path / "out", wider)
