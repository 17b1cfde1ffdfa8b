"""The contracts: every function that is not internal, with its NatSpec."""

import re
from collections.abc import Iterator
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"

FUNCTION = re.compile(
    r'((?:@\w+(?:\([^)]*\))?\n)+)def (\w+)\(([^)]*)\)(?: -> ([^\n]*))?:\n(?:    """(.*?)""")?', re.S
)
HEAD = re.compile(r'"""\n(.*?)"""', re.S)


def page() -> str:
    """The page as Markdown."""
    lines = ["# The contracts", ""]
    for source in sorted(CONTRACTS.glob("*.vy")):
        lines += _contract(source.stem, source.read_text())
    return "\n".join(lines)


def _contract(name: str, source: str) -> Iterator[str]:
    head = HEAD.search(source)
    yield f"## {name}\n\n{_tags(head[1]) if head else ''}\n"
    for decorators, function, arguments, result, text in FUNCTION.findall(source):
        if "@external" not in decorators:
            continue
        kind = next((k for k in ("view", "pure", "payable") if f"@{k}" in decorators), "")
        signature = f"{function}({' '.join(arguments.split())})" + (
            f" -> {result}" if result else ""
        )
        shown = f"{signature}  # {kind}" if kind else signature
        yield f"### {name}.{function}\n\n```text\n{shown}\n```\n"
        yield _tags(text) + "\n"


def _tags(text: str) -> str:
    """NatSpec as a list: notice first, then what is for developers, parameters and results."""
    found = re.findall(r"@(\w+)\s+(.*?)(?=\n\s*@\w+|\Z)", text, re.S)
    said = [(tag, " ".join(words.split())) for tag, words in found]
    lines = [words for tag, words in said if tag in ("notice", "title")]
    lines += [f"*{words}*" for tag, words in said if tag == "dev"]
    for tag, words in said:
        if tag == "param":
            name, _, meaning = words.partition(" ")
            lines.append(f"* `{name}`: {meaning.strip()}")
        elif tag == "return":
            lines.append(f"* returns {words}")
    return "\n\n".join(lines).replace("\n\n* ", "\n* ").replace("*\n* ", "*\n\n* ")
