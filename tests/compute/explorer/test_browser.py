"""The pages in Chromium, where there is one: live, without violations of the policy, by keyboard.

With EXPLORER_PICTURES=DIR, pictures of every page are written there.
"""

import os
from pathlib import Path

import pytest
import requests

from compute.explorer import export
from tests.compute.explorer.conftest import Lived
from tests.support import axe, browser
from tests.support.patience import PATIENCE, wait_until

pytestmark = pytest.mark.skipif(not browser.found(), reason="needs chromium and chromedriver")

WIDE, NARROW = (1100, 900), (380, 800)

# what the keyboard must reach, numbered; and which of them has the focus, and shows it
REACHABLE = """window.all = [...document.querySelectorAll(
    'a[href], button, input, select, summary, [tabindex="0"]')]
    .filter((one) => one.checkVisibility()); return window.all.length"""
FOCUSED = """const one = document.activeElement, style = getComputedStyle(one);
    return [window.all.indexOf(one), style.outlineStyle !== 'none' && style.outlineWidth > '0px']"""


def pages(lived: Lived) -> dict[str, str]:
    at, tara = f"group/{lived.group.id}", lived.net.accounts["tara"].address
    return {"overview": "index.html", "group": f"{at}/index.html", "blocks": f"{at}/blocks-1.html",
            "data": f"{at}/data-1.html", "delta": f"{at}/delta-1.html",
            "proposal": f"{at}/proposal-2.html",
            "model": f"{at}/model.html", "account": f"account/{tara}.html",
            "accounts": "accounts.html"}  # fmt: skip


@pytest.mark.parametrize(
    "size,dark",
    [(WIDE, False), (WIDE, True), (NARROW, False), (NARROW, True)],
    ids=["light", "dark", "narrow", "narrow-dark"],
)
def test_every_page_fits_and_breaks_no_rule(
    lived: Lived, address: str, size: tuple[int, int], dark: bool, request: pytest.FixtureRequest
) -> None:
    chromium = browser.Browser(*size, dark=dark)
    try:
        for name, path in pages(lived).items():
            chromium.open(f"{address}/{path}")
            assert "Chain 31337" in chromium.text(), name
            width = chromium.run("return document.documentElement.scrollWidth")
            assert width <= size[0], (name, width)
            assert chromium.problems() == [], name
            chromium.run("document.querySelectorAll('details').forEach((d, n) => d.open = n < 1)")
            assert axe.faults(chromium) == [], name
            if folder := os.environ.get("EXPLORER_PICTURES"):
                kind = request.node.callspec.id
                chromium.picture(Path(folder) / f"{name}-{kind}.png")
                if name == "account":
                    chromium.run("document.getElementById('wallet').scrollIntoView()")
                    chromium.picture(Path(folder) / f"acts-{kind}.png")
    finally:
        chromium.close()


def test_a_chain_block_shows_without_reloading_and_keeps_the_reader_s_place(
    lived: Lived, address: str
) -> None:
    chromium = browser.Browser()
    try:
        chromium.open(f"{address}/group/{lived.group.id}/index.html")
        chromium.run("window.kept = true; document.querySelector('details').open = true;"
                     "document.querySelector('details summary').focus()")  # fmt: skip
        lived.net.rpc("evm_mine")
        number = lived.group.chain.head().number
        wait_until(lambda: f"block {number} of" in chromium.text(), chromium.text)
        assert chromium.run("return window.kept && document.querySelector('details').open")
        assert chromium.run("return document.activeElement.tagName") == "SUMMARY"
    finally:
        chromium.close()


def test_the_keyboard_reaches_the_content_and_opens_a_block(lived: Lived, address: str) -> None:
    chromium = browser.Browser()
    try:
        chromium.open(f"{address}/group/{lived.group.id}/index.html")
        chromium.press("Tab")
        assert chromium.run("return document.activeElement.textContent") == "Skip to the content"
        for _ in range(40):
            chromium.press("Tab")
            if chromium.run("return document.activeElement.tagName") == "SUMMARY":
                break
        chromium.press("Enter")
        assert chromium.run("return document.querySelector('details').open")
    finally:
        chromium.close()


def test_the_keyboard_reaches_all_there_is_and_shows_where_it_is(
    lived: Lived, address: str
) -> None:
    chromium = browser.Browser(*NARROW)
    try:
        for name, path in pages(lived).items():
            chromium.open(f"{address}/{path}")
            wanted = chromium.run(REACHABLE)
            reached = set[int]()
            for _ in range(wanted + 1):
                chromium.press("Tab")
                number, outlined = chromium.run(FOCUSED)
                assert number < 0 or outlined, (name, number)
                reached.add(number)
            assert reached >= {*range(wanted)}, name
    finally:
        chromium.close()


def test_a_hash_that_is_cut_is_copied_whole(lived: Lived, address: str) -> None:
    chromium = browser.Browser(*NARROW)
    try:
        chromium.open(f"{address}/group/{lived.group.id}/data-1.html")
        cut, copied = chromium.run(
            "const one = document.querySelector('.log .cut'), picked = getSelection();"
            "picked.selectAllChildren(one);"
            "return [one.scrollWidth > one.clientWidth, picked.toString()]"
        )
        tip = lived.site().page(f"group/{lived.group.id}/data-1.html").decode()
        assert cut and len(copied) == 64 and copied in tip
    finally:
        chromium.close()


def test_an_export_works_from_a_folder(lived: Lived, tmp_path: Path) -> None:
    export(lived.site(), tmp_path / "site")
    chromium = browser.Browser()
    try:
        chromium.open((tmp_path / "site" / "group" / str(lived.group.id) / "data-1.html").as_uri())
        assert chromium.problems() == []
        assert chromium.run("return getComputedStyle(document.querySelector('.card')).display")
        assert chromium.run("return getComputedStyle(document.querySelector('.cards')).display"
                            ) == "grid"  # fmt: skip
        assert chromium.run("return document.querySelector('img').naturalWidth") > 0
    finally:
        chromium.close()


def test_only_this_machine_is_answered(address: str) -> None:
    assert (
        requests.get(address, headers={"Host": "evil.example"}, timeout=PATIENCE).status_code == 400
    )
    answer = requests.get(f"{address}/", timeout=PATIENCE)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert requests.get(f"{address}/find?address=<script>", timeout=PATIENCE).status_code == 400
    sent = requests.get(f"{address}/find?address=0x{'ab' * 20}", timeout=PATIENCE)
    assert sent.status_code == 200 and "Account" in sent.text
