"""The pages of a lived devnet: complete, inert, and honest about what is missing or stale."""

import html
import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest

from compute.about import About
from compute.chain import RpcUnavailable
from compute.explorer import Content, Site, Watch, export
from compute.explorer.site import NoSuchPage
from compute.facts.portraits import portraits
from compute.facts.samples import Sample
from compute.storage import FolderStore
from tests.compute.explorer.conftest import Lived
from tests.compute.test_inert import PAYLOADS

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
    assert "the commonest mistake is right taken for inner righ…, 5 times." in model
    assert "inner right taken for" not in model and model.count("<rect") == 9


def test_founders_and_proposers_are_quoted(lived: Lived) -> None:
    site, number = lived.site(), lived.group.id
    assert "“Bars”" in site.page("index.html").decode()
    group = site.page(f"group/{number}/index.html").decode()
    assert "Its founder says, and nobody has checked: name “Bars”, licence of the data" in group
    data = site.page(f"group/{number}/data-1.html").decode()
    assert data.count("“Thirty more bars, series 1”") == 1  # what was adopted
    assert "Its proposer says, and nobody has checked: name “Thirty more bars, series 2”" in data


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_strangers_strings_are_inert_on_every_page(
    lived: Lived, payload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages() -> dict[str, _Links]:
        found = {}
        site = lived.site(live=True)
        for path in site.paths():
            parser, text = _Links(), site.page(path).decode()
            parser.feed(text)
            assert not {unicodedata.category(c) for c in text if c != "\n"} & UNSEEN, path
            found[path] = parser
        return found

    before = pages()
    said = About(payload, payload, payload)
    monkeypatch.setattr("compute.facts.now.about_of", lambda *_: said)
    monkeypatch.setattr(Content, "about", lambda *_: said)
    read = Content.change
    sample = Sample(payload, None, payload)
    monkeypatch.setattr(
        Content, "change", lambda *a: replace(read(*a), samples=(sample,), missing=payload)
    )
    portrait = next(p for p in portraits(lived.store).values() if p.examples)
    hostile = replace(portrait, completions=((payload, payload),), labels=(payload,) * 4)
    no_classes = replace(hostile, confusion=())
    for shown in (hostile, no_classes):
        monkeypatch.setattr(Content, "portraits", lambda *_, s=shown: {s.checkpoint: s})
        for path, parser in pages().items():
            added = {"small", "blockquote", "pre", "b", "p", "div", "td", "tr", "section"}
            assert parser.tags - before[path].tags <= added, path
            assert parser.attributes - before[path].attributes <= {"dir", "role", "tabindex"}, path
            assert not [a for a in parser.found if "javascript" in a or "evil" in a], path


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
