"""Events of a running node: log records that carry the name of an event.

The log shows them as sentences, `--log-format json` with their name, `--metrics` counts them and
`--notify` sends them on.
"""

from typing import Any

EVENTS = {
    "started": "the role began",
    "ended": "the role was asked to end",
    "sent": "a transaction is in a block",
    "not_sent": "a transaction failed or could not be sent",
    "no_ether": "the account cannot pay for gas",
    "paid": "a reward, a share or a bond came in",
    "bond_burned": "a claim was judged false",
    "missed_claim": "a claim was committed to and never revealed",
    "missed_vote": "a block ended without this keeper's vote",
    "proposal": "there is a new proposal to vote on",
    "disk": "the disk is nearly full",
    "silent": "the chain or the store does not answer",
    "answers": "it answers again",
}


def event(name: str, **facts: str | int) -> dict[str, Any]:
    """Return the `extra` of a logging call that makes its record an event, one of EVENTS."""
    if name not in EVENTS:
        raise KeyError(name)
    return {"event": name, "facts": facts}
