"""Facts for front ends: frozen records, and the functions that read them from chain and store.

A front end renders; it computes nothing of the protocol itself.
"""

from compute.facts.now import (
    account_facts,
    candidate_facts,
    exit_facts,
    group_facts,
    lineage_facts,
    open_claim_facts,
    stake_facts,
    supply_facts,
)
from compute.facts.past import Timeline, block_facts
from compute.facts.people import DeedFacts, DueFacts, deed_facts, keeper_facts, trainer_facts
from compute.facts.reasons import why_ballot, why_block, why_claim
from compute.facts.records import (
    AccountFacts,
    BallotFacts,
    BlockFacts,
    Bond,
    CandidateFacts,
    DeltaFacts,
    ExitFacts,
    GroupFacts,
    KeeperFacts,
    OpenClaimFacts,
    SponsorshipFacts,
    StakeFacts,
    SupplyFacts,
    TrainerFacts,
)
from compute.facts.sayings import about_of

__all__ = [
    "AccountFacts",
    "BallotFacts",
    "BlockFacts",
    "Bond",
    "CandidateFacts",
    "DeedFacts",
    "DeltaFacts",
    "DueFacts",
    "ExitFacts",
    "GroupFacts",
    "KeeperFacts",
    "OpenClaimFacts",
    "SponsorshipFacts",
    "StakeFacts",
    "SupplyFacts",
    "Timeline",
    "TrainerFacts",
    "about_of",
    "account_facts",
    "block_facts",
    "candidate_facts",
    "deed_facts",
    "exit_facts",
    "group_facts",
    "keeper_facts",
    "lineage_facts",
    "open_claim_facts",
    "stake_facts",
    "supply_facts",
    "trainer_facts",
    "why_ballot",
    "why_block",
    "why_claim",
]
