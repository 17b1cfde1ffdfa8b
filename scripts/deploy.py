"""Deploy the protocol: `brownie run deploy [--network X]`.

The contracts refer to each other in a circle and have no setter, so the addresses are predicted
from the deployer's nonce, passed to the constructors, and asserted after each transaction. Then
every immutable is read back, and `<chain id>.json` is written where `nrn` looks for it. A second
run checks the deployment and changes nothing; a run that was cut off goes on where it stopped.

Environment:
    NRN_DEPLOYER          Brownie account name (required on a live network; else accounts[0])
    NRN_PASSWORD          its password; by default Brownie asks for it
    NRN_SALE_DELAY        seconds from the deployment to the start of the sale        [3600]
    NRN_SALE_DAYS         length of the sale in days, 1 to 60                         [30]
    NRN_SALE_RATE         NRN wei per wei                                             [1000]
    NRN_SALE_BENEFICIARY  who receives the vested proceeds (required on a live network)
    NRN_SALE_VESTING_DAYS days over which the proceeds vest                           [730]
    NRN_CHALLENGE_BOND    wei of a challenge, half of it for the other's gas    [0.1 ether]
    NRN_MIN_BOND          smallest bond of a group in NRN wei   [worth 0.05 ether at the sale rate]
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brownie import accounts, chain, project, web3
from brownie._config import CONFIG
from brownie.convert import to_address
from brownie.network.account import Account

from compute.chain.deployment import KNOWN
from compute.durable import replace_file
from compute.units import DAY, ETHER

ROOT = Path(__file__).resolve().parent.parent
BLUEPRINTS = {
    "DeltaRegistryBlueprint": "DeltaRegistry",
    "CheckpointVotingBlueprint": "CheckpointVoting",
}
# Rules of steps, by the numbers that StepsJudge gives them.
RULES = ("StepsNumbers", "StepsElementary", "StepsFolds", "StepsLoss")
# Each contract takes the nonce of its place; Coinbase reads the sale, so the sale comes first.
ORDER = (
    *BLUEPRINTS, "NeuronSale", "StakeVault", "Coinbase", "GroupRegistry", "Neuron", "Sponsorship",
    *RULES, "StepsSources", "StepsJudge", "Referee",
)  # fmt: skip


class DeploymentError(Exception):
    """The deployment cannot go on; the message says what to do."""


@dataclass(frozen=True)
class Parameters:
    """What the deployer chooses, once and for ever. Times in seconds, amounts in wei."""

    start: int
    end: int
    rate: int
    beneficiary: str
    vesting: int
    min_bond: int
    challenge_bond: int

    @classmethod
    def from_environment(cls, deployer: Account) -> "Parameters":
        """Read the NRN_* variables of the module's docstring; the sale starts relative to now."""
        beneficiary = os.environ.get("NRN_SALE_BENEFICIARY")
        if beneficiary is None:
            if _is_live():
                raise DeploymentError("Set NRN_SALE_BENEFICIARY: it can never be changed.")
            beneficiary = deployer.address
        start = chain[-1].timestamp + _number("NRN_SALE_DELAY", 3_600)
        rate = _number("NRN_SALE_RATE", 1_000)
        return cls(
            start=start,
            end=start + _number("NRN_SALE_DAYS", 30) * DAY,
            rate=rate,
            beneficiary=str(to_address(beneficiary)),
            vesting=_number("NRN_SALE_VESTING_DAYS", 730) * DAY,
            min_bond=_number("NRN_MIN_BOND", rate * ETHER // 20),
            challenge_bond=_number("NRN_CHALLENGE_BOND", ETHER // 10),
        )


def main() -> None:
    """Entry point of `brownie run deploy`."""
    addresses = deploy(_deployer())
    for name, address in addresses.items():
        print(f"  {name:<26}{address}")


def deploy(
    deployer: Account, parameters: Parameters | None = None, folder: Path | None = None
) -> dict[str, str]:
    """Deploy, resume or confirm the protocol on the connected chain.

    Returns: contract name -> address; the same mapping is in `folder/<chain id>.json`.
    Raises: DeploymentError with what to do, before anything wrong is recorded.
    """
    folder = folder or default_folder()
    final = folder / f"{chain.id}.json"
    journal = folder / f"{chain.id}.partial.json"
    if not _is_live():
        _forget_restarted_chain(final, journal)
    if final.exists():
        addresses = json.loads(final.read_text())["contracts"]
        _check(addresses, wiring(addresses))
        print(f"deploy: {final.name} is intact; nothing to do.")
        return addresses

    plan = _resume(journal, deployer) or {"nonce": deployer.nonce, "block": len(chain)}
    addresses = {
        name: str(deployer.get_deployment_address(plan["nonce"] + place))
        for place, name in enumerate(ORDER)
    }
    if not _code(addresses["NeuronSale"]):
        # Nothing on chain depends on the parameters yet, so the sale's start may move.
        parameters = parameters or Parameters.from_environment(deployer)
        plan |= {"deployer": deployer.address, "parameters": asdict(parameters)}
        _write(journal, plan)
    parameters = Parameters(**plan["parameters"])
    for place, name in enumerate(ORDER):
        if not _code(addresses[name]):
            _deploy_one(deployer, plan["nonce"] + place, name, parameters, addresses)
    _check(addresses, immutables(parameters, addresses))
    _write(final, {"chain_id": chain.id, "contracts": addresses, "block": plan["block"]})
    journal.unlink()
    print(f"deploy: wrote {final}")
    return addresses


def default_folder() -> Path:
    """Where `nrn` looks; a fork has the chain id of its origin, so its file goes to `reports/`."""
    return ROOT / "reports" / "rehearsal" if _is_fork() else KNOWN


def constructor(name: str, p: Parameters, at: dict[str, str]) -> tuple[Any, ...]:
    """Constructor arguments of one contract, given the predicted addresses."""
    nrn, sale, vault = at["Neuron"], at["NeuronSale"], at["StakeVault"]
    coinbase, registry = at["Coinbase"], at["GroupRegistry"]
    blueprints = [at[blueprint] for blueprint in BLUEPRINTS]
    arguments: dict[str, tuple[Any, ...]] = {
        **{rule: () for rule in (*RULES, "StepsSources")},
        "NeuronSale": (nrn, p.start, p.end, p.rate, p.beneficiary, p.vesting),
        "StakeVault": (nrn, registry),
        "Coinbase": (nrn, sale, vault, registry),
        "GroupRegistry": (nrn, vault, coinbase, at["Referee"], *blueprints, p.min_bond),
        "Neuron": (sale, coinbase),
        "Sponsorship": (vault, registry),
        "StepsJudge": ([at[rule] for rule in RULES],),
        "Referee": (registry, at["StepsJudge"], at["StepsSources"], p.challenge_bond),
    }
    return arguments[name]


def wiring(at: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The immutables that hold addresses of the protocol: contract -> getter -> value."""
    nrn, vault = {"NRN": at["Neuron"]}, {"VAULT": at["StakeVault"]}
    sale, coinbase = {"SALE": at["NeuronSale"]}, {"COINBASE": at["Coinbase"]}
    registry = {"REGISTRY": at["GroupRegistry"]}
    return {
        "NeuronSale": nrn,
        "StakeVault": nrn | registry,
        "Coinbase": nrn | sale | vault | registry,
        "GroupRegistry": nrn
        | vault
        | coinbase
        | {
            "REFEREE": at["Referee"],
            "DELTA_BLUEPRINT": at["DeltaRegistryBlueprint"],
            "VOTING_BLUEPRINT": at["CheckpointVotingBlueprint"],
        },
        "Neuron": sale | coinbase,
        "Sponsorship": vault | registry,
        "Referee": registry | {"JUDGE": at["StepsJudge"], "SOURCES": at["StepsSources"]},
    }


def immutables(p: Parameters, at: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every immutable of every singleton: the wiring and the parameters."""
    chosen: dict[str, dict[str, Any]] = {
        "NeuronSale": {
            "START": p.start,
            "END": p.end,
            "RATE": p.rate,
            "BENEFICIARY": p.beneficiary,
            "VESTING": p.vesting,
        },
        "Coinbase": {"EMISSION_START": p.end},
        "GroupRegistry": {"MIN_BOND": p.min_bond},
        "Referee": {"BOND": p.challenge_bond},
    }
    return {name: getters | chosen.get(name, {}) for name, getters in wiring(at).items()}


def blueprint_code(creation_code: str) -> bytes:
    """ERC-5202 code of a blueprint, version 0, without data: the marker and the creation code."""
    return bytes.fromhex("fe7100") + _bytes(creation_code)


def container(name: str) -> Any:
    """Brownie's ContractContainer of the loaded project."""
    return project.get_loaded_projects()[0][name]


def _deploy_one(
    deployer: Account, nonce: int, name: str, p: Parameters, at: dict[str, str]
) -> None:
    if deployer.nonce != nonce:
        raise DeploymentError(
            f"{name} needs nonce {nonce} of {deployer.address}, which is at {deployer.nonce}: "
            f"another transaction took its place. Remove {chain.id}.partial.json and "
            "deploy anew; the contracts deployed so far are not wired to anything."
        )
    if name in BLUEPRINTS:
        code = blueprint_code(container(BLUEPRINTS[name]).bytecode)
        # Creation code that returns what follows it: PUSH2 length, RETURNDATASIZE, DUP2, ...
        preamble = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3")
        data = "0x" + (preamble + code).hex()
    else:
        data = container(name).deploy.encode_input(*constructor(name, p, at))
    # Not `deployer.deploy`: on a live network Brownie 1.22 fails to remember what it deployed.
    result = deployer.transfer(data=data).contract_address
    if result != at[name]:
        raise DeploymentError(f"{name} is at {result}, predicted was {at[name]}.")


def _check(at: dict[str, str], expected: dict[str, dict[str, Any]]) -> None:
    """Compare code and immutables on chain with this project's contracts."""
    for name in ORDER:
        code = _code(at[name])
        if name in BLUEPRINTS:
            same = code == blueprint_code(container(BLUEPRINTS[name]).bytecode)
        else:
            # Vyper appends the immutables to the runtime code.
            runtime = _bytes(container(name)._build["deployedBytecode"])
            same = bool(code) and code.startswith(runtime)
        if not same:
            raise DeploymentError(
                f"{at[name]} does not hold this project's {name}: check out the revision that "
                f"deployed it, or move {chain.id}.json away to deploy anew."
            )
        for getter, value in expected.get(name, {}).items():
            found = getattr(container(name).at(at[name], persist=False), getter)()
            if found != value:
                raise DeploymentError(f"{name}.{getter} is {found}, expected {value}.")


def _resume(journal: Path, deployer: Account) -> dict[str, Any] | None:
    if not journal.exists():
        return None
    plan = json.loads(journal.read_text())
    if plan["deployer"] != deployer.address:
        raise DeploymentError(
            f"A deployment by {plan['deployer']} was cut off: go on with that account "
            f"(NRN_DEPLOYER), or remove {journal} to start anew."
        )
    print(f"deploy: going on with the deployment of nonce {plan['nonce']}.")
    return plan


def _forget_restarted_chain(*records: Path) -> None:
    """A development chain forgets on restart, and its records with it."""
    for record in records:
        if record.exists() and not _recorded_on_this_chain(json.loads(record.read_text())):
            record.unlink()


def _recorded_on_this_chain(record: dict[str, Any]) -> bool:
    if "contracts" in record:
        return bool(_code(record["contracts"]["Neuron"]))
    deployer = accounts.at(record["deployer"], force=True)
    return bool(_code(deployer.get_deployment_address(record["nonce"])))


def _deployer() -> Account:
    name = os.environ.get("NRN_DEPLOYER")
    if name:
        return accounts.load(name, os.environ.get("NRN_PASSWORD"))
    if _is_live():
        raise DeploymentError("Set NRN_DEPLOYER to the name of a Brownie account with ether.")
    return accounts[0]


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (json.dumps(document, indent=2) + "\n").encode())


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if text is None:
        return default
    if not text.isdecimal():
        raise DeploymentError(f"{variable} is '{text}': give a whole number.")
    return int(text)


def _code(address: str) -> bytes:
    return bytes(web3.eth.get_code(str(address)))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _is_live() -> bool:
    return CONFIG.network_type == "live"


def _is_fork() -> bool:
    return "fork" in CONFIG.active_network.get("cmd_settings", {})
