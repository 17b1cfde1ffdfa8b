"""One trainer of two processes: the first has the chain, both train, and a block is won."""

import multiprocessing
import signal
import socket

from compute.chain import Status
from compute.roles.verify import verify
from tests.integration.run_actor import Order, run
from tests.integration.stage import OPTIONS, Stage


def test_two_processes_win_a_block_together(stage: Stage) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    block, state, log = stage.block, stage.folder / "trainer-tara", stage.folder / "second.log"
    stage.start("wisdomkeeper", "alice")
    first = stage.start("trainer", "tara", processes=f"{address},2,0")
    order = Order(
        "assistant",
        "http://127.0.0.1:1",  # it has no chain
        stage.net.deployment_file,
        stage.group.id,
        b"",
        stage.store.path,
        state,
        log,
        OPTIONS,
        None,
        f"{address},2,1",
    )
    second = multiprocessing.get_context("forkserver").Process(target=run, args=(order,))
    second.start()
    try:
        stage.run_until(lambda: stage.settled(block.end), limit=240)
        assert stage.group.outcome(block.index).status == Status.ACCEPTED
        assert verify(stage.group, stage.store).true
        assert first.end(signal.SIGINT) == 0
        second.join(60)
        assert second.exitcode == 0, log.read_text()
    finally:
        second.kill()
