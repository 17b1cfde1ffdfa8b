"""The proofs: each is tested by a lie, and what halmos reports is read strictly."""

import re

from scripts.lies import LIES, lies
from scripts.prove import PROOFS, interface, jobs, slots, verdicts


def proofs() -> set[str]:
    found = set()
    for path in PROOFS.glob("*.t.sol"):
        for contract in re.split(r"^contract ", path.read_text(), flags=re.MULTILINE)[1:]:
            names = re.findall(r"function (check_\w+)\(", contract)
            found |= {f"{contract.split()[0]}.{name}" for name in names}
    return found


def test_every_proof_is_tested_by_a_lie() -> None:
    assert {proof for proof, _, _ in LIES.values()} == proofs()


def test_every_lie_can_be_told() -> None:
    assert len(list(lies())) == len(LIES)


def test_every_contract_of_proofs_is_run() -> None:
    assert {job.contract for job in jobs("") if not job.lie} == {p.split(".")[0] for p in proofs()}
    assert {job.contract for job in jobs("Vault")} == {"VaultProof", "VaultHistoryProof"}


def report(exitcode: int, cut: int = 0) -> dict[str, object]:
    result = {"name": "check_it(uint256)", "exitcode": exitcode, "num_bounded_loops": cut}
    return {"test_results": {"Some.t.sol:SomeProof": [result]}}


def test_only_a_complete_run_proves() -> None:
    assert list(verdicts(report(0))) == [("SomeProof.check_it", "proved")]
    assert list(verdicts(report(0, cut=1))) == [("SomeProof.check_it", "loop cut")]
    assert list(verdicts(report(1))) == [("SomeProof.check_it", "refuted")]
    assert list(verdicts(report(2))) == [("SomeProof.check_it", "open (2)")]


def test_an_abi_becomes_an_interface() -> None:
    config = {
        "name": "config", "type": "tuple",
        "components": [{"name": "bond", "type": "uint256"}],
    }  # fmt: skip
    word = {"name": "", "type": "uint256"}
    function = {
        "type": "function", "name": "create", "stateMutability": "nonpayable",
        "inputs": [config, {"name": "note", "type": "bytes"}], "outputs": [word],
    }  # fmt: skip
    assert list(interface("IThing", [function, {"type": "event"}])) == [
        "interface IThing {",
        "  struct S_config { uint256 bond; }",
        "  function create(S_config calldata, bytes calldata) external  returns (uint256);",
        "}",
    ]


def test_slots_are_those_of_the_contract_itself() -> None:
    layout = {"_round": {"type": "uint256", "slot": 7}, "module": {"x": {"slot": 8}}}
    assert list(slots("Thing", layout)) == ["uint256 constant slot_Thing_round = 7;"]
