"""Founding, staking, curating, checking: each through the command line, on a real chain."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compute.chain import shared
from tests.compute.cli.conftest import Result, examples
from tests.integration.devnet import NRN, Devnet

Nrn = Callable[..., Result]
SPOOF, INERT = (
    "рaypal\u202e",
    "\\u{440}aypal�",
)  # the first letter is Cyrillic, the last turns the line


@pytest.fixture
def founded(nrn: Nrn, files: Path, devnet: Devnet) -> int:
    """A group with a real model and real data, staked by alice and bob, in force."""
    created = nrn("group", "create", "--specification", files / "model.json", "--data",
                  files / "first.npz", "--keeper-bps", 0, "--vote-window", "2h", "--json",
                  "--name", SPOOF, "--message", "Halves of pictures", "--licence", "MIT",
                  account="alice").json  # fmt: skip
    for name in ("alice", "bob"):
        nrn("stake", created["group"], "50.5", account=name)
    devnet.next_epoch()
    return created["group"]


def test_a_group_has_the_terms_it_was_given(nrn: Nrn, founded: int) -> None:
    shown = nrn("group", "show", founded, "--json").json
    assert shown["keeper_bps"] == 0 and shown["vote_window"] == 7_200
    assert shown["commit_window"] == 14_400 and shown["bond"] == str(NRN)
    assert shown["min_improvement"] == 65_536  # what luck in rounding can not win
    assert shown["stake"] == str(101 * NRN)
    assert shown["referee"].startswith("judges a false loss")
    listed = nrn("group", "list", "--json").json
    assert [row["group"] for row in listed] == [1, founded]
    page = nrn("group", "show", founded).out
    assert "commit window" in page and SPOOF not in page and INERT in page
    assert (shown["name"], shown["message"], shown["licence"]) == (
        SPOOF,
        "Halves of pictures",
        "MIT",
    )
    assert nrn("status", founded, "--json").json["groups"][0]["name"] == SPOOF
    assert f"called {INERT}" in nrn("status", founded).out


def test_no_group_is_founded_whose_claims_could_not_be_revealed(
    nrn: Nrn, files: Path, devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain is slow to be final: half an hour for a window of half an hour."""
    monkeypatch.setitem(shared.CONFIRMATIONS, 31337, 1)
    devnet.warp(devnet.chain().now() + 1_800)
    words = ["group", "create", "--specification", files / "model.json", "--data",
             files / "first.npz", "--yes"]  # fmt: skip
    refused = nrn(*words, "--reveal-window", "30m", account="alice", code=1)
    assert "could not be revealed" in refused.err and "--reveal-window of" in refused.err
    nrn(*words, "--reveal-window", "2h", account="alice")


def test_a_fork_takes_terms_and_data_from_its_parent(nrn: Nrn, founded: int, files: Path) -> None:
    forked = nrn("group", "fork", founded, "--widen", 12, "--bond", 3, "--json",
                 account="bob").json  # fmt: skip
    assert nrn("model", "show", forked["group"], "--json").json["architecture"]["hidden"] == [12]
    for words in ((), ("--deepen", 3), ("--widen", "x"), ("--widen", 7)):
        nrn("group", "fork", founded, *words, account="bob", code=1)
    shown = nrn("group", "show", forked["group"], "--json").json
    assert (shown["name"], shown["licence"]) == (None, "MIT")  # the data is the same, the group not
    assert shown["parent"] == founded and shown["vote_window"] == 7_200
    assert shown["bond"] == str(3 * NRN)
    nrn("migrate", founded, forked["group"], 20, account="bob")
    evaluation = nrn("evaluate", forked["group"], shown["incumbent"][:14], "--json").json
    same_function = nrn("evaluate", founded, "--json").json["loss"]
    assert abs(evaluation["loss"] - same_function) < 1 << 12  # a millionth of a nat


def test_data_is_proposed_voted_finalised_and_checked_out(
    nrn: Nrn, founded: int, files: Path, devnet: Devnet
) -> None:
    before = nrn("evaluate", founded, "--json").json
    assert before["valid"] and before["examples"] == 48 and before["loss"] > 0
    if devnet.chain().group(founded).deltas.finalizable():
        nrn("delta", "finalize", founded, account="alice")

    told = ("--name", SPOOF, "--message", "Digits\x1b[2J\nof mine", "--licence", "CC0-1.0")
    again = {name: np.concatenate([values, values[:3], examples(1, 5)[name]])
             for name, values in examples(2, 16).items()}  # fmt: skip
    np.savez(files / "again.npz", **again)
    built = nrn("delta", "new", founded, "--add", files / "again.npz", *told, "--json",
                account="tom").json  # fmt: skip
    assert (built["adds"], built["removes"], built["kept"], built["duplicates"]) == (16, 0, 5, 3)
    cut = built["delta"][:14] + "…"  # as tables show it
    proposed = nrn("delta", "propose", founded, cut, "--json", account="tom").json
    assert proposed["delta"] == built["delta"]
    number = proposed["proposal"]
    shown = nrn("delta", "show", founded, number, "--json").json
    labels = examples(2, 16)["label"]
    assert (shown["adds"], shown["removes"], shown["empty_because"]) == (16, 0, None)
    assert shown["adds_by_class"] == {"0": int((labels == 0).sum()), "1": int(labels.sum())}
    assert (shown["name"], shown["licence"]) == (SPOOF, "CC0-1.0")
    page = nrn("delta", "show", founded, number, "--samples", 2).out
    assert "message, its proposer says: Digits�[2J" in page and "\x1b" not in page
    assert SPOOF not in page and INERT in page
    assert INERT[:5] in nrn("delta", "proposals", founded).out
    assert page.count("label ") == 2 and page.count("▀") == 2 * 4 * 2  # 4x4 pixels, 2 a character
    for sheet in ("look.html", "look.png"):
        nrn("delta", "show", founded, number, "--sheet", files / sheet)
    assert (files / "look.html").read_text().count("data:image/png") == 16
    assert Image.open(files / "look.png").width > 1000
    assert "an .html or a .png" in nrn("delta", "show", founded, number, "--sheet",
                                       files / "look.gif", code=1).err  # fmt: skip
    assert "in review" in nrn("delta", "vote", founded, number, account="alice", code=1).err
    devnet.warp(proposed["votable_from"])
    assert nrn("delta", "vote", founded, number, "--json", account="alice").json["power"] == str(
        NRN * 101 // 2
    )
    (row,) = nrn("delta", "proposals", founded, "--json").json
    assert row["leads"] and row["delta"] == built["delta"]

    devnet.warp(devnet.chain().group(founded).deltas.period().end)
    assert nrn("delta", "finalize", founded, "--json", account="bob").json["version"] == 1
    log = nrn("delta", "log", founded, "--json").json
    assert [(entry["version"], entry["name"]) for entry in log] == [(1, SPOOF), (0, None)]
    assert log[0]["proposer"] == devnet.accounts["tom"].address
    assert log[0]["votes"] == str(NRN * 101 // 2)
    assert int(log[0]["reward"]) > 0 and not log[0]["paid"]
    changed = nrn("delta", "diff", founded, 1, 0, "--json").json
    assert (changed["adds"], changed["removes"]) == (0, 16)
    (came,) = nrn("delta", "blame", founded, 50, "--json").json
    assert (came["version"], came["change"], came["delta"]) == (1, "added", built["delta"])
    assert "counted from 0" in nrn("delta", "blame", founded, 64, code=1).err

    nrn("delta", "checkout", founded, files / "out.npz", "--ids", files / "ids.txt")
    written = (files / "out.npz").read_bytes()
    assert "there already" in nrn("delta", "checkout", founded, files / "out.npz", code=1).err
    assert "is no .npz" in nrn("delta", "checkout", founded, files / "out.csv", code=1).err
    assert (files / "out.npz").read_bytes() == written
    ids = (files / "ids.txt").read_text().split()
    (came,) = nrn("delta", "blame", founded, ids[0][:12], "--json").json
    assert (came["version"], came["proposer"]) == (0, None)
    removal = files / "remove.txt"
    removal.write_text("\n".join([ids[0], ids[1][:12]]))
    built = nrn("delta", "new", founded, "--remove", removal, "--json", account="tom").json
    assert (built["adds"], built["removes"]) == (0, 2)
    with np.load(files / "out.npz") as written:
        assert len(written["label"]) == 64
        assert np.array_equal(written["image"][48:], examples(2, 16)["image"])
    nrn("delta", "checkout", founded, files / "old.npz", "--version", 0)
    with np.load(files / "old.npz") as written:
        assert len(written["label"]) == 48
    group = devnet.chain().group(founded)  # blocks use the data in force at their start
    devnet.warp(group.slot(group.voting.current().block_index + 1).start)
    after = nrn("evaluate", founded, "--json").json
    assert after["examples"] == 64 and after["loss"] != before["loss"]

    status = nrn("status", founded, "--json", account="tom").json["groups"][0]
    assert int(status["pending_rewards"]) > 0 and status["next"].startswith("nrn redeem")
    received = nrn("redeem", founded, "--json", account="tom").json
    assert received["received"] == status["pending_rewards"]
    assert [entry["for"] for entry in received["collected"]] == ["delta"]
    (newest, _) = nrn("delta", "log", founded, "--json").json
    assert newest["paid"] and newest["reward"] == received["received"]
    assert "Nothing to collect" in nrn("redeem", founded, account="tom").out


def test_a_delta_without_effect_is_shown_as_such(
    nrn: Nrn, founded: int, files: Path, devnet: Devnet
) -> None:
    """Bytes built by tom, proposed by mallory: the manifest names tom, so they change nothing."""
    built = nrn("delta", "new", founded, "--add", files / "more.npz", "--state", files / "tom",
                "--json", account="tom").json  # fmt: skip
    nrn("delta", "propose", founded, built["delta"], "--state", files / "tom", account="mallory")
    shown = nrn("delta", "show", founded, 1)
    assert "It would change nothing" in shown.out


def test_become_finds_the_difference(nrn: Nrn, founded: int, files: Path) -> None:
    kept, new = examples(1, 48), examples(3, 4)
    wanted = {name: np.concatenate([kept[name][:40], new[name]]) for name in kept}
    np.savez(files / "wanted.npz", **wanted)
    assert nrn("delta", "propose", founded, "--become", files / "wanted.npz", "--json",
               account="tom").json["proposal"] == 1  # fmt: skip
    refusal = nrn("delta", "propose", founded, "--become", files / "wanted.npz", "--add",
                  files / "more.npz", account="tom", code=1)  # fmt: skip
    assert "--become alone" in refusal.err


def test_verify_without_blocks_and_with_lost_content(nrn: Nrn, founded: int, files: Path) -> None:
    report = nrn("verify", founded, "--json").json
    assert report["true"] and report["blocks"] == []
    assert "0 of 0 blocks verified" in nrn("verify", founded).out
    model = nrn("group", "show", founded, "--json").json["model"][2:]
    (files / "store" / model[:2] / model).unlink()
    for command in ("verify", "evaluate"):
        assert "Error:" in nrn(command, founded, code=4).err


def test_files_that_are_no_model_or_no_data(nrn: Nrn, files: Path) -> None:
    (files / "bad.json").write_text('{"format": "something else"}')
    (files / "deep.json").write_text("[" * 100_000)
    (files / "bad.npz").write_bytes(b"PK nonsense")
    for model, data in (
        ("bad.json", "first.npz"), ("deep.json", "first.npz"), ("model.json", "bad.npz"),
    ):  # fmt: skip
        refused = nrn("group", "create", "--specification", files / model, "--data", files / data,
                      account="alice", code=1)  # fmt: skip
        assert refused.err.startswith("Error:")


def test_json_on_every_list(nrn: Nrn, founded: int) -> None:
    for words in (("group", "list"), ("group", "show", founded), ("delta", "log", founded),
                  ("delta", "proposals", founded), ("status",), ("sale", "show")):  # fmt: skip
        json.loads(nrn(*words, "--json").out)
        assert nrn(*words).out.strip()
