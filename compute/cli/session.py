"""The session that commands share: the chain, the account, the store."""

import os
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.failure import Refused, print_error
from compute.cli.output import Output
from compute.home import cache_folder

if TYPE_CHECKING:
    from compute.chain import Chain, Group, Sender
    from compute.chain.accounts import LocalAccount
    from compute.node.seat import Seat
    from compute.storage import FolderStore
    from compute.storage.kubo import KuboStore

SILENT_SECONDS = 10.0  # between looks for a chain that does not answer


def _common(flag: str, text: str, variable: str | None = None) -> Any:
    return typer.Option(flag, envvar=variable, help=text, rich_help_panel="Common options")


@dataclass
class Session:
    """The options every command takes, opened on first use."""

    rpc: Annotated[
        str,
        _common("--rpc", "Ethereum node; several, with commas, replace each other.", "NRN_RPC"),
    ] = "http://127.0.0.1:8545"
    agree: Annotated[
        int,
        typer.Option(
            "--agree",
            min=1,
            envvar="NRN_AGREE",
            help="Nodes of --rpc that must tell the same of what is decided on.",
            rich_help_panel="Common options",
        ),
    ] = 1
    max_fee: Annotated[
        float,
        typer.Option(
            "--max-fee",
            metavar="ETH",
            min=0.0,
            envvar="NRN_MAX_FEE",
            help="Gas that one transaction may cost, replacements included.",
            rich_help_panel="Common options",
        ),
    ] = 0.1
    deployment: Annotated[
        Path | None,
        _common(
            "--deployment",
            "File that says where the contracts are; by default what is known of the chain.",
            "NRN_DEPLOYMENT",
        ),
    ] = None
    store: Annotated[
        str | None,
        _common("--store", "Folder in which content lies.", "NRN_STORE"),
    ] = None
    ipfs: Annotated[
        str | None,
        _common(
            "--ipfs",
            "Kubo daemon that holds content instead: /ip4/127.0.0.1/tcp/5001 or a URL.",
            "IPFS_API",
        ),
    ] = None
    account: Annotated[
        str | None,
        _common(
            "--account", "Who acts: a keystore file, or a Brownie account's name.", "NRN_ACCOUNT"
        ),
    ] = None
    password_file: Annotated[
        Path | None,
        _common("--password-file", "Holds the password; else NRN_PASSWORD, else a prompt."),
    ] = None
    as_json: Annotated[bool, _common("--json", "Print JSON.")] = False

    @cached_property
    def out(self) -> Output:
        return Output(as_json=self.as_json)

    @cached_property
    def chain(self) -> "Chain":
        from compute.chain import Spending, connect

        return connect(
            self.rpc,
            deployment=self.deployment,
            agree=self.agree,
            spending=Spending(round(self.max_fee * 10**18)),
            index=cache_folder() / "index",
        )

    def group(self, group_id: int) -> "Group":
        return self.chain.group(group_id)

    @cached_property
    def address(self) -> str | None:
        """The account's address, without unlocking it; None if no account is named."""
        from compute.chain.accounts import address_of

        return None if self.account is None else address_of(self.account)

    @cached_property
    def signer(self) -> "LocalAccount":
        """The unlocked account."""
        from compute.chain.accounts import load_account

        if self.account is None:
            raise Refused("Say who acts: --account NAME, or set NRN_ACCOUNT.")
        return load_account(self.account, password_file=self.password_file)

    @cached_property
    def sender(self) -> "Sender":
        return self.chain.sender(self.signer)

    @cached_property
    def blocks(self) -> "FolderStore | KuboStore":
        """The store that everybody reads."""
        from compute.storage import data_folder, open_daemon, open_store

        store, ipfs = self.store, self.ipfs
        if store and ipfs:  # an option wins over the environment
            typed = [store != os.environ.get("NRN_STORE"), ipfs != os.environ.get("IPFS_API")]
            store, ipfs = store if typed[0] else None, ipfs if typed[1] else None
            if bool(store) == bool(ipfs):
                raise Refused(
                    "Content lies in one place: give --store (NRN_STORE) or --ipfs (IPFS_API), not "
                    "both."
                )
        return open_daemon(ipfs) if ipfs else open_store(store or str(data_folder() / "store"))

    @property
    def readable(self) -> "FolderStore | KuboStore | None":
        """The same to look at, None where it cannot be reached: the chain alone tells much."""
        from compute.storage import StorageError

        try:
            return self.blocks
        except StorageError:
            return None

    def training_sets(self, group: "Group") -> Path:
        """Return the folder in which commands keep the versions of a group's training set."""
        from compute.storage import data_folder

        return data_folder() / "training_sets" / str(group.chain.chain_id) / group.voting.address

    def seat(
        self,
        group_id: int,
        role: str,
        state: Path | None,
        poll_seconds: float = 2.0,
        quota: float | None = None,
    ) -> "Seat":
        """The account's place in this group; `state` has a default for each role and account.

        A chain that does not answer is waited for: a role is there to run for months.
        """
        from compute.node.seat import Seat, folder
        from compute.storage import data_folder

        account = self.signer
        group = self._awaited(group_id)
        state = state or folder(data_folder() / "state", role, group, account.address)
        most = None if quota is None else round(quota * 10**9)
        return Seat(group, account, self.blocks, state, role, poll_seconds, most)

    def _awaited(self, group_id: int) -> "Group":
        from compute.node.role import SILENT

        while True:
            try:
                return self.group(group_id)
            except SILENT as error:
                print_error(f"{error} Waiting for it; Ctrl-C ends.")
                time.sleep(SILENT_SECONDS)
