"""The pages of a lived devnet: complete, inert, and honest about what is missing or stale."""

import html
import re
import threading
import unicodedata
from concurrent.futures import Future
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from compute.about import About
from compute.chain import RpcUnavailable
from compute.chain.records import Sponsorship
from compute.chain.sponsors import Token
from compute.explorer import Content, Site, Watch, export, patience
from compute.explorer import watch as following
from compute.explorer.patience import PatientStore, SparingStore
from compute.explorer.site import NoSuchPage
from compute.facts import SponsorshipFacts
from compute.facts.changes import ChangeFacts
from compute.facts.portraits import Portrait
from compute.facts.samples import Sample
from compute.storage import FolderStore, cid
from compute.units import NRN
from tests.compute.explorer.conftest import Lived
from tests.compute.test_inert import PAYLOADS
from tests.support.patience import Time, wait_until
from tests.support.rogue_daemon import Request, rogue_daemon

UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.found += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def test_an_export_is_whole_and_calls_nobody(lived: Lived, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    count = export(lived.site(), folder)
    files = {str(file.relative_to(folder)): file for file in folder.rglob("*.html")}
    assert len(files) == count >= 15
    for name, file in files.items():
        links = _Links()
        links.feed(file.read_text())
        assert "script" not in links.tags and "form" not in links.tags
        assert "default-src 'none'" in html.unescape(file.read_text())
        for link in links.found:
            if not link.startswith(("#", "data:")):
                assert not re.match(r"[a-z]+:|/", link), link
                target = urljoin(f"http://x/{name}", link).removeprefix("http://x/")
                assert (folder / target.partition("#")[0]).exists(), (name, link)


def test_each_ending_is_told_in_words(lived: Lived) -> None:
    site, number = lived.site(), lived.group.id
    page = site.page(f"group/{number}/index.html").decode()
    for words in (
        "Accepted: 66.66 % of the stake for one claim",
        "Rejected: 66.66 % of the stake voted, and no claim was approved by more than half",
        "No quorum: what led had 33.33 % of the 33.34 % of the stake that it needs",
        "burns when it is released, because more than half of the votes cast, and a quorum of the",
        "is held until a later block judges the claim",
        "Earns nothing: it does not approve the winner.",
        "no claim</td>",
        "Waits: the winner&#39;s evaluation is not public yet",
    ):
        assert words in page, words
    assert 'class="chart"' in page and "Trainers" in page and "Keepers" in page
    tara = lived.net.accounts["tara"].address
    account = site.page(f"account/{tara}.html").decode()
    assert "reward of block" in account and "nrn redeem" in account and "Claims (2)" in account


def test_an_account_that_did_nothing_is_told_so(lived: Lived) -> None:
    site, words = lived.site(), "has not claimed, voted, proposed or staked in any group"
    assert words in site.page(f"account/0x{'12' * 20}.html").decode()
    for name in ("tara", "alice"):
        assert words not in site.page(f"account/{lived.net.accounts[name].address}.html").decode()


def test_data_and_model_show_content(lived: Lived) -> None:
    site, number = lived.site(), lived.group.id
    data = site.page(f"group/{number}/data-1.html").decode()
    assert "Version 1" in data and "+30" in data and "Proposal 2" in data
    assert data.count("data:image/png;base64,") == 8
    delta = site.page(f"group/{number}/delta-1.html").decode()
    assert delta.count("data:image/png;base64,") == 24 and "Classes added" in delta
    model = site.page(f"group/{number}/model.html").decode()
    assert "mlp" in model and "Dense_0/kernel" in model
    assert "After accepted block 3: 85.0 % of 60 right" in model and "Before any block" in model
    assert "the commonest mistake is right taken for inner right, 5 times." in model
    assert "<title>inner left taken for left: 1 of 14</title>" in model
    assert model.count("<rect") == 8 and ">inner righ…</text>" in model


def test_founders_and_proposers_are_quoted(lived: Lived) -> None:
    site, number = lived.site(), lived.group.id
    assert "“Bars”" in site.page("index.html").decode()
    group = site.page(f"group/{number}/index.html").decode()
    assert "Its founder says, and nobody has checked: name “Bars”, licence of the data" in group
    data = site.page(f"group/{number}/data-1.html").decode()
    assert data.count("“Thirty more bars, series 1”") == 1  # what was adopted
    assert "Its proposer says, and nobody has checked: name “Thirty more bars, series 2”" in data


class _Hostile(Content):
    """Content of strangers who write one text everywhere."""

    def __init__(self, lived: Lived, text: str, *, writes: bool) -> None:
        super().__init__(lived.store)
        self._text, self._writes = text, writes

    def about(self, _: bytes) -> About:
        return About(self._text, self._text, self._text)

    def change(self, delta: bytes, model_hash: bytes) -> ChangeFacts:
        found, text = super().change(delta, model_hash), self._text
        return replace(found, samples=(Sample(text, None, text),), missing=text)

    def portraits(self) -> dict[bytes, Portrait]:
        known, text = super().portraits().values(), self._text
        rows = () if self._writes else next(iter(known)).confusion
        said = ((text, text),)
        return {p.checkpoint: replace(p, completions=said, confusion=rows, labels=(text,) * 4)
                for p in known}  # fmt: skip


def _read_with(lived: Lived, site: Site, text: str, *, writes: bool) -> dict[str, _Links]:
    said, world = About(text, text, text), site._world
    views = {n: replace(v, facts=replace(v.facts, about=said)) for n, v in world.views.items()}
    hostile = replace(world, views=views, stale_since=1, trouble=text)
    changed = Site(hostile, _Hostile(lived, text, writes=writes), site._chain, live=True)
    found = {}
    for path in changed.paths():
        shown, found[path] = changed.page(path).decode(), _Links()
        found[path].feed(shown)
        assert not {unicodedata.category(c) for c in shown if c != "\n"} & UNSEEN, path
    return found


def test_strangers_strings_are_inert_on_every_page(lived: Lived) -> None:
    """Whatever they write, the pages have the elements, attributes and links that words give."""
    site = lived.site(live=True)
    for writes in (True, False):
        harmless = _read_with(lived, site, "words", writes=writes)
        for payload in PAYLOADS.values():
            for path, page in _read_with(lived, site, payload, writes=writes).items():
                like = harmless[path]
                assert page.tags == like.tags and page.attributes == like.attributes, path
                assert page.found == like.found, path


def test_a_store_without_content_shows_what_is_missing(lived: Lived, tmp_path: Path) -> None:
    chain, empty = lived.net.chain(), FolderStore(tmp_path / "empty")
    for store in (empty, None):
        site = Site(Watch(chain, store).world, Content(store), chain, live=False)
        for path in site.paths():
            assert str(tmp_path) not in site.page(path).decode()
        assert "Content is missing" in site.page(f"group/{lived.group.id}/data-1.html").decode()
        assert "Content is missing" in site.page(f"group/{lived.group.id}/model.html").decode()


def test_a_node_that_goes_away_leaves_the_picture_and_says_so(lived: Lived) -> None:
    chain = lived.net.chain()
    watch, content = Watch(chain, lived.store), Content(lived.store)
    before, head = watch.world, chain.head

    def silent(*_: object) -> None:
        raise RpcUnavailable("No <b>answer</b>")

    chain.head = silent  # type: ignore[method-assign, assignment]
    watch.look()
    assert watch.world.version == before.version + 1 and watch.world.head == before.head
    page = Site(watch.world, content, chain, live=True).page("index.html").decode()
    assert "Stale since 20" in page and "No &lt;b&gt;answer" in page
    chain.head = head  # type: ignore[method-assign]
    watch.look()
    assert watch.world.stale_since is None


def test_a_daemon_that_hangs_holds_up_no_page(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the following of the chain nor a page waits for content, however much is missing."""
    over, waits = threading.Event(), list[float]()

    class Counted(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            assert timeout is not None
            waits.append(timeout)
            return super().result(timeout)

    monkeypatch.setattr(patience, "Future", Counted)
    with rogue_daemon(lambda _: over.wait() and None) as (address, _):
        chain, store = lived.net.chain(), PatientStore(address)
        site = Site(Watch(chain, store).world, Content(store), chain, live=True)
        pages = {path: site.page(path).decode() for path in site.paths()}
        over.set()
    assert len(waits) > 9 and sum(waits) <= 2 * patience.PATIENCE, waits
    assert "the store does not answer" in pages[f"group/{lived.group.id}/data-1.html"]


def test_an_export_gives_up_a_daemon_that_hung_once(lived: Lived, tmp_path: Path) -> None:
    over = threading.Event()
    with rogue_daemon(lambda _: over.wait() and None) as (address, requests):
        store = SparingStore(address)
        store.timeout = 0.1
        site = Site(Watch(lived.net.chain(), store).world, Content(store), lived.net.chain(),
                    live=False)  # fmt: skip
        export(site, tmp_path / "site")
        over.set()
    assert len({request.path for request in requests}) == 1
    page = (tmp_path / "site" / "group" / str(lived.group.id) / "data-1.html").read_text()
    assert "Content is missing" in page


def test_an_export_searches_for_a_minute_in_all(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the daemon itself holds is read after that, too."""
    clock, held = Time(), cid(lived.group.config.genesis_tip)
    monkeypatch.setattr(patience, "time", clock)

    def answer(request: Request) -> None:
        if held in request.path:
            request.reply(lived.store.get(lived.group.config.genesis_tip))
            return
        clock.sleep(0 if "stat" in request.path else 25)
        request.reply(b'{"Message": "block was not found"}', status="500 Internal Server Error")

    with rogue_daemon(answer) as (address, requests):
        store = SparingStore(address)
        content = Content(store)
        for digest in lived.store.digests():
            content.checkpoint(digest)
    sought = [one.path for one in requests if "block/get" in one.path and held not in one.path]
    assert len(sought) == 3 and any("block/stat" in one.path for one in requests)


def test_a_group_that_the_chain_takes_back_is_gone_and_another_takes_its_number(
    lived: Lived,
) -> None:
    watch = Watch(lived.net.chain(), lived.store)
    mark = lived.net.rpc("evm_snapshot")
    number = lived.net.create_group(lived.group.config).id
    watch.look()
    assert watch.world.views[number].group.config == lived.group.config
    assert lived.net.rpc("evm_revert", mark)
    lived.net.rpc("evm_mine")
    watch.look()
    assert number not in watch.world.views and watch.world.stale_since is None
    other = replace(lived.group.config, bond=lived.group.config.bond + 1)
    assert lived.net.create_group(other).id == number
    watch.look()
    assert watch.world.views[number].group.config == other


def test_a_token_that_calls_itself_nrn_is_not_taken_for_it(lived: Lived) -> None:
    site, number, stranger = lived.site(), lived.group.id, "0x" + "ee" * 20
    own = site._chain.neuron.contract.address

    def shown(token: Token) -> str:
        gift = Sponsorship(1, number, stranger, token.address, 9 * NRN, NRN, 0, 1 << 31, (1, 9))
        view = site._world.views[number]
        facts = replace(view.facts, sponsorships=(SponsorshipFacts(gift, token),))
        world = replace(site._world, views={number: replace(view, facts=facts)})
        page = Site(world, site._content, site._chain, live=False)
        return page.page(f"group/{number}/index.html").decode()

    assert "9 NRN left" in shown(Token.read(site._chain, own))
    for symbol in ("NRN", "N" * 500, "NRN\u200b"):
        page = shown(Token(stranger, symbol, 18))
        assert f"9 {stranger} (“N" in page and "9 NRN" not in page


def test_a_loss_is_told_in_its_unit(lived: Lived) -> None:
    site = lived.site()
    views = {
        n: replace(v, facts=replace(v.facts, unit="of squared error"))
        for n, v in site._world.views.items()
    }
    path = f"group/{lived.group.id}/index.html"
    assert " nats" in site.page(path).decode()
    shown = Site(replace(site._world, views=views), site._content, site._chain, live=False)
    page = shown.page(path).decode()
    assert "of squared error first, " in page and " nats" not in page


def test_a_node_that_hangs_is_told_and_holds_up_no_page(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the thread that follows the chain waits for it."""
    chain, over, waiting = lived.net.chain(), threading.Event(), set[str]()
    watch, content = Watch(chain, lived.store), Content(lived.store)

    def hang(*_: object) -> None:
        waiting.add(threading.current_thread().name)
        over.wait()

    monkeypatch.setattr(chain.rpc, "request", hang)
    monkeypatch.setattr(chain.rpc, "batch", hang)
    watch.start()
    try:
        assert watch.current().stale_since is None
        wait_until(lambda: waiting)
        monkeypatch.setattr(following, "SILENCE", 0)
        site = Site(watch.current(), content, chain, live=True)
        for path in ("index.html", f"account/{lived.net.accounts['tara'].address}.html"):
            assert "Stale since 20" in site.page(path).decode()
        assert waiting == {"watch"}
    finally:
        watch.stop()
        over.set()


def test_a_picture_renewed_is_the_picture_read_anew(lived: Lived) -> None:
    watch = Watch(lived.net.chain(), lived.store)
    mark = lived.net.rpc("evm_snapshot")
    lived.play("tara", 3 << 32, {"alice": True, "bob": True})
    watch.look()
    fresh = Watch(lived.net.chain(), lived.store).world.views[lived.group.id]
    renewed = watch.world.views[lived.group.id]
    assert renewed.blocks == fresh.blocks and renewed.lineage == fresh.lineage
    assert lived.net.rpc("evm_revert", mark)  # the chain takes the block back
    lived.net.rpc("evm_mine")
    watch.look()
    assert len(watch.world.views[lived.group.id].blocks) == len(fresh.blocks) - 1


@pytest.mark.parametrize(
    "path", ["group/99/index.html", "../index.html", "group/1/blocks-9.html", "account/0x1.html",
             "group/1/delta-77.html", "style.css/../x", "live.json"],
)  # fmt: skip
def test_there_is_nothing_elsewhere(lived: Lived, path: str) -> None:
    with pytest.raises(NoSuchPage):
        lived.site().page(path)
