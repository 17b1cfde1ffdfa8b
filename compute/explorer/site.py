"""Every page by its path: the same for a server and for a folder, as all links are relative."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from compute.about import About
from compute.chain import ChainError
from compute.explorer import render
from compute.explorer.acts import Act, buying, collecting, holding, staking, voting
from compute.explorer.chart import losses
from compute.explorer.content import Content
from compute.explorer.watch import View, World
from compute.facts import DeedFacts, deed_facts, exit_facts, stake_facts
from compute.facts.portraits import Portrait
from compute.values import Moment

BLOCKS = 50  # on a page
DELTAS = 50
LATEST = 12  # blocks on the page of a group
MOST_DUES = 20  # of a group, to collect one by one
STATIC = {
    "style.css": "text/css",
    "live.js": "text/javascript",
    "wallet.js": "text/javascript",
    "ethers.js": "text/javascript",
}

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class NoSuchPage(LookupError):
    """There is nothing at this path."""


class Site:
    """Pages of one picture of the world. With `live`, they carry the script that renews them."""

    def __init__(self, world: World, content: Content, chain: Any, *, live: bool) -> None:
        self._world = world
        self._content = content
        self._chain = chain
        self._live = live

    def page(self, path: str) -> bytes:
        """The page at a relative path such as "group/1/index.html". Raises NoSuchPage."""
        for pattern, make in _ROUTES:
            if found := pattern.fullmatch(path):
                try:
                    return make(self, path, *found.groups())
                except (IndexError, KeyError):
                    break
        raise NoSuchPage(path)

    def paths(self) -> Iterator[str]:
        """Every page there is, but those of accounts that nothing links to."""
        yield from ("index.html", "accounts.html")
        for number, view in self._world.views.items():
            at = f"group/{number}"
            yield from (f"{at}/index.html", f"{at}/model.html")
            yield from (f"{at}/blocks-{n}.html" for n in _pages(view.blocks, BLOCKS))
            yield from (f"{at}/data-{n}.html" for n in _pages(view.lineage, DELTAS))
            yield from (f"{at}/delta-{delta.version}.html" for delta in view.lineage)
            yield from (f"{at}/proposal-{proposal.id}.html" for proposal in view.proposals)
        yield from (f"account/{address}.html" for address in self.addresses())

    def addresses(self) -> list[str]:
        """Everybody who claimed, voted or proposed, by address."""
        found = set[str]()
        for view in self._world.views.values():
            found.update(trainer.address for trainer in view.trainers)
            found.update(keeper.address for keeper in view.keepers)
            found.update(delta.proposer for delta in view.lineage if delta.proposer)
            found.update(proposal.proposer for proposal in view.proposals)
        return sorted(found, key=str.lower)

    def _page(
        self, template: str, path: str, title: str, acts: Iterable[Act] = (), **context: Any
    ) -> bytes:
        world, live = self._world, self._live
        return render.page(
            template,
            title=title,
            root="../" * path.count("/"),
            world=world,
            now=world.head.timestamp,
            live=live,
            policy=render.POLICY,
            stale_since=Moment(world.stale_since) if world.stale_since else None,
            made=Moment(int(time.time())),
            acts=_possible(acts) if live else [],
            token=self._chain.neuron.contract.address,
            **context,
        )

    def _overview(self, path: str) -> bytes:
        models = {n: self._content.model(v.group.model_hash) for n, v in self._world.views.items()}
        acts = buying(self._chain, self._world.head.timestamp)
        return self._page("overview.html", path, "Overview", acts, models=models)

    def _accounts(self, path: str) -> bytes:
        return self._page("accounts.html", path, "Accounts", addresses=self.addresses())

    def _group(self, path: str, number: str) -> bytes:
        view = self._view(number)
        chart = losses(view.blocks, self._held_out, view.facts.unit)
        return self._page(
            "group.html",
            path,
            f"Group {view.group.id}",
            staking(self._chain, view.group, self._children(view)),
            view=view,
            chart=chart,
            forks=_forks(self._world, view),
            latest=view.blocks[-LATEST:][::-1],
            last_page=len(_pages(view.blocks, BLOCKS)),
        )

    def _blocks(self, path: str, number: str, page: str) -> bytes:
        view = self._view(number)
        shown = _cut(view.blocks, int(page), BLOCKS)[::-1]
        pages = _pages(view.blocks, BLOCKS)
        title = f"Blocks of group {number}"
        return self._page(
            "blocks.html", path, title, view=view, shown=shown, page=int(page), pages=pages
        )

    def _about(self, digests: Iterable[bytes]) -> dict[bytes, About]:
        return {digest: self._content.about(digest) for digest in digests}

    def _data(self, path: str, number: str, page: str) -> bytes:
        view = self._view(number)
        oldest_first = view.lineage[::-1]
        shown = _cut(oldest_first, int(page), DELTAS)[::-1]
        read = self._content.change
        changes = {d.version: read(d.delta_hash, view.group.model_hash) for d in shown}
        open_ = {p.id: read(p.delta_hash, view.group.model_hash) for p in view.proposals}
        pages = _pages(oldest_first, DELTAS)
        return self._page(
            "data.html", path, f"Data of group {number}", self._votes(view), view=view, shown=shown,
            changes=changes, open=open_, page=int(page), pages=pages,
            about=self._about(d.delta_hash for d in [*shown, *view.proposals]),
        )  # fmt: skip

    def _delta(self, path: str, number: str, version: str) -> bytes:
        view = self._view(number)
        delta = {delta.version: delta for delta in view.lineage}[int(version)]
        change = self._content.change(delta.delta_hash, view.group.model_hash)
        title = f"Version {version} of the data of group {number}"
        about = self._about([delta.delta_hash])
        return self._page(
            "delta.html", path, title, view=view, delta=delta, change=change, about=about
        )

    def _proposal(self, path: str, number: str, proposal_id: str) -> bytes:
        view = self._view(number)
        found = {proposal.id: proposal for proposal in view.proposals}[int(proposal_id)]
        change = self._content.change(found.delta_hash, view.group.model_hash)
        title = f"Proposal {proposal_id} for the data of group {number}"
        acts, about = self._votes(view), self._about([found.delta_hash])
        return self._page(
            "delta.html", path, title, acts, view=view, delta=found, change=change, about=about
        )

    def _votes(self, view: View) -> Iterator[Act]:
        now, review = self._world.head.timestamp, view.facts.period.review
        return voting(view.group, view.proposals, now, review)

    def _children(self, view: View) -> list[int]:
        views = self._world.views.items()
        return [n for n, other in views if other.facts.parent_id == view.group.id]

    def _model(self, path: str, number: str) -> bytes:
        view = self._view(number)
        checkpoint = view.facts.incumbent.checkpoint_hash
        return self._page(
            "model.html", path, f"Model of group {number}", view=view,
            model=self._content.model(view.group.model_hash),
            checkpoint=self._content.checkpoint(checkpoint),
            portraits=self._portraits(view),
        )  # fmt: skip

    def _portraits(self, view: View) -> list[tuple[int, Portrait]]:
        """Portraits of accepted checkpoints with their heights, the oldest first."""
        heights = {b.winner.checkpoint_hash: b.height for b in view.blocks if b.winner is not None}
        heights.setdefault(view.facts.incumbent.checkpoint_hash, view.facts.incumbent.height)
        heights.setdefault(view.group.config.genesis_checkpoint, 0)
        made = self._content.portraits()
        found = [(heights[at], one) for at, one in made.items() if at in heights]
        return sorted(found, key=lambda pair: pair[0])

    def _account(self, path: str, address: str) -> bytes:
        known = {found.lower(): found for found in self.addresses()}
        now = self._world.head.timestamp
        address = known.get(address.lower(), address)
        deeds = {
            number: deed_facts(address, view.blocks, view.lineage, now)
            for number, view in self._world.views.items()
        }
        holds, trouble = None, ""
        try:
            holds = self._holdings(address)
        except ChainError as error:
            trouble = str(error)
        return self._page(
            "account.html", path, "Account", self._collections(address, deeds, holds),
            address=address, deeds=deeds, holds=holds, trouble=trouble,
        )  # fmt: skip

    def _collections(
        self, address: str, deeds: dict[int, DeedFacts], holds: dict[str, Any] | None
    ) -> Iterator[Act]:
        if holds is None:
            return
        now, views = self._world.head.timestamp, self._world.views
        for number, done in deeds.items():
            credit = address if holds["credits"][number] else ""
            yield from collecting(views[number].group, done.dues[:MOST_DUES], credit)
        ripe = [one.release_epoch for one in holds["exits"] if now >= one.release_at]
        yield from holding(self._chain, ripe)

    def _holdings(self, address: str) -> dict[str, Any]:
        chain, views = self._chain, self._world.views
        return {
            "ether": chain.ether_of(address),
            "nrn": chain.neuron.balance_of(address),
            "exits": exit_facts(chain, address),
            "stakes": {n: stake_facts(view.group, address) for n, view in views.items()},
            "credits": {n: view.group.voting.credit(address) for n, view in views.items()},
        }

    def _view(self, number: str) -> View:
        return self._world.views[int(number)]

    def _held_out(self, checkpoint: bytes) -> int | None:
        said = self._content.held_out(checkpoint)
        return None if said is None else said.loss


def _possible(acts: Iterable[Act]) -> list[Act]:
    """The acts, or none where the chain does not tell: the page says since when it is stale."""
    try:
        return list(acts)
    except ChainError:
        return []


def _pages(items: Any, size: int) -> range:
    """Numbers of the pages that `items` fill, 1 the oldest: what is on a full page never moves."""
    return range(1, max(1, -(-len(items) // size)) + 1)


def _cut(items: Any, page: int, size: int) -> Any:
    if page not in _pages(items, size):
        raise IndexError
    return items[(page - 1) * size : page * size]


def _forks(world: World, view: View) -> list[tuple[int, View]]:
    """(depth, group) of the whole tree that the group is in, each parent before its forks."""
    root = view
    while root.facts.parent_id:
        root = world.views[root.facts.parent_id]
    return list(_below(world, root, 0))


def _below(world: World, view: View, depth: int) -> Iterator[tuple[int, View]]:
    yield depth, view
    for child in world.views.values():
        if child.facts.parent_id == view.group.id:
            yield from _below(world, child, depth + 1)


_NUMBER = r"([1-9]\d{0,8}|0)"
_ROUTES: list[tuple[re.Pattern[str], Callable[..., bytes]]] = [
    (re.compile(pattern), make)
    for pattern, make in (
        (r"index\.html", Site._overview),
        (r"accounts\.html", Site._accounts),
        (rf"group/{_NUMBER}/index\.html", Site._group),
        (rf"group/{_NUMBER}/model\.html", Site._model),
        (rf"group/{_NUMBER}/blocks-{_NUMBER}\.html", Site._blocks),
        (rf"group/{_NUMBER}/data-{_NUMBER}\.html", Site._data),
        (rf"group/{_NUMBER}/delta-{_NUMBER}\.html", Site._delta),
        (rf"group/{_NUMBER}/proposal-{_NUMBER}\.html", Site._proposal),
        (rf"account/({ADDRESS.pattern})\.html", Site._account),
    )
]
