# pragma version 0.4.3
# pragma nonreentrancy on
from contracts._modules import params
from contracts._modules import epoch_trace

initializes: epoch_trace

interface IVault:
    def ballot_power(group_id: uint256, staker: address, caller: address, start_epoch: uint256, sustained: bool) -> uint256: view
    def group_power_at(group_id: uint256, epoch: uint256) -> uint256: view
interface ICoinbase:
    def mint_delta(proposer: address, period_start: uint256, credit: uint256) -> uint256: nonpayable

event Proposed:
    proposal_id: indexed(uint256)
    proposer: indexed(address)
    parent_version: uint256
    delta_hash: bytes32
    rebased_from: uint256

event Voted:
    period_index: indexed(uint256)
    proposal_id: indexed(uint256)
    staker: indexed(address)
    power: uint256

event PeriodFinalized:
    period_index: indexed(uint256)
    proposal_id: uint256
    votes: uint256
    appended: bool

event DeltaAppended:
    version: indexed(uint256)
    proposal_id: indexed(uint256)
    delta_hash: bytes32
    tip: bytes32

event PeriodLengthVoted:
    epoch: indexed(uint256)
    staker: indexed(address)
    length: uint256
    power: uint256

event PeriodLengthAdopted:
    length: uint256

MIN_PERIOD: constant(uint256) = 86_400
MAX_PERIOD: constant(uint256) = 56 * 86_400
REVIEW_FRACTION: constant(uint256) = 7
U64: constant(uint256) = 2**64 - 1
U128: constant(uint256) = 2**128 - 1
CLOCK_KEY: constant(bytes32) = empty(bytes32)

GROUP_ID: public(immutable(uint256))
VAULT: public(immutable(address))
COINBASE: public(immutable(address))
QUORUM_BPS: public(immutable(uint256))
PARENT: public(immutable(address))
BASE_VERSION: public(immutable(uint256))

version: public(uint256)
tip_of: public(HashMap[uint256, bytes32])
delta_of: public(HashMap[uint256, bytes32])
n_proposals: public(uint256)
_proposal: HashMap[uint256, uint256]                      # proposer(160) | version(32) | proposed_at(64)
proposal_delta: public(HashMap[uint256, bytes32])
tally: public(HashMap[uint256, HashMap[uint256, uint256]])                  # period -> proposal -> votes
voted: public(HashMap[uint256, HashMap[uint256, HashMap[address, bool]]])   # period -> proposal -> staker
_period: uint256                                          # start(64) | length(64) | pending(64) | index(64)
_leader: uint256                                          # votes(128) | proposal_id(64) | period index(64)
_due: HashMap[uint256, uint256]                           # version -> proposer(160) | start(64) | credit(32)
_credit: uint256                                          # seconds credited(64) | epoch(64)
length_tally: public(HashMap[uint256, HashMap[uint256, uint256]])
length_voted: public(HashMap[uint256, HashMap[address, bool]])


@deploy
def __init__(
    group_id: uint256, vault: address, coinbase: address, period: uint256, quorum_bps: uint256,
    tip: bytes32, parent: address, base_version: uint256,
):
    assert period >= MIN_PERIOD and period <= MAX_PERIOD and period % MIN_PERIOD == 0, "dr: period"
    assert quorum_bps >= 500 and quorum_bps <= 6_667, "dr: quorum"
    assert tip != empty(bytes32), "dr: tip"
    GROUP_ID = group_id
    VAULT = vault
    COINBASE = coinbase
    QUORUM_BPS = quorum_bps
    PARENT = parent
    BASE_VERSION = base_version
    self.version = base_version
    self.tip_of[base_version] = tip
    epoch_trace._push(CLOCK_KEY, block.timestamp, base_version)
    self._period = block.timestamp | (period << 64) | (period << 128)


@internal
@view
def _parts() -> (uint256, uint256, uint256, uint256):
    p: uint256 = self._period
    return p & U64, (p >> 64) & U64, (p >> 128) & U64, p >> 192


@internal
def _roll():
    start: uint256 = 0
    length: uint256 = 0
    pending: uint256 = 0
    index: uint256 = 0
    start, length, pending, index = self._parts()
    end: uint256 = start + length
    if block.timestamp < end:
        return
    # 1. settle the period that has ended
    leader: uint256 = self._leader
    votes: uint256 = 0
    pid: uint256 = 0
    if (leader >> 192) == index:
        votes = leader & U128
        pid = (leader >> 128) & U64
    appended: bool = False
    if pid != 0:
        total: uint256 = staticcall IVault(VAULT).group_power_at(GROUP_ID, start // params.EPOCH)
        appended = votes * params.BPS >= total * QUORUM_BPS
    log PeriodFinalized(period_index=index, proposal_id=pid, votes=votes, appended=appended)
    # 2. open the period that contains now
    skipped: uint256 = (block.timestamp - end) // pending
    self._period = (end + skipped * pending) | (pending << 64) | (pending << 128) | ((index + 1 + skipped) << 192)
    # 3. effects of the winner
    if appended:
        v: uint256 = self.version + 1
        d: bytes32 = self.proposal_delta[pid]
        t: bytes32 = keccak256(abi_encode(self.tip_of[v - 1], d))
        self.version = v
        self.tip_of[v] = t
        self.delta_of[v] = d
        epoch_trace._push(CLOCK_KEY, end, v)
        # seconds of the epoch's delta budget, given in period order so that redeem order is irrelevant
        e: uint256 = start // params.EPOCH
        used: uint256 = self._credit & U64 if (self._credit >> 64) == e else 0
        seconds: uint256 = min(min(length, params.EPOCH), params.EPOCH - used)
        self._credit = (e << 64) | (used + seconds)
        self._due[v] = (self._proposal[pid] & (2**160 - 1)) | (start << 160) | (seconds << 224)
        log DeltaAppended(version=v, proposal_id=pid, delta_hash=d, tip=t)


@external
def sync(when: uint256) -> (uint256, bytes32):
    """@notice Materialise any period that has ended, then read the tip in force at `when`."""
    assert when <= block.timestamp, "dr: future"
    self._roll()
    v: uint256 = epoch_trace._at(CLOCK_KEY, when)
    return v, self.tip_of[v]


@external
def finalize():
    start: uint256 = 0
    length: uint256 = 0
    pending: uint256 = 0
    index: uint256 = 0
    start, length, pending, index = self._parts()
    assert block.timestamp >= start + length, "dr: period running"
    self._roll()


@external
def redeem(version: uint256) -> uint256:
    due: uint256 = self._due[version]
    assert due != 0, "dr: nothing due"
    self._due[version] = 0
    return extcall ICoinbase(COINBASE).mint_delta(
        convert(due & (2**160 - 1), address), (due >> 160) & U64, due >> 224
    )


@external
def propose(parent_tip: bytes32, delta_hash: bytes32, rebased_from: uint256 = 0) -> uint256:
    self._roll()
    v: uint256 = self.version
    assert self.tip_of[v] == parent_tip, "dr: stale parent"
    assert delta_hash != empty(bytes32), "dr: empty delta"
    if rebased_from != 0:
        old: uint256 = self._proposal[rebased_from]
        assert convert(old & (2**160 - 1), address) == msg.sender, "dr: not proposer"
    pid: uint256 = self.n_proposals + 1
    self.n_proposals = pid
    self._proposal[pid] = convert(msg.sender, uint256) | (v << 160) | (block.timestamp << 192)
    self.proposal_delta[pid] = delta_hash
    log Proposed(
        proposal_id=pid, proposer=msg.sender, parent_version=v, delta_hash=delta_hash,
        rebased_from=rebased_from,
    )
    return pid


@external
def vote(proposal_id: uint256, staker: address = msg.sender):
    self._roll()
    start: uint256 = 0
    length: uint256 = 0
    pending: uint256 = 0
    index: uint256 = 0
    start, length, pending, index = self._parts()
    if proposal_id != 0:
        p: uint256 = self._proposal[proposal_id]
        assert p != 0, "dr: no proposal"
        assert ((p >> 160) & (2**32 - 1)) == self.version, "dr: stale parent"
        assert block.timestamp >= (p >> 192) + length // REVIEW_FRACTION, "dr: in review"
    assert not self.voted[index][proposal_id][staker], "dr: already voted"
    self.voted[index][proposal_id][staker] = True
    power: uint256 = staticcall IVault(VAULT).ballot_power(GROUP_ID, staker, msg.sender, start // params.EPOCH, True)
    assert power > 0, "dr: no power"
    t: uint256 = self.tally[index][proposal_id] + power
    self.tally[index][proposal_id] = t
    leader: uint256 = self._leader
    best: uint256 = leader & U128
    if (leader >> 192) != index:
        best = 0
    if t > best or (t == best and proposal_id < ((leader >> 128) & U64)):
        self._leader = t | (proposal_id << 128) | (index << 192)
    log Voted(period_index=index, proposal_id=proposal_id, staker=staker, power=power)


@external
def vote_period_length(length: uint256, staker: address = msg.sender):
    self._roll()
    assert length >= MIN_PERIOD and length <= MAX_PERIOD and length % MIN_PERIOD == 0, "dr: period"
    e: uint256 = block.timestamp // params.EPOCH
    assert not self.length_voted[e][staker], "dr: already voted"
    self.length_voted[e][staker] = True
    power: uint256 = staticcall IVault(VAULT).ballot_power(GROUP_ID, staker, msg.sender, e, False)
    assert power > 0, "dr: no power"
    t: uint256 = self.length_tally[e][length] + power
    self.length_tally[e][length] = t
    log PeriodLengthVoted(epoch=e, staker=staker, length=length, power=power)
    if 2 * t > staticcall IVault(VAULT).group_power_at(GROUP_ID, e):
        self._period = (self._period & ~(U64 << 128)) | (length << 128)
        log PeriodLengthAdopted(length=length)


@external
@view
def tip_at(when: uint256) -> (uint256, bytes32):
    v: uint256 = epoch_trace._at(CLOCK_KEY, when)
    return v, self.tip_of[v]


@external
@view
def tip() -> bytes32:
    return self.tip_of[self.version]


@external
@view
def period() -> (uint256, uint256, uint256, uint256):
    return self._parts()


@external
@view
def leader() -> (uint256, uint256):
    l: uint256 = self._leader
    if (l >> 192) != (self._period >> 192):
        return 0, 0
    return (l >> 128) & U64, l & U128


@external
@view
def proposal(proposal_id: uint256) -> (address, uint256, uint256, bytes32):
    p: uint256 = self._proposal[proposal_id]
    return convert(p & (2**160 - 1), address), (p >> 160) & (2**32 - 1), p >> 192, self.proposal_delta[proposal_id]


@external
@view
def due(version: uint256) -> (address, uint256, uint256):
    """@notice What `redeem(version)` would pay for: proposer, start of the period won, seconds credited; zeros once paid."""
    d: uint256 = self._due[version]
    return convert(d & (2**160 - 1), address), (d >> 160) & U64, d >> 224
