"""Unlocking keystores, and every way in which that fails."""

import json
from pathlib import Path

import pytest
from eth_account import Account

from compute.chain.accounts import (
    address_of,
    brownie_accounts,
    create_account,
    keystore_path,
    load_account,
)
from compute.chain.errors import AccountError

KEY = b"\x11" * 32
ADDRESS = Account.from_key(KEY).address


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("NRN_PASSWORD", raising=False)


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(Account.encrypt(KEY, "secret", kdf="pbkdf2", iterations=1)))
    return path


def test_password_from_file(keystore: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    assert load_account(str(keystore), password_file=tmp_path / "password").address == ADDRESS


def test_password_from_environment(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NRN_PASSWORD", "secret")
    assert load_account(str(keystore)).key == KEY


def test_password_from_prompt(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("compute.chain.accounts.getpass", lambda prompt: "secret")
    assert load_account(str(keystore)).address == ADDRESS


def test_no_way_to_ask(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(AccountError, match="--password-file, or set NRN_PASSWORD"):
        load_account(str(keystore))


def test_wrong_password(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NRN_PASSWORD", "guess")
    with pytest.raises(AccountError, match=r"The password for .* is wrong"):
        load_account(str(keystore))


def test_brownie_accounts_by_name(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brownie_accounts().mkdir(parents=True)
    keystore.rename(brownie_accounts() / "alice.json")
    monkeypatch.setenv("NRN_PASSWORD", "secret")
    assert load_account("alice").address == address_of("alice") == ADDRESS


@pytest.mark.parametrize("name", ["nobody", "../nobody", "a/b", ""])
def test_no_such_account(name: str) -> None:
    with pytest.raises(AccountError, match="nrn key new"):
        keystore_path(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"crypto": {}}',
        "[" * 30_000,
        " " * (1 << 17),
        '{"crypto": {"kdf": "scrypt", "kdfparams": {"n": 1099511627776, "r": 8, "p": 1}}}',
        '{"crypto": {"kdf": "scrypt", "kdfparams": {"n": "many", "r": 8}}}',
        '{"crypto": {"kdf": "rot13", "kdfparams": {}}, "address": 7}',
    ],
)
def test_files_that_are_no_keystore(tmp_path: Path, text: str, monkeypatch) -> None:
    monkeypatch.setenv("NRN_PASSWORD", "secret")
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(AccountError):
        load_account(str(path))
    with pytest.raises(AccountError):
        address_of(str(path))


def test_password_file_that_is_missing_or_binary(keystore: Path, tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="cannot be read"):
        load_account(str(keystore), password_file=tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(AccountError, match="cannot be read"):
        load_account(str(keystore), password_file=tmp_path / "binary")


def test_a_key_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NRN_PASSWORD", "secret")
    path, address = create_account("alice")
    assert path.stat().st_mode & 0o077 == 0 and keystore_path("alice") == path
    assert address_of("alice") == address == load_account("alice").address
    before = path.read_bytes()
    with pytest.raises(AccountError, match="already"):
        create_account("alice")
    assert path.read_bytes() == before
    for name in ("../bob", "", "a b"):
        with pytest.raises(AccountError, match="no name"):
            create_account(name)
    monkeypatch.setenv("NRN_PASSWORD", "")
    with pytest.raises(AccountError, match="without a password"):
        create_account("carol")


def test_a_new_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["one", "other"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("compute.chain.accounts.getpass", lambda prompt: next(answers))
    with pytest.raises(AccountError, match="not the same"):
        create_account("alice")
