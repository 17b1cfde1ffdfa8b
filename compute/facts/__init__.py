"""What front ends show, as frozen records, and the functions that read them from chain and store.

A front end renders; it computes nothing of the protocol itself.
"""

from compute.facts.now import (
    account_facts,
    candidate_facts,
    group_facts,
    lineage_facts,
    open_claim_facts,
)
from compute.facts.past import block_facts, trainer_facts
from compute.facts.records import (
    AccountFacts,
    BallotFacts,
    BlockFacts,
    CandidateFacts,
    DeltaFacts,
    GroupFacts,
    OpenClaimFacts,
    SponsorshipFacts,
    StakeFacts,
    TrainerFacts,
)

__all__ = [
    "AccountFacts",
    "BallotFacts",
    "BlockFacts",
    "CandidateFacts",
    "DeltaFacts",
    "GroupFacts",
    "OpenClaimFacts",
    "SponsorshipFacts",
    "StakeFacts",
    "TrainerFacts",
    "account_facts",
    "block_facts",
    "candidate_facts",
    "group_facts",
    "lineage_facts",
    "open_claim_facts",
    "trainer_facts",
]
