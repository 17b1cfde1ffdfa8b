"""A life with a wallet in Chromium against Anvil: buy, stake, vote, withdraw, collect.

With EXPLORER_PICTURES=DIR, pictures of what the pages say are written there.
"""

import json
import os
import unicodedata
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import requests
from eth_abi import encode

from compute.explorer.acts import Act
from compute.storage import FolderStore
from compute.units import DAY, EPOCH, ETHER, NRN
from tests.compute.explorer.conftest import Lived, served
from tests.compute.explorer.test_pages import UNSEEN
from tests.compute.test_inert import PAYLOADS
from tests.integration.devnet import RATE, Devnet
from tests.support import browser
from tests.support.patience import PATIENCE, wait_until
from tests.support.wallet import Wallet

pytestmark = pytest.mark.skipif(not browser.found(), reason="needs chromium and chromedriver")

STATIC = Path(__file__).parents[3] / "compute" / "explorer" / "static"


class Visitor:
    """Somebody at a page with a wallet."""

    def __init__(self, wallet: Wallet, address: str) -> None:
        self.wallet, self._address, self._page = wallet, address, wallet.browser

    def open(self, path: str) -> None:
        """Open a page, which is there when the explorer has read the newest block."""
        address = f"{self._address}/{path}"
        wait_until(lambda: requests.get(address, timeout=PATIENCE).ok, lambda: f"no {path}")
        self._page.open(address)

    def fill(self, act: str, **fields: str) -> None:
        """Fill in a form and try it, at once, or a newer form could come between; a list offers a
        value when the page has read the newest block."""
        script = f"""const form = document.getElementById('act-{act}');
            const takes = ([name, value]) => (form.elements[name].value = value,
                                              form.elements[name].value === value);
            if (!form || !Object.entries({json.dumps(fields)}).every(takes)) return false;
            form.querySelector('button:not([type])').click(); return true"""
        wait_until(lambda: self._page.run(script), lambda: f"{act} does not take {fields}")

    def press(self, act: str, label: str) -> None:
        self._page.run(
            f"[...document.querySelectorAll('#act-{act} .told button')]"
            f".find((one) => one.textContent === {json.dumps(label)}).click()"
        )

    def reads(self, act: str, words: str) -> str:
        """Wait until the form says so; everything that it says."""
        said = ""

        def says() -> bool:
            nonlocal said
            self.wallet.serve()
            said = self._page.run(f"return document.querySelector('#act-{act} .told').textContent")
            return words in said

        wait_until(says, lambda: f"{act} says {said!r}, not {words!r}")
        return said

    def does(self, act: str, **fields: str) -> str:
        """Fill in, sign, and wait until it is done; what the page said that it would do."""
        self.fill(act, **fields)
        said = self.reads(act, "Sign in the wallet")
        self.press(act, "Sign in the wallet")
        self.reads(act, "Done, in block")
        return said

    def finds(self, path: str, words: str) -> str:
        """Open a page until it offers an act with these words; the act's key."""
        script = f"""return ([...document.querySelectorAll('.act')]
            .find((one) => one.textContent.includes({json.dumps(words)})) || {{id: ''}}).id"""

        def found() -> str:
            self.open(path)
            return str(self._page.run(script))

        return wait_until(found, lambda: f"no {words!r} at {path}").removeprefix("act-")

    def inside(self, act: str) -> int:
        """How many elements are in what the form says."""
        return int(
            self._page.run(f"return document.querySelector('#act-{act} .told').children.length")
        )

    def picture(self, name: str) -> None:
        if folder := os.environ.get("EXPLORER_PICTURES"):
            self._page.run("document.getElementById('wallet').scrollIntoView()")
            self._page.picture(Path(folder) / f"wallet-{name}.png")


@pytest.fixture
def chromium() -> Iterator[browser.Browser]:
    made = browser.Browser()
    yield made
    made.close()


@pytest.fixture
def zoe(lived: Lived, address: str, chromium: browser.Browser) -> Visitor:
    account = lived.net.new_account("zoe", ether=ETHER).address
    lived.net.sender("alice").transfer(account, 400 * NRN)
    return Visitor(Wallet(chromium, lived.net, account), address)


def test_a_life(lived: Lived, zoe: Visitor, chromium: browser.Browser) -> None:
    net, group, me = lived.net, lived.group, zoe.wallet.account
    zoe.open(f"group/{group.id}/index.html")
    zoe.fill("stake", amount="300")
    assert "no more" in zoe.reads("stake", "Allow")
    zoe.press("stake", "Allow")
    said = zoe.reads("stake", "Sign in the wallet")
    assert f"Stake 300 NRN in group {group.id}." in said and "ETH at most" in said
    zoe.picture("stake")
    zoe.press("stake", "Sign in the wallet")
    zoe.reads("stake", "Done, in block")
    vault = net.chain().vault
    assert vault.stake_of(group.id, me) == 300 * NRN
    assert net.chain().neuron.allowance(me, vault.contract.address) == 0

    zoe.open(f"group/{group.id}/data-1.html")
    zoe.fill("vote", proposal="0")
    assert "(dr: no power)" in zoe.reads("vote", "stake votes on data after a whole epoch")
    zoe.picture("refused")
    net.warp((net.chain().now() // EPOCH + 2) * EPOCH)
    first, second = lived.propose(3), lived.propose(4)
    net.warp(net.chain().now() + 2 * DAY)
    zoe.open(f"group/{group.id}/proposal-{second}.html")
    assert f"Vote for proposal {second}" in zoe.does("vote", proposal=str(second))
    assert {p.id: p.votes for p in group.deltas.proposals()}[second] == 300 * NRN
    assert {p.id: p.votes for p in group.deltas.proposals()}[first] == 0
    zoe.fill("vote", proposal=str(second))
    zoe.reads("vote", "this stake has voted for this in this period (dr: already voted)")

    net.warp(group.deltas.period().end + 1)
    net.sender("alice").finalize(group)
    tom = net.accounts["tom"].address
    before = net.chain().neuron.balance_of(tom)
    due = zoe.finds(f"account/{tom}.html", "data version 2")
    assert "It goes to whom it is owed" in zoe.does(due)
    assert net.chain().neuron.balance_of(tom) > before
    zoe.picture("collected")

    zoe.open(f"group/{group.id}/index.html")
    zoe.does("exit", amount="100.5")
    net.warp((net.chain().now() // EPOCH + 4) * EPOCH)
    withdraw = zoe.finds(f"account/{me}.html", "Withdraw")
    had = net.chain().neuron.balance_of(me)
    zoe.does(withdraw)
    offers = f"return document.querySelector('#act-{withdraw} button')"
    wait_until(lambda: not chromium.run(offers), lambda: "it is offered again")
    assert "Done, in block" in zoe.reads(withdraw, "")
    assert net.chain().neuron.balance_of(me) - had == 1005 * NRN // 10
    zoe.does("operator", operator=tom.lower())
    assert chromium.problems() == []


def test_two_visitors_see_the_same_and_what_the_chain_takes_back(
    lived: Lived, address: str, chromium: browser.Browser
) -> None:
    """Without reloading: each sees the other's vote, and both that a reorganisation undoes it."""
    net, group = lived.net, lived.group
    (proposal,) = group.deltas.proposals()
    net.warp(net.chain().now() + 2 * DAY)
    other = browser.Browser()
    pages = chromium, other
    try:
        alice, bob = (
            Visitor(Wallet(page, net, net.accounts[name].address), address)
            for page, name in zip(pages, ("alice", "bob"), strict=True)
        )
        for visitor in (alice, bob):
            visitor.open(f"group/{group.id}/data-1.html")
        for page in pages:
            page.run("window.kept = true")
        alice.does("vote", proposal=str(proposal.id))
        _all_read(pages, "100 NRN. nrn delta vote")
        mark = net.rpc("evm_snapshot")
        bob.does("vote", proposal=str(proposal.id))
        _all_read(pages, "200 NRN. nrn delta vote")
        net.rpc("evm_revert", mark)
        for _ in range(2):  # the other branch is longer
            net.rpc("evm_mine")
        _all_read(pages, "100 NRN. nrn delta vote")
        bob.reads("vote", "The node does not know the transaction (any more)")
        assert "Done, in block" in alice.reads("vote", "")
        assert all(page.run("return window.kept") for page in pages)
    finally:
        other.close()


def _all_read(pages: tuple[browser.Browser, ...], words: str) -> None:
    wait_until(
        lambda: all(words in page.text() for page in pages),
        lambda: (words, [page.text()[:600] for page in pages]),
    )


def test_buying_in_the_sale(tmp_path: Path, chromium: browser.Browser) -> None:
    net = Devnet.start(tmp_path)
    try:
        net.deploy()
        net.warp(net.chain().sale.terms().start)
        account = net.new_account("zoe", ether=3 * ETHER).address
        with served(net.chain(), FolderStore(tmp_path / "store")) as address:
            zoe = Visitor(Wallet(chromium, net, account), address)
            zoe.open("index.html")
            assert f"{RATE:,} NRN for each ETH" in zoe.does("buy", ether="1.5")
            zoe.picture("buy")
        assert net.chain().neuron.balance_of(account) == 3 * RATE * NRN // 2
    finally:
        net.stop()


def test_what_cannot_be_is_said(lived: Lived, zoe: Visitor) -> None:
    zoe.open(f"group/{lived.group.id}/index.html")
    for wrong in ("much", "0", "-1", "1e30", "0x10"):
        zoe.fill("stake", amount=wrong)
        zoe.reads("stake", f"“{wrong}” is not an amount above 0")
    zoe.fill("exit", amount="1")
    zoe.reads("exit", "that is more than the account has staked in this group")
    zoe.wallet.declines = True
    zoe.fill("stake", amount="1")
    zoe.reads("stake", "Allow")
    zoe.press("stake", "Allow")
    zoe.reads("stake", "You declined in the wallet. Nothing was sent.")
    assert zoe.wallet.sent == []


def test_what_wallets_and_contracts_say_is_inert(lived: Lived, zoe: Visitor) -> None:
    zoe.open(f"group/{lived.group.id}/index.html")
    for text in PAYLOADS.values():
        said = text.encode("utf-8", "replace").decode()
        reason = "0x08c379a0" + encode(["string"], [said]).hex()
        for error in ({"message": said}, {"message": "reverted", "data": reason}):
            zoe.wallet.says = {"code": 3, **error}
            zoe.fill("exit", amount="1")
            told = zoe.reads("exit", "would")
            assert not {unicodedata.category(c) for c in told} & UNSEEN and len(told) < 300
            assert zoe.inside("exit") == 0


def test_another_chain_is_switched_or_refused(lived: Lived, zoe: Visitor) -> None:
    zoe.open(f"group/{lived.group.id}/index.html")
    zoe.wallet.chain_id, zoe.wallet.stubborn = 1, True
    zoe.fill("exit", amount="1")
    zoe.reads("exit", "The wallet is on another chain. Switch it to chain 31337")
    zoe.wallet.stubborn = False
    zoe.fill("exit", amount="1")
    zoe.reads("exit", "more than the account has staked")
    assert zoe.wallet.chain_id == 31337


def test_a_wallet_that_changes_its_chain_after_the_preview_signs_nothing(
    lived: Lived, zoe: Visitor
) -> None:
    zoe.open(f"account/{zoe.wallet.account}.html")
    zoe.fill("operator", operator=lived.net.accounts["tom"].address)
    zoe.reads("operator", "Sign in the wallet")
    zoe.wallet.chain_id = 1
    zoe.press("operator", "Sign in the wallet")
    zoe.reads("operator", "The wallet has changed to another chain meanwhile. Nothing was sent.")
    assert zoe.wallet.sent == []


def test_a_transaction_that_vanishes_or_is_replaced_is_told(lived: Lived, zoe: Visitor) -> None:
    net = lived.net
    zoe.open(f"account/{zoe.wallet.account}.html")
    net.rpc("evm_setAutomine", False)
    try:
        zoe.fill("operator", operator=net.accounts["tom"].address)
        zoe.reads("operator", "Sign in the wallet")
        zoe.press("operator", "Sign in the wallet")
        zoe.reads("operator", "It waits for a block")
        (sent,) = zoe.wallet.sent
        net.rpc("anvil_dropTransaction", sent)
        zoe.reads("operator", "does not know the transaction")
        other = {"from": zoe.wallet.account, "to": zoe.wallet.account, "value": "0x0"}
        net.rpc("eth_sendTransaction", other)
        net.rpc("evm_mine")
        zoe.reads("operator", "Another transaction of your account took its place")
    finally:
        net.rpc("evm_setAutomine", True)


def test_the_library_is_the_pinned_one() -> None:
    """sha256 of dist/ethers.umd.min.js of ethers 6.17.0, as its package on the index has it."""
    shipped = sha256((STATIC / "ethers.js").read_bytes()).hexdigest()
    assert shipped == "532950515fd29ae9f7a21ceb2b68100815024d7944c3d5a92246d5b900bd703b"


def test_an_act_is_data_for_the_script() -> None:
    act = Act("a", "A", "0x" + "00" * 20, "f(uint256 x)", ("$x",), says="</script><b>{x}")
    assert json.loads(act.data)["arguments"] == ["$x"]
