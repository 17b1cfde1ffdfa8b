"""Accounts are Ethereum keystore files, among them Brownie's. A password never is an argument."""

import json
import os
import re
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_utils import to_checksum_address

from compute.canonical import check_nesting
from compute.chain.errors import AccountError
from compute.durable import replace_file
from compute.home import data_folder

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

PASSWORD_VARIABLE = "NRN_PASSWORD"  # noqa: S105  the name of a variable, not a password
MAX_KEYSTORE_BYTES = 1 << 16
MAX_PASSWORD_BYTES = 1 << 12
MAX_SCRYPT_BYTES = 1 << 30  # memory one may be asked to use for a key: 128 * n * r
NAME = re.compile(r"[\w.-]+")


def brownie_accounts() -> Path:
    """Return the folder of Brownie's accounts."""
    return Path.home() / ".brownie" / "accounts"


def own_accounts() -> Path:
    """Return the folder in which `create_account` keeps accounts."""
    return data_folder() / "keys"


def create_account(name: str, *, password_file: Path | str | None = None) -> tuple[Path, str]:
    """A new key, encrypted in a new keystore file; the file and the address. The password comes
    from where `load_account` takes it. Raises AccountError."""
    path = own_accounts() / f"{name}.json"
    if not NAME.fullmatch(name):
        raise AccountError(f"'{name}' is no name: use letters, digits, '.', '_' and '-'.")
    if path.exists():
        raise AccountError(f"There is an account '{name}' already: {path}.")
    password = _password(path, password_file, new=True)
    if not password:
        raise AccountError("A key without a password belongs to whoever reads the file: give one.")
    from eth_account import Account  # slow to import; most commands need no key

    account = Account.create()
    document = Account.encrypt(account.key, password)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, json.dumps(document).encode(), private=True)
    except OSError as error:
        raise AccountError(f"{path} cannot be written: {error.strerror}.") from None
    return path, account.address


def keystore_path(name_or_path: str) -> Path:
    """The keystore file meant by a path, or by the name of an account of ours or of Brownie's."""
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    for folder in (own_accounts(), brownie_accounts()):
        named = folder / f"{name_or_path}.json"
        if NAME.fullmatch(name_or_path) and named.is_file():
            return named
    raise AccountError(
        f"There is no account '{name_or_path}': neither a keystore file nor a name in "
        f"{own_accounts()} or {brownie_accounts()}. Create one with "
        f"`nrn key new {Path(name_or_path).stem}`."
    )


def address_of(name_or_path: str) -> str:
    """The address of an account, without its password."""
    path = keystore_path(name_or_path)
    address = _keystore(path).get("address")
    if not isinstance(address, str):
        raise AccountError(f"{path} does not name its address. Is it an Ethereum keystore?")
    try:
        return to_checksum_address(address)
    except ValueError:
        raise AccountError(f"{path} names an address that is none.") from None


def load_account(name_or_path: str, *, password_file: Path | str | None = None) -> "LocalAccount":
    """Unlock an account.

    The password comes from `password_file` (its first line), else from the variable NRN_PASSWORD,
    else from a prompt. Raises AccountError.
    """
    path = keystore_path(name_or_path)
    keystore = _keystore(path)
    password = _password(path, password_file)
    from eth_account import Account  # slow to import; most commands need no key

    try:
        key = Account.decrypt(keystore, password)
    except ValueError as error:
        if "MAC" in str(error):
            raise AccountError(f"The password for {path} is wrong.") from None
        raise AccountError(f"{path} is not a keystore that can be unlocked: {error}.") from None
    except (KeyError, TypeError, AttributeError, NotImplementedError):
        raise AccountError(f"{path} is not an Ethereum keystore.") from None
    return Account.from_key(key)


def _keystore(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEYSTORE_BYTES + 1)
        check_nesting(data)
        document = json.loads(data) if len(data) <= MAX_KEYSTORE_BYTES else None
    except OSError as error:
        raise AccountError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise AccountError(f"{path} is not an Ethereum keystore.")
    crypto = document.get("crypto") or document.get("Crypto")
    parameters = crypto.get("kdfparams") if isinstance(crypto, dict) else None
    if not isinstance(parameters, dict):
        raise AccountError(f"{path} is not an Ethereum keystore.")
    cost = [parameters.get(name, 1) for name in ("n", "r")]
    bounded = all(isinstance(value, int) and 0 < value <= MAX_SCRYPT_BYTES for value in cost)
    if not bounded or 128 * cost[0] * cost[1] > MAX_SCRYPT_BYTES:
        raise AccountError(f"{path} asks for more memory than unlocking a key may take.")
    return document


def _password(path: Path, password_file: Path | str | None, new: bool = False) -> str:
    if password_file is not None:
        try:
            with Path(password_file).expanduser().open("rb") as file:
                data = file.read(MAX_PASSWORD_BYTES)
            return data.decode().splitlines()[0] if data else ""
        except (OSError, UnicodeDecodeError):
            raise AccountError(f"The password file {password_file} cannot be read.") from None
    if (password := os.environ.get(PASSWORD_VARIABLE)) is not None:
        return password
    if not sys.stdin.isatty():
        raise AccountError(
            f"The account {path.stem} needs its password: give --password-file, or set "
            f"{PASSWORD_VARIABLE}."
        )
    given = getpass(f"Password of {path.stem}: ")
    if new and given != getpass("The same again: "):
        raise AccountError("The two are not the same.")
    return given
