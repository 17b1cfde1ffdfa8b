"""Recipes that make no sense are refused with a sentence, wherever they come from."""

from pathlib import Path

import pytest

from compute.training.mesh import sizes_of, specs_of
from compute.training.recipe import MAX_FILE_BYTES, Recipe, RecipeError


def test_a_recipe_is_read_from_toml_and_json(tmp_path: Path) -> None:
    toml, json = tmp_path / "r.toml", tmp_path / "r.json"
    toml.write_text('batch_size = 64\noptimizer = "muon"\nlearning_rate = 1\nremat = true\n')
    json.write_text('{"batch_size": 64, "optimizer": "muon", "learning_rate": 1, "remat": true}')
    wanted = Recipe(batch_size=64, optimizer="muon", learning_rate=1, remat=True)
    assert Recipe.read(toml) == Recipe.read(json) == wanted


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("batchsize = 64", "no batchsize"),
        ("batch_size = 0", "batch_size must be at least 1"),
        ("batch_size = true", "batch_size must be of type int"),
        ("batch_size = 10\naccumulation = 4", "choose an accumulation that divides it"),
        ("learning_rate = nan", "learning_rate must be a number"),
        ("learning_rate = -1", "must not be negative"),
        ('optimizer = "sgd"', "one of adamw, muon"),
        ('schedule = "cosine"\nwarmup_steps = 10_000', "decay_steps must come after"),
        ("seed = 18446744073709551616", "below 2"),
        ("= 3", "no valid TOML"),
        ("x = " + "[" * 9_000, "no valid TOML"),
        ("#" * (MAX_FILE_BYTES + 1), "larger than"),
    ],
)
def test_a_bad_file_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(RecipeError, match=sentence):
        Recipe.read(tmp_path / "r.toml")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        Recipe.read(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "devices", "sizes"),
    [
        ("", 1, (1, 1, 1)),
        ("", 8, (8, 1, 1)),
        ("data=4,tensor=2", 8, (4, 1, 2)),
        ("fsdp=4", 8, (2, 4, 1)),
        ("tensor = 2, data = 1, fsdp = 1", 2, (1, 1, 2)),
    ],
)
def test_a_mesh_takes_all_devices(text: str, devices: int, sizes: tuple[int, ...]) -> None:
    assert tuple(sizes_of(text, devices).values()) == sizes


@pytest.mark.parametrize("text", ["data=3", "data=4,tensor=4", "fsdp=16", "tensor=3"])
def test_a_mesh_that_does_not_divide_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="does not divide 8 devices"):
        sizes_of(text, 8)


@pytest.mark.parametrize(
    "text", ["model=2", "data", "data=0", "data=-1", "data=2,data=4", "data=²"]
)
def test_a_mesh_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="not understood"):
        sizes_of(text, 8)


def test_what_the_mesh_does_not_divide_stays_whole() -> None:
    shapes = {"in": (6, 8), "out": (8, 10), "bias": (8,)}
    axes = {"in": ("embed", "mlp"), "out": ("embed", None), "bias": ("mlp",)}
    found = specs_of(shapes, axes, {"data": 1, "fsdp": 4, "tensor": 2})
    assert {name: tuple(spec) for name, spec in found.items()} == {
        "in": (None, "tensor"),
        "out": ("fsdp", None),
        "bias": ("tensor",),
    }
    with pytest.raises(RecipeError, match="fsdp=5 does not divide any parameter"):
        specs_of(shapes, axes, {"data": 1, "fsdp": 5, "tensor": 2})


def test_a_batch_that_the_mesh_does_not_divide_is_refused() -> None:
    assert Recipe(batch_size=24, accumulation=2).unit(shares=4) == 8
    with pytest.raises(RecipeError, match="choose a multiple of 16"):
        Recipe(batch_size=24, accumulation=2).unit(shares=8)
