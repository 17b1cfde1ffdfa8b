"""Sending: nothing twice, nothing lost, nothing paid in vain."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from compute.chain import (
    Chain,
    MalformedAnswer,
    NoFunds,
    Reverted,
    RpcRefused,
    RpcUnavailable,
    Sender,
    Spending,
    TooExpensive,
    TooLate,
    TransactionPending,
    TransactionReplaced,
)
from compute.chain.rpc import Rpc
from tests.compute.chain.rogue import rogue
from tests.integration.devnet import ETHER, Devnet
from tests.support.patience import PATIENCE, wait_until

Tamper = Callable[[dict[str, Any], Callable[[], dict[str, Any]]], dict[str, Any] | None]


@contextmanager
def proxy(devnet: Devnet, tamper: Tamper) -> Iterator[Chain]:
    """The devnet through a node that may answer otherwise, or (None) hang up without an answer."""

    def forward(body: Any) -> Any:
        request = urllib.request.Request(
            devnet.url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    def answer(request: Any, handler: Any) -> bytes | None:
        if isinstance(request, list):
            answers = [tamper(call, lambda call=call: forward(call)) for call in request]
        else:
            answers = tamper(request, lambda: forward(request))
        return None if answers is None else json.dumps(answers).encode()

    with rogue(answer) as url:
        rpc = Rpc(url, timeout=PATIENCE, attempts=2, pause=0.01)
        yield Chain(rpc, devnet.chain().deployment, devnet.spending)


def honest(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    return ask()


def nonce(devnet: Devnet, name: str) -> int:
    return devnet.web3.eth.get_transaction_count(devnet.accounts[name].address)


def test_a_reason_costs_nothing(devnet: Devnet) -> None:
    before = nonce(devnet, "alice")
    with pytest.raises(Reverted) as refused:
        devnet.sender("alice").stake(99, 1)
    assert refused.value.reason == "vault: no group"
    assert (
        str(refused.value)
        == "The contract refused: there is no group with this number (vault: no group)."
    )
    assert nonce(devnet, "alice") == before + 1  # the approval; nothing was paid for the refusal


def test_an_account_without_ether(devnet: Devnet) -> None:
    pauper = devnet.new_account("pauper")
    with pytest.raises(NoFunds, match=f"{pauper.address} has 0 ETH.*approve.*Send it some ETH"):
        devnet.sender("pauper").approve(pauper.address, 1)
    devnet.new_account("almost", ether=1_000)
    with pytest.raises(NoFunds, match="needs up to"):
        devnet.sender("almost").approve(pauper.address, 1)


def test_more_ether_than_there_is(devnet: Devnet) -> None:
    devnet.rpc("anvil_setBalance", devnet.accounts["tara"].address, hex(ETHER))
    with pytest.raises(NoFunds):
        devnet.sender("tara").buy(2 * ETHER)


def test_a_failure_in_the_block_itself_tells_the_reason(devnet: Devnet) -> None:
    """The estimate passes, the transaction waits, the world changes, the transaction fails."""
    tara, tom = devnet.sender("tara"), devnet.accounts["tom"].address
    balance = devnet.chain().neuron.balance_of(tara.address)
    devnet.rpc("evm_setAutomine", False)
    failures: list[BaseException] = []

    def spend(sender: Sender) -> None:
        try:
            sender.transfer(tom, balance)
        except Reverted as error:
            failures.append(error)

    # a second process with the same account, whose transaction gets in first
    rival = threading.Thread(target=spend, args=(devnet.sender("tara"),))
    rival.start()
    wait_until(lambda: pending(devnet, "tara"))
    late = threading.Thread(target=spend, args=(tara,))
    late.start()
    time.sleep(0.2)  # it waits for the first one instead of racing it
    devnet.rpc("evm_setAutomine", True)
    devnet.rpc("evm_mine")
    rival.join(PATIENCE)
    late.join(PATIENCE)
    assert devnet.chain().neuron.balance_of(tara.address) == 0
    assert [str(error) for error in failures] == [
        "The contract refused: the account has too few tokens "
        "(erc20: transfer amount exceeds balance)."
    ]


def test_a_mined_revert_is_replayed_for_its_reason(devnet: Devnet) -> None:
    """An estimate that lies lets a doomed transaction through; its reason is found afterwards."""

    def lie(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if call["method"] == "eth_estimateGas":
            return {"jsonrpc": "2.0", "id": call["id"], "result": hex(200_000)}
        return ask()

    with proxy(devnet, lie) as chain, pytest.raises(Reverted) as refused:
        chain.sender(devnet.accounts["alice"]).request_exit(1, 10**30)
    assert refused.value.reason == "vault: exceeds stake"


def test_out_of_gas_is_called_so(devnet: Devnet) -> None:
    def stingy(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if call["method"] == "eth_estimateGas":
            return {"jsonrpc": "2.0", "id": call["id"], "result": hex(20_000)}
        return ask()

    with proxy(devnet, stingy) as chain, pytest.raises(Reverted, match="out of gas"):
        chain.sender(devnet.accounts["alice"]).request_exit(1, 5)


def test_an_answer_lost_after_sending_does_not_send_twice(devnet: Devnet) -> None:
    """The node takes the transaction and drops the line; the retry meets "already known"."""
    lost = 0

    def drop(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        nonlocal lost
        answer = ask()
        if call["method"] == "eth_sendRawTransaction" and lost == 0:
            lost += 1
            return None
        return answer

    alice = devnet.accounts["alice"]
    before = nonce(devnet, "alice")
    with proxy(devnet, drop) as chain:
        receipt = chain.sender(alice).request_exit(1, 5)
    assert lost == 1 and receipt.event("ExitRequested")["amount"] == 5
    assert nonce(devnet, "alice") == before + 1
    release = receipt.event("ExitRequested")["release_epoch"]
    assert devnet.chain().vault.exit_amount(alice.address, release) == 5


def test_a_node_that_dies_while_sending_leaves_the_question_open(devnet: Devnet) -> None:
    dead = False

    def die(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        nonlocal dead
        dead = dead or call["method"] == "eth_sendRawTransaction"
        return None if dead else ask()

    with proxy(devnet, die) as chain, pytest.raises(TransactionPending, match="before you repeat"):
        Sender(chain, devnet.accounts["alice"], timeout=0.5).request_exit(1, 5)


def test_a_transaction_that_no_block_takes(devnet: Devnet) -> None:
    alice = devnet.accounts["alice"]
    with unmined(devnet):
        chain = devnet.chain()
        impatient = Sender(chain, alice, timeout=0.3)
        with pytest.raises(TransactionPending, match="waits for this one") as waiting:
            impatient.request_exit(1, 5)
        assert waiting.value.transaction_hash.startswith("0x")
        with pytest.raises(TransactionPending, match=r"that no block takes.*Nothing was sent"):
            impatient.request_exit(1, 6)
    assert chain.vault.stake_of(1, alice.address) == 100 * 10**18 - 5


@contextmanager
def unmined(devnet: Devnet) -> Iterator[None]:
    """Until the end no transaction gets into a block by itself."""
    devnet.rpc("evm_setAutomine", False)
    try:
        yield
    finally:
        devnet.rpc("evm_setAutomine", True)
        devnet.rpc("evm_mine")


def test_a_repeated_command_waits_for_what_was_sent(devnet: Devnet) -> None:
    alice = devnet.accounts["alice"]
    before = nonce(devnet, "alice")
    with unmined(devnet), pytest.raises(TransactionPending):
        Sender(devnet.chain(), alice, timeout=0.3).request_exit(1, 5)
    again = devnet.sender("alice").request_exit(1, 5)
    assert again.event("ExitRequested")["amount"] == 5
    assert nonce(devnet, "alice") == before + 1
    devnet.sender("alice").request_exit(1, 5)  # its outcome was told: this is another one
    assert nonce(devnet, "alice") == before + 2


def test_a_malformed_answer_to_a_send_is_not_called_unsent(devnet: Devnet) -> None:
    def garble(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = ask()
        return {} if call["method"] == "eth_sendRawTransaction" else answer

    before = nonce(devnet, "alice")
    with proxy(devnet, garble) as chain:
        chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    assert nonce(devnet, "alice") == before + 1


def test_what_the_network_lost_is_sent_again(devnet: Devnet) -> None:
    swallowed = []

    def swallow(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if call["method"] == "eth_sendRawTransaction" and not swallowed:
            swallowed.append(call)
            for _ in range(3):
                devnet.rpc("evm_mine")
            return {"jsonrpc": "2.0", "id": call["id"], "result": "0x" + "11" * 32}
        return ask()

    with proxy(devnet, swallow) as chain:
        chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    assert len(swallowed) == 1


def priced(devnet: Devnet, base_fee: int) -> None:
    """Mine blocks at this base fee, which take nothing that pays less."""
    for _ in range(4):
        devnet.rpc("anvil_setNextBlockBaseFeePerGas", hex(base_fee))
        devnet.rpc("evm_mine")


def pending(devnet: Devnet, name: str) -> bool:
    known = devnet.web3.eth.get_transaction_count(devnet.accounts[name].address, "pending")
    return known > nonce(devnet, name)


def test_a_fee_is_raised_until_a_block_takes_it(devnet: Devnet) -> None:
    done: list[Any] = []
    with unmined(devnet):
        sender = devnet.sender("alice")
        worker = threading.Thread(target=lambda: done.append(sender.request_exit(1, 5)))
        worker.start()
        wait_until(lambda: pending(devnet, "alice"))
        wait_until(lambda: priced(devnet, 50 * 10**9) or not worker.is_alive())
    sent = devnet.web3.eth.get_transaction(done[0].transaction_hash)
    assert sent["maxFeePerGas"] > 50 * 10**9


def test_a_price_above_what_the_user_allows(devnet: Devnet) -> None:
    priced(devnet, 500 * 10**9)
    spending = Spending(10**16, devnet.spending.accounts)
    chain = Chain(devnet.chain().rpc, devnet.chain().deployment, spending)
    before = nonce(devnet, "alice")
    with pytest.raises(TooExpensive, match=r"you allow 0\.01.*--max-fee"):
        chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    assert nonce(devnet, "alice") == before


def test_a_vote_takes_the_place_of_stuck_housekeeping(devnet: Devnet) -> None:
    chain = devnet.chain()
    group, keeper = chain.group(1), devnet.accounts["alice"]
    devnet.warp(group.slot_at(chain.now()).end + 10)
    before = nonce(devnet, "alice")
    held = devnet.web3.eth.get_balance(chain.sale.contract.address)  # type: ignore[arg-type]

    def keep_back(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if call["method"] == "eth_sendRawTransaction":
            return {"jsonrpc": "2.0", "id": call["id"], "result": "0x" + "11" * 32}
        return ask()

    # housekeeping of another process of this account, in a pool from which no block takes it
    with proxy(devnet, keep_back) as elsewhere, pytest.raises(TransactionPending):
        Sender(elsewhere, keeper, timeout=0.3).release()
    for _ in range(3):
        devnet.rpc("evm_mine")
    value = b"\x07" * 32
    receipt = devnet.sender("alice").commit(group, value)
    sent = devnet.web3.eth.get_transaction(receipt.transaction_hash)  # type: ignore[arg-type]
    assert sent["nonce"] == before and nonce(devnet, "alice") == before + 1
    assert group.voting.commitment(value) is not None
    assert devnet.web3.eth.get_balance(chain.sale.contract.address) == held  # type: ignore[arg-type]


def test_two_processes_of_one_account_share_its_nonces(devnet: Devnet) -> None:
    before = nonce(devnet, "alice")
    script = (
        "import sys; from pathlib import Path; from eth_account import Account\n"
        "from compute.chain import Spending, connect\n"
        "url, deployment, accounts, key, first = sys.argv[1:]\n"
        "chain = connect(url, deployment=deployment, spending=Spending(accounts=Path(accounts)))\n"
        "sender = chain.sender(Account.from_key(key))\n"
        "for n in range(8): sender.request_exit(1, int(first) + n)\n"
    )
    key = devnet.accounts["alice"].key.hex()
    common = [devnet.url, devnet.deployment_file, devnet.spending.accounts, key]
    rivals = [
        subprocess.Popen([sys.executable, "-c", script, *map(str, common), str(first)])
        for first in (100, 200)
    ]
    assert [rival.wait(PATIENCE) for rival in rivals] == [0, 0]
    assert nonce(devnet, "alice") == before + 16
    left = devnet.chain().vault.stake_of(1, devnet.accounts["alice"].address)
    assert left == 100 * 10**18 - sum((*range(100, 108), *range(200, 208)))


def test_a_nonce_that_a_reorganisation_freed_is_used(devnet: Devnet) -> None:
    """what is in a block, and told | the next is on its way | the first is taken back, and lost"""
    before = nonce(devnet, "alice")
    devnet.rpc("evm_mine")
    bob = devnet.accounts["bob"].address
    devnet.sender("alice").transfer(bob, 5)
    done: list[Any] = []
    with unmined(devnet):
        sender = devnet.sender("alice")
        worker = threading.Thread(target=lambda: done.append(sender.transfer(bob, 6)))
        worker.start()
        wait_until(lambda: pending(devnet, "alice"))
        devnet.rpc("anvil_reorg", 1, [])
    assert nonce(devnet, "alice") == before
    wait_until(lambda: devnet.rpc("evm_mine") and not worker.is_alive())
    assert done and done[0].event("Transfer")["value"] == 6
    assert nonce(devnet, "alice") == before + 2


def test_what_waits_for_a_freed_nonce_does_not_block_who_would_use_it(devnet: Devnet) -> None:
    """An endpoint names too high a nonce: nothing that follows may wait for what it made wait."""
    account, before = devnet.accounts["alice"], nonce(devnet, "alice")

    def too_high(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = ask()
        if call["method"] == "eth_getTransactionCount":
            answer["result"] = hex(int(answer["result"], 16) + 1)
        return answer

    with proxy(devnet, too_high) as chain, pytest.raises(TransactionPending):
        Sender(chain, account, timeout=0.3).request_exit(1, 5)
    for _ in range(4):
        devnet.rpc("evm_mine")
    assert Sender(devnet.chain(), account).request_exit(1, 6)
    assert nonce(devnet, "alice") == before + 2, "both have landed"


def test_two_machines_of_one_account_lose_time_alone(devnet: Devnet, tmp_path: Path) -> None:
    """They share no folder, against our advice: each call happens once, or says that it did not."""
    before, amounts, failed = nonce(devnet, "alice"), ((101, 102, 103), (201, 202, 203)), []

    def act(machine: int) -> None:
        spending = Spending(accounts=tmp_path / str(machine))
        chain = Chain(devnet.chain().rpc, devnet.chain().deployment, spending)
        sender = Sender(chain, devnet.accounts["alice"])
        for amount in amounts[machine]:
            try:
                sender.request_exit(1, amount)
            except (RpcRefused, TransactionReplaced):
                failed.append(amount)

    machines = [threading.Thread(target=act, args=(n,)) for n in (0, 1)]
    for one in machines:
        one.start()
    for one in machines:
        one.join(PATIENCE)
    done = [amount for pair in amounts for amount in pair if amount not in failed]
    left = devnet.chain().vault.stake_of(1, devnet.accounts["alice"].address)
    assert left == 100 * 10**18 - sum(done) and done
    assert nonce(devnet, "alice") == before + len(done)


def test_what_cannot_land_in_time_is_not_sent(devnet: Devnet) -> None:
    chain = devnet.chain()
    group = chain.group(1)
    slot = group.slot_at(chain.now() + group.schedule.period)
    devnet.warp(slot.reveal_at - 20)
    before = nonce(devnet, "alice")
    with pytest.raises(TooLate, match=r"20 s are left for commit.*Nothing was sent"):
        devnet.sender("alice").commit(group, b"\x07" * 32)
    assert nonce(devnet, "alice") == before


def test_waiting_ends_at_once_when_asked_and_another_process_goes_on(devnet: Devnet) -> None:
    class Enough(Exception):
        pass

    def enough() -> None:
        if pending(devnet, "alice"):
            raise Enough

    with unmined(devnet):
        chain = devnet.chain()
        chain.rpc.check = enough
        with pytest.raises(Enough):  # and not TransactionPending, which comes after minutes
            chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    before = nonce(devnet, "alice")
    devnet.sender("alice").request_exit(1, 5)
    assert nonce(devnet, "alice") == before


@pytest.mark.parametrize("price", [10**15, 2**200])
def test_a_node_may_not_name_any_tip(devnet: Devnet, price: int) -> None:
    def greedy(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = ask()
        if call["method"] == "eth_maxPriorityFeePerGas":
            answer["result"] = hex(price)
        if call["method"] == "eth_feeHistory":
            answer["result"]["reward"] = [[hex(price)]] * 5
        return answer

    with proxy(devnet, greedy) as chain:
        receipt = chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    sent = devnet.web3.eth.get_transaction(receipt.transaction_hash)  # type: ignore[arg-type]
    assert sent["maxPriorityFeePerGas"] <= 3 * 10**9


LIES = [
    ("eth_getTransactionCount", None),
    ("eth_estimateGas", "many"),
    ("eth_estimateGas", hex(2**255)),
    ("eth_getBlockByNumber", {"baseFeePerGas": "low"}),
    ("eth_getBlockByNumber", None),
    ("eth_feeHistory", "much"),
    ("eth_feeHistory", {"baseFeePerGas": ["low"], "reward": [[]]}),
    ("eth_getTransactionReceipt", {"status": "0x1"}),
    ("eth_getTransactionReceipt", "yes"),
]


@pytest.mark.parametrize(("method", "lie"), LIES)
def test_whatever_a_node_answers_it_is_one_of_our_errors(
    devnet: Devnet, method: str, lie: object
) -> None:
    def lying(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if call["method"] == method:
            return {"jsonrpc": "2.0", "id": call["id"], "result": lie}
        return ask()

    expected = TransactionPending if "Receipt" in method else (MalformedAnswer, RpcRefused)
    with proxy(devnet, lying) as chain, pytest.raises(expected):
        Sender(chain, devnet.accounts["alice"], timeout=0.5).request_exit(1, 5)


def test_logs_of_another_contract_are_not_ours(devnet: Devnet) -> None:
    def forge(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = ask()
        if call["method"] == "eth_getTransactionReceipt" and answer["result"]:
            forged = dict(answer["result"]["logs"][-1], address="0x" + "ab" * 20)
            answer["result"]["logs"] = [forged]
        return answer

    with proxy(devnet, forge) as chain:
        receipt = chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    assert receipt.events == ()
    with pytest.raises(KeyError):
        receipt.event("ExitRequested")


def test_a_chain_without_priority_fees(devnet: Devnet) -> None:
    """Rootstock's blocks have no base fee: transactions are priced the old way."""

    def legacy(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = ask()
        if call["method"] == "eth_getBlockByNumber":
            answer["result"].pop("baseFeePerGas", None)
        return answer

    with proxy(devnet, legacy) as chain:
        receipt = chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    sent = devnet.web3.eth.get_transaction(receipt.transaction_hash)  # type: ignore[arg-type]
    assert sent["type"] == 0


def test_a_node_of_another_account_is_not_asked_to_sign(devnet: Devnet) -> None:
    """A key the node does not hold signs here; nothing but signed bytes leaves the process."""
    methods: set[str] = set()

    def watch(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        methods.add(call["method"])
        return ask()

    with proxy(devnet, watch) as chain:
        chain.sender(devnet.accounts["alice"]).request_exit(1, 5)
    assert "eth_sendRawTransaction" in methods
    assert not methods & {"eth_sendTransaction", "eth_accounts", "personal_sign", "eth_sign"}


def test_a_hanging_node_while_reading(devnet: Devnet) -> None:
    def hang(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        return None

    with proxy(devnet, hang) as chain, pytest.raises(RpcUnavailable):
        chain.now()


def test_unknown_accounts_are_strangers(devnet: Devnet) -> None:
    stranger = Account.from_key(b"\x42" * 32)
    assert devnet.chain().neuron.balance_of(stranger.address) == 0
