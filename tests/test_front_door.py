"""The front door holds: links lead somewhere, and the workflow runs the jobs of `.ci/run`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LISTED = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
DOCUMENTS = [
    ROOT / name
    for name in subprocess.run(LISTED, cwd=ROOT, capture_output=True, text=True).stdout.split("\0")
    if name
]
JOBS = {"lint", "contracts", "compute", "integration"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text()):
        assert "://" in link or (document.parent / link).exists(), link


def test_every_document_is_in_the_list() -> None:
    listed = (ROOT / "docs" / "README.md").read_text()
    for document in (ROOT / "docs").glob("*.md"):
        own = document.name in ("README.md", "index.md")  # the list itself, and the site's
        assert own or f"({document.name})" in listed, document.name


def test_the_workflow_runs_every_job_on_the_oldest_and_the_newest_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    job = workflow["jobs"]["test"]
    assert job["steps"][-1]["run"] == ".ci/run ${{ matrix.job }}"
    legs = [(leg["job"], leg["python"]) for leg in job["strategy"]["matrix"]["include"]]
    assert {name for name, _ in legs} == JOBS | {"prove"}
    declared = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert {python for name, python in legs if name == "compute"} == {declared[0], declared[-1]}
    for step in job["steps"]:  # a tag can be moved, a commit cannot
        assert "uses" not in step or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])


def test_run_makes_the_targets_of_a_job_and_of_all(tmp_path: Path) -> None:
    (tmp_path / "make").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "make").chmod(0o755)

    def run(*jobs: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
        environment["NEWEST"] = "/bin/true"
        command = [ROOT / ".ci" / "run", *jobs]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    assert run("compute").stdout.split() == ["setup", "test-compute"]
    assert run().stdout.split() == [
        "setup", "lint", "docs", "test-contracts", "venom", "test-compute", "test-integration",
        "test-newest",
    ]  # fmt: skip
    refused = run("compute", "nonsense")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no job 'nonsense'" in refused.stderr


def test_the_targets_share_all_tests_out() -> None:
    """What `make test-contracts` and `test-integration` name exists; the rest is compute's."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    for variable in ("CONTRACT_TESTS", "INTEGRATION_TESTS"):
        [line] = re.findall(rf"^{variable} := (.*)$", makefile, re.MULTILINE)
        assert all((ROOT / path).exists() for path in line.split())


def test_a_python_that_is_named_is_the_one_of_the_environment(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    other = tmp_path / ".venv" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.write_text("#!/bin/sh\necho Python 3.10.0\n")
    other.chmod(0o755)
    # VENV too: a test that make runs inherits what make was told
    command = ["make", f"PYTHON={sys.executable}", "VENV=.venv", "same-python"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "has Python 3.10.0, not Python 3.1" in refused.stderr
    other.unlink()
    other.symlink_to(sys.executable)
    assert subprocess.run(command, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["fault", "proposal"])
def test_an_issue_form_has_what_a_form_needs(name: str) -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
    assert form["name"] and form["description"]
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert asked and all(field["id"] and field["attributes"]["label"] for field in asked)


def test_each_hook_runs_a_tool_of_the_lock() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    locked = (ROOT / "requirements.lock").read_text()
    packages = {"lint-imports": "import-linter"}
    for hook in hooks:
        tool = Path(hook["entry"].split()[0]).name
        assert f"\n{packages.get(tool, tool)}==" in locked
