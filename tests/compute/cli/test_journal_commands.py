"""`nrn journal`: from one machine's folder to another's, by group, role and account."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.compute.cli.conftest import Result
from tests.integration.devnet import Devnet

Nrn = Callable[..., Result]


def test_a_journal_moves_between_machines(nrn: Nrn, devnet: Devnet, tmp_path: Path) -> None:
    group, address = devnet.chain().group(1), devnet.accounts["tara"].address
    founded = f"{group.voting.address}-{group.genesis_time}"
    state = tmp_path / "data" / "decentralizedai" / "state" / "31337" / founded
    here, there, file = state / f"trainer-{address}", tmp_path / "there", tmp_path / "file"
    here.mkdir(parents=True)
    journal = {"entries": [], "format": "journal/1", "identity": {"role": "trainer"}}
    whole = json.dumps(journal, separators=(",", ":"), sort_keys=True)
    (here / "journal.json").write_text(whole)
    told = nrn("journal", "export", 1, "trainer", file, "--json", account="tara").json
    assert told["entries"] == 0 and (here / "moved.json").exists()
    nrn("journal", "import", 1, "trainer", file, "--state", there)
    assert (there / "journal.json").read_text() == whole and not file.exists()
    assert "no journal of a" in nrn("journal", "export", 1, "curator", file, code=1).err
    assert "whose journal" in nrn("journal", "export", 1, "trainer", file, code=1).err
