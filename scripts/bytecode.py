"""Compile a contract as it is deployed; files may be replaced first."""

from pathlib import Path
from typing import Any

import snekmate.utils
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = Path(next(iter(snekmate.utils.__path__))).parents[1]
EVM_VERSION = "cancun"  # as in brownie-config.yaml


def compiled(name: str, first: Path = ROOT, venom: bool = False) -> dict[str, Any]:
    """`abi`, `bytecode` (creation code, in hexadecimal) and `layout` of a contract.

    Files below `first` come before those of the project; `venom` is the experimental backend.
    """
    bundle = FilesystemInputBundle([LIBRARIES, ROOT, first])  # the last is asked first
    return compile_from_file_input(
        bundle.load_file(Path("contracts", f"{name}.vy")),
        input_bundle=bundle,
        settings=Settings(evm_version=EVM_VERSION, experimental_codegen=venom),
        output_formats=["abi", "bytecode", "layout"],
        no_bytecode_metadata=True,
    )
