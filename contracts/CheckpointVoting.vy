# pragma version 0.4.3
# pragma nonreentrancy on
from ethereum.ercs import IERC20
from snekmate.utils import eip712_domain_separator
from snekmate.utils import signature_checker
from contracts._modules import params
from interfaces import IGroupRegistry

initializes: eip712_domain_separator
exports: eip712_domain_separator.eip712Domain

interface IVault:
    def ballot_power(group_id: uint256, staker: address, caller: address, start_epoch: uint256, sustained: bool) -> uint256: view
    def power_at(group_id: uint256, staker: address, epoch: uint256) -> uint256: view
    def group_power_at(group_id: uint256, epoch: uint256) -> uint256: view
interface ICoinbase:
    def mint_block(trainer: address, block_start: uint256, keeper_bps: uint256) -> uint256: nonpayable
interface IDeltas:
    def tip_at(when: uint256) -> (uint256, bytes32): view
    def sync(when: uint256) -> (uint256, bytes32): nonpayable
interface IBurn:
    def burn(amount: uint256): nonpayable

event Committed:
    block_index: indexed(uint256)
    commitment: indexed(bytes32)
    seq: uint256

event Revealed:
    block_index: indexed(uint256)
    checkpoint_hash: indexed(bytes32)
    trainer: indexed(address)
    loss: uint64
    baseline_loss: uint64
    eval_root_hash: bytes32
    seq: uint256

event Displaced:
    checkpoint_hash: indexed(bytes32)
    trainer: indexed(address)

event Voted:
    block_index: indexed(uint256)
    checkpoint_hash: indexed(bytes32)
    staker: indexed(address)
    power: uint256
    attestation: bytes32

event BlockSettled:
    block_index: indexed(uint256)
    status: uint256
    checkpoint_hash: bytes32
    votes: uint256

event BlockAccepted:
    height: indexed(uint256)
    block_index: indexed(uint256)
    checkpoint_hash: indexed(bytes32)
    trainer: address
    loss: uint64
    version: uint256

event BondReleased:
    checkpoint_hash: indexed(bytes32)
    payer: indexed(address)
    amount: uint256
    burned: bool

event RootOpened:
    block_index: indexed(uint256)
    eval_root: bytes32

event KeeperPaid:
    block_index: indexed(uint256)
    staker: indexed(address)
    amount: uint256

CHECKPOINT_TYPEHASH: constant(bytes32) = keccak256(
    "Checkpoint(address trainer,uint256 blockIndex,bytes32 modelHash,bytes32 trainingSetTip,bytes32 checkpointHash,uint64 loss,uint64 baselineLoss,bytes32 evalRootHash)"
)
ACCEPTED: constant(uint256) = 1
REJECTED: constant(uint256) = 2
NO_QUORUM: constant(uint256) = 3
U48: constant(uint256) = 2**48 - 1
U64: constant(uint256) = 2**64 - 1
U128: constant(uint256) = 2**128 - 1
U160: constant(uint256) = 2**160 - 1

GROUP_ID: public(immutable(uint256))
NRN: public(immutable(address))
VAULT: public(immutable(address))
COINBASE: public(immutable(address))
DELTAS: public(immutable(address))
MODEL_HASH: public(immutable(bytes32))
GENESIS_TIME: public(immutable(uint256))
COMMIT_WINDOW: public(immutable(uint256))
REVEAL_WINDOW: public(immutable(uint256))
VOTE_WINDOW: public(immutable(uint256))
PERIOD: public(immutable(uint256))
QUORUM_BPS: public(immutable(uint256))
KEEPER_BPS: public(immutable(uint256))
BOND: public(immutable(uint256))
MIN_IMPROVEMENT: public(immutable(uint64))

seq: public(uint256)
_commit: HashMap[bytes32, uint256]         # seq(48) | block_index + 1 (48)
_claim: HashMap[bytes32, uint256]          # trainer(160) | loss(64) | bond_open(1)
_origin: HashMap[bytes32, uint256]         # payer(160) | seq(48) | block_index + 1 (48); non-zero = hash used for ever
eval_root_hash: public(HashMap[bytes32, bytes32])
votes: public(HashMap[bytes32, uint256])
ballot: public(HashMap[uint256, HashMap[address, bytes32]])
_state: uint256                            # leader votes(128) | leader seq(48) | block_index + 1 (48) | settled(1)
_leader: bytes32
incumbent: public(bytes32)
_baseline: uint256                         # loss(64) | version(64) | height(64) | known(1)
accepted: public(HashMap[uint256, bytes32])
_outcome: HashMap[uint256, uint256]        # status(8) | loss(64) | seq(48) | height(64) | redeemed(1)
_pool: HashMap[uint256, uint256]           # amount(128) | winner votes(128)
eval_root: public(HashMap[uint256, bytes32])
credit: public(HashMap[address, uint256])


@deploy
def __init__(
    group_id: uint256, nrn: address, vault: address, coinbase: address, deltas: address,
    genesis_checkpoint: bytes32, c: IGroupRegistry.GroupConfig,
):
    eip712_domain_separator.__init__("DecentralizedAI Checkpoint", "1")
    assert c.commit_window >= 3_600 and c.reveal_window >= 1_800 and c.vote_window >= 3_600, "cv: window"
    p: uint256 = c.commit_window + c.reveal_window + c.vote_window
    assert p >= params.MIN_BLOCK_PERIOD and p <= params.EPOCH, "cv: period"
    assert c.checkpoint_quorum_bps >= 1_000 and c.checkpoint_quorum_bps <= 6_667, "cv: quorum"
    assert c.keeper_bps <= 5_000, "cv: keeper share"
    assert c.min_improvement >= 1, "cv: improvement"
    assert c.bond > 0 and c.bond < 2**96, "cv: bond"
    assert genesis_checkpoint != empty(bytes32), "cv: genesis"
    GROUP_ID = group_id
    NRN = nrn
    VAULT = vault
    COINBASE = coinbase
    DELTAS = deltas
    MODEL_HASH = c.model_hash
    GENESIS_TIME = block.timestamp
    COMMIT_WINDOW = c.commit_window
    REVEAL_WINDOW = c.reveal_window
    VOTE_WINDOW = c.vote_window
    PERIOD = p
    QUORUM_BPS = c.checkpoint_quorum_bps
    KEEPER_BPS = c.keeper_bps
    BOND = c.bond
    MIN_IMPROVEMENT = c.min_improvement
    self.incumbent = genesis_checkpoint
    self.accepted[0] = genesis_checkpoint
    self._origin[genesis_checkpoint] = convert(self, uint256)
    self._state = 1 << 224


@internal
@view
def _now() -> (uint256, uint256):
    t: uint256 = block.timestamp - GENESIS_TIME
    return t // PERIOD, t % PERIOD


@internal
@view
def _start(block_index: uint256) -> uint256:
    return GENESIS_TIME + block_index * PERIOD


@internal
@pure
def _none(block_index: uint256) -> bytes32:
    return convert(block_index + 1, bytes32)


@internal
def _settle():
    s: uint256 = self._state
    n: uint256 = ((s >> 176) & U48) - 1
    best: uint256 = s & U128
    winner: bytes32 = self._leader
    start: uint256 = self._start(n)
    total: uint256 = staticcall IVault(VAULT).group_power_at(GROUP_ID, start // params.EPOCH)
    self._state = s | (1 << 224)
    status: uint256 = NO_QUORUM
    if best > 0 and best * params.BPS >= total * QUORUM_BPS:
        status = REJECTED if winner == self._none(n) else ACCEPTED
    log BlockSettled(block_index=n, status=status, checkpoint_hash=winner, votes=best)
    if status != ACCEPTED:
        self._outcome[n] = status
        return
    claim: uint256 = self._claim[winner]
    loss: uint256 = (claim >> 160) & U64
    trainer: address = convert(claim & U160, address)
    v: uint256 = 0
    tip: bytes32 = empty(bytes32)
    v, tip = staticcall IDeltas(DELTAS).tip_at(start)
    h: uint256 = ((self._baseline >> 128) & U64) + 1
    self.incumbent = winner
    self.accepted[h] = winner
    self._baseline = loss | (v << 64) | (h << 128) | (1 << 192)
    self._outcome[n] = ACCEPTED | (loss << 8) | (((s >> 128) & U48) << 72) | (h << 120)
    log BlockAccepted(
        height=h, block_index=n, checkpoint_hash=winner, trainer=trainer, loss=convert(loss, uint64), version=v
    )


@external
def settle():
    s: uint256 = self._state
    assert (s >> 224) == 0, "cv: nothing to settle"
    n: uint256 = 0
    off: uint256 = 0
    n, off = self._now()
    assert n >= ((s >> 176) & U48), "cv: block running"
    self._settle()


@external
def redeem(block_index: uint256) -> uint256:
    out: uint256 = self._outcome[block_index]
    assert (out & 255) == ACCEPTED, "cv: not accepted"
    assert (out >> 184) == 0, "cv: redeemed"
    self._outcome[block_index] = out | (1 << 184)
    w: bytes32 = self.accepted[(out >> 120) & U64]
    trainer: address = convert(self._claim[w] & U160, address)
    pooled: uint256 = extcall ICoinbase(COINBASE).mint_block(trainer, self._start(block_index), KEEPER_BPS)
    if pooled > 0:
        self._pool[block_index] = pooled | (self.votes[w] << 128)
    return pooled


@external
def commit(commitment: bytes32):
    n: uint256 = 0
    off: uint256 = 0
    n, off = self._now()
    assert off < COMMIT_WINDOW, "cv: not commit window"
    assert self._commit[commitment] == 0, "cv: commitment exists"
    q: uint256 = self.seq + 1
    self.seq = q
    self._commit[commitment] = q | ((n + 1) << 48)
    log Committed(block_index=n, commitment=commitment, seq=q)


@external
def reveal(
    trainer: address, checkpoint_hash: bytes32, loss: uint64, baseline_loss: uint64, eval_root_hash: bytes32,
    salt: bytes32, signature: Bytes[65],
):
    n: uint256 = 0
    off: uint256 = 0
    n, off = self._now()
    assert off >= COMMIT_WINDOW and off < COMMIT_WINDOW + REVEAL_WINDOW, "cv: not reveal window"
    assert trainer != empty(address), "cv: zero trainer"
    s: uint256 = self._state
    if ((s >> 176) & U48) != n + 1:
        if (s >> 224) == 0:
            self._settle()
        self._state = (n + 1) << 176
        self._leader = self._none(n)
    v: uint256 = 0
    tip: bytes32 = empty(bytes32)
    v, tip = extcall IDeltas(DELTAS).sync(self._start(n))
    b: uint256 = self._baseline
    if (b >> 192) == 1 and ((b >> 64) & U64) == v:
        assert convert(baseline_loss, uint256) == b & U64, "cv: wrong baseline"
    assert convert(loss, uint256) + convert(MIN_IMPROVEMENT, uint256) <= convert(baseline_loss, uint256), "cv: no improvement"
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(
        keccak256(
            abi_encode(
                CHECKPOINT_TYPEHASH, trainer, n, MODEL_HASH, tip, checkpoint_hash, loss, baseline_loss,
                eval_root_hash,
            )
        )
    )
    commitment: bytes32 = keccak256(abi_encode(digest, salt))
    c: uint256 = self._commit[commitment]
    assert (c >> 48) == n + 1, "cv: no commitment"
    q: uint256 = c & U48
    old: uint256 = self._origin[checkpoint_hash]
    if old != 0:
        assert (old >> 208) == n + 1 and q < ((old >> 160) & U48), "cv: hash already used"
        self.credit[convert(old & U160, address)] += BOND
        log Displaced(checkpoint_hash=checkpoint_hash, trainer=convert(self._claim[checkpoint_hash] & U160, address))
    assert signature_checker._is_valid_signature_now(trainer, digest, signature), "cv: bad signature"
    self._claim[checkpoint_hash] = convert(trainer, uint256) | (convert(loss, uint256) << 160) | (1 << 224)
    self._origin[checkpoint_hash] = convert(msg.sender, uint256) | (q << 160) | ((n + 1) << 208)
    self.eval_root_hash[checkpoint_hash] = eval_root_hash
    assert extcall IERC20(NRN).transferFrom(msg.sender, self, BOND), "cv: bond"
    log Revealed(
        block_index=n, checkpoint_hash=checkpoint_hash, trainer=trainer, loss=loss, baseline_loss=baseline_loss,
        eval_root_hash=eval_root_hash, seq=q,
    )


@external
def vote(checkpoint_hash: bytes32, attestation: bytes32, staker: address = msg.sender):
    n: uint256 = 0
    off: uint256 = 0
    n, off = self._now()
    assert off >= COMMIT_WINDOW + REVEAL_WINDOW, "cv: not vote window"
    s: uint256 = self._state
    assert ((s >> 176) & U48) == n + 1, "cv: nothing revealed"
    assert attestation != empty(bytes32), "cv: empty attestation"
    id: bytes32 = checkpoint_hash
    q: uint256 = 0
    if id == empty(bytes32):
        id = self._none(n)
    else:
        o: uint256 = self._origin[id]
        assert (o >> 208) == n + 1, "cv: not a candidate"
        q = (o >> 160) & U48
    assert self.ballot[n][staker] == empty(bytes32), "cv: already voted"
    self.ballot[n][staker] = keccak256(abi_encode(id, attestation))
    power: uint256 = staticcall IVault(VAULT).ballot_power(
        GROUP_ID, staker, msg.sender, self._start(n) // params.EPOCH, False
    )
    assert power > 0, "cv: no power"
    t: uint256 = self.votes[id] + power
    self.votes[id] = t
    best: uint256 = s & U128
    if t > best or (t == best and q < ((s >> 128) & U48)):
        self._state = t | (q << 128) | ((n + 1) << 176)
        if self._leader != id:
            self._leader = id
    log Voted(block_index=n, checkpoint_hash=checkpoint_hash, staker=staker, power=power, attestation=attestation)


@external
def release_bond(checkpoint_hash: bytes32):
    claim: uint256 = self._claim[checkpoint_hash]
    assert (claim >> 224) == 1, "cv: no bond"
    o: uint256 = self._origin[checkpoint_hash]
    n: uint256 = (o >> 208) - 1
    out: uint256 = self._outcome[n]
    assert out != 0, "cv: not settled"
    self._claim[checkpoint_hash] = claim & ((1 << 224) - 1)
    status: uint256 = out & 255
    burned: bool = status == REJECTED
    if status == ACCEPTED:
        loss: uint256 = (claim >> 160) & U64
        wloss: uint256 = (out >> 8) & U64
        burned = loss < wloss or (loss == wloss and ((o >> 160) & U48) < ((out >> 72) & U48))
    payer: address = convert(o & U160, address)
    if burned:
        extcall IBurn(NRN).burn(BOND)
    else:
        assert extcall IERC20(NRN).transfer(payer, BOND), "cv: transfer"
    log BondReleased(checkpoint_hash=checkpoint_hash, payer=payer, amount=BOND, burned=burned)


@external
def withdraw_credit() -> uint256:
    amount: uint256 = self.credit[msg.sender]
    assert amount > 0, "cv: no credit"
    self.credit[msg.sender] = 0
    assert extcall IERC20(NRN).transfer(msg.sender, amount), "cv: transfer"
    return amount


@external
def open_root(block_index: uint256, root: bytes32):
    out: uint256 = self._outcome[block_index]
    assert (out & 255) == ACCEPTED, "cv: not accepted"
    w: bytes32 = self.accepted[(out >> 120) & U64]
    assert keccak256(root) == self.eval_root_hash[w], "cv: wrong root"
    self.eval_root[block_index] = root
    log RootOpened(block_index=block_index, eval_root=root)


@external
def claim_keeper(block_index: uint256, staker: address = msg.sender) -> uint256:
    root: bytes32 = self.eval_root[block_index]
    assert root != empty(bytes32), "cv: root closed"
    w: bytes32 = self.accepted[(self._outcome[block_index] >> 120) & U64]
    a: bytes32 = self.ballot[block_index][staker]
    assert a == keccak256(abi_encode(w, keccak256(abi_encode(root, staker)))), "cv: attestation"
    self.ballot[block_index][staker] = convert(1, bytes32)
    pool: uint256 = self._pool[block_index]
    assert pool != 0, "cv: not redeemed"
    power: uint256 = staticcall IVault(VAULT).power_at(GROUP_ID, staker, self._start(block_index) // params.EPOCH)
    amount: uint256 = (pool & U128) * power // (pool >> 128)
    assert extcall IERC20(NRN).transfer(staker, amount), "cv: transfer"
    log KeeperPaid(block_index=block_index, staker=staker, amount=amount)
    return amount


@external
@view
def current() -> (uint256, uint256, uint256, bytes32, bool, uint256):
    n: uint256 = 0
    off: uint256 = 0
    n, off = self._now()
    phase: uint256 = 0
    if off >= COMMIT_WINDOW + REVEAL_WINDOW:
        phase = 2
    elif off >= COMMIT_WINDOW:
        phase = 1
    v: uint256 = 0
    tip: bytes32 = empty(bytes32)
    v, tip = staticcall IDeltas(DELTAS).tip_at(self._start(n))
    b: uint256 = self._baseline
    return n, phase, v, tip, (b >> 192) == 1 and ((b >> 64) & U64) == v, b & U64


@external
@view
def baseline() -> (uint256, uint256, uint256, bool):
    b: uint256 = self._baseline
    return b & U64, (b >> 64) & U64, (b >> 128) & U64, (b >> 192) == 1


@external
@view
def outcome(block_index: uint256) -> (uint256, uint256, uint256, bool):
    o: uint256 = self._outcome[block_index]
    return o & 255, (o >> 8) & U64, (o >> 120) & U64, (o >> 184) != 0


@external
@view
def state() -> (uint256, uint256, uint256, bool, bytes32):
    s: uint256 = self._state
    return (s >> 176) & U48, s & U128, (s >> 128) & U48, (s >> 224) == 1, self._leader


@external
@view
def candidate(checkpoint_hash: bytes32) -> (address, uint256, address, uint256, uint256, bool):
    c: uint256 = self._claim[checkpoint_hash]
    o: uint256 = self._origin[checkpoint_hash]
    return convert(c & U160, address), (c >> 160) & U64, convert(o & U160, address), (o >> 160) & U48, o >> 208, (c >> 224) == 1


@external
@view
def is_used(checkpoint_hash: bytes32) -> bool:
    return self._origin[checkpoint_hash] != 0


@external
@view
def commitment(commitment: bytes32) -> (uint256, uint256):
    c: uint256 = self._commit[commitment]
    return c & U48, c >> 48
