# DecentralizedAI: `make help` lists what there is. Needs Python 3.11 to 3.13; the rest is set up here.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
# Another folder than .venv/ is for a second Python beside the first.
VENV ?= .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(CURDIR)/node_modules/.bin:$(BIN):$(PATH)

PYTEST := pytest -p no:pytest-brownie
# Brownie's plugin and pytest-xdist do not share a chain: contracts run alone, the rest on every core.
WORKERS ?= auto

# What `make test-contracts` and `make test-integration` run; `make test-compute` runs the rest.
CONTRACT_TESTS := tests/attacks tests/stateful tests/steps tests/test_contract_specification.py \
  tests/test_external_calls.py tests/test_oldest_evm.py
INTEGRATION_TESTS := tests/chaos tests/examples tests/integration tests/scripts

# An upgrade of Ethereum, for `make test-oldest`.
EVM ?= cancun

.PHONY: help setup docs same-python kubo demo demo-lm test test-compute test-contracts test-integration test-oldest test-newest test-versions lint format soak chaos fuzz prove venom exports aot arm64 gpu simulate bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed node_modules/.installed ## Install everything into .venv/ and node_modules/

# Whoever names a Python must not get a .venv/ of another one in silence.
ifneq ($(origin PYTHON),file)
$(VENV)/.installed: | same-python
same-python:
	@test ! -x $(VENV)/bin/python || test "$$($(VENV)/bin/python -V)" = "$$($(PYTHON) -V)" || \
	  { echo "setup: .venv/ has $$($(VENV)/bin/python -V), not $$($(PYTHON) -V); run make clean first" >&2; exit 1; }
endif

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || \
	  { echo "setup: needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "setup: this Python has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "setup: Python packages, pinned with hashes in requirements.lock (about 1.6 GB in $(VENV)/)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@test -x $(VENV)/bin/uv || $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --no-deps -r <(sed -n '/^uv==/,/[^\\]$$/p' requirements.lock)
	@$(VENV)/bin/uv pip sync --quiet --python $(VENV)/bin/python --require-hashes requirements.lock
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation --editable .
	@# Brownie's highlighter: Python 3.12 and newer would print warnings wherever it is compiled first
	@$(VENV)/bin/python -W ignore -m compileall -q $(VENV)/lib/python3*/site-packages/pygments_lexer_solidity
	@touch $@

node_modules/.installed: package-lock.json $(VENV)/.installed
	@echo "setup: Anvil, the development chain, pinned in package-lock.json"
	@# not `npm ci`: the lock holds one platform's binary, `install` adds another platform's where needed
	@npm install --no-save --no-audit --no-fund --ignore-scripts --loglevel=error
	@# the binary itself: npm's wrapper scripts do not pass signals on, and Anvil would outlive its tests
	@cd node_modules/.bin && ln -sf ../@foundry-rs/anvil-*/bin/anvil anvil
	@anvil --version >/dev/null || \
	  { echo "setup: no Anvil binary for this platform ($$(uname -sm)); see https://getfoundry.sh and put anvil on PATH" >&2; exit 1; }
	@touch $@

kubo: ## Get Kubo, the IPFS daemon, if it is not installed: built with Go, outside the clone
	@scripts/kubo.sh

demo: setup ## The main job: a training group lives, on real parts (writes demo/); IPFS=1: on Kubo
	$(if $(IPFS),@scripts/kubo.sh >/dev/null)
	brownie run demo

demo-lm: setup ## A group learns to write like Shakespeare (writes demo-lm/)
	brownie run demo_lm

test: test-compute test-contracts test-integration ## Every test that needs no accelerator

test-compute: setup ## Tests of the Python package
	$(PYTEST) -n $(WORKERS) tests $(addprefix --ignore ,tests/contracts $(CONTRACT_TESTS) $(INTEGRATION_TESTS))

test-contracts: setup ## Tests of the contracts: units, attacks, state machines
	$(PYTEST) -n $(WORKERS) $(CONTRACT_TESTS)
	brownie test tests/contracts

test-integration: setup ## Processes, scripts and examples on a chain
	$(PYTEST) -n $(WORKERS) $(INTEGRATION_TESTS)

test-oldest: setup ## The contracts' unit tests on the oldest EVM that a network has (EVM=cancun)
	@home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; export HOME="$$home"; \
	brownie networks modify development evm_version=$(EVM); \
	brownie test tests/contracts

test-newest: ## The Python package and a short language demo on the newest Python (NEWEST=/path/to/python3.13)
	$(MAKE) VENV=.venv-newest PYTHON=$(NEWEST) test-versions

test-versions: test-compute
	BLOCKS=1 brownie run demo_lm

docs: setup ## The documents as a site in build/docs, with a reference written from the code
	sphinx-build -q -W --keep-going -b html docs build/docs

lint: setup ## Format, lint, types, import layers, static analysis of the contracts
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	mamushi --check --line-length 120 contracts
	natrix lint contracts

format: setup ## Rewrite the sources in the house style
	ruff format .
	ruff check --fix .
	mamushi --line-length 120 contracts

soak: setup ## Let nodes live 24 hours of chain time; memory, files and disk over time (reports/soak)
	python -m tests.chaos.rounds --soak $(or $(HOURS),24) --out reports/soak

chaos: setup ## Play rounds of random faults with real processes (FAULTS=1000, SEED=1; reports/chaos)
	python -m tests.chaos.rounds --faults $(or $(FAULTS),1000) --seed $(or $(SEED),1)

fuzz: setup ## Long state machines over the contracts (FUZZ_CALLS contract calls)
	FUZZ_CALLS=$${FUZZ_CALLS:-100000} $(PYTEST) -q -n $(WORKERS) tests/stateful

prove: .venv-prove/.installed ## Prove statements of the specification on the bytecode, refute planted lies
	python -m scripts.prove

# halmos pins versions of its own (rich, z3): an environment apart, with its solvers. forge compiles the proofs.
.venv-prove/.installed: tests/proofs/requirements.lock tests/proofs/package-lock.json | setup
	@test -x .venv-prove/bin/python || $(PYTHON) -m venv .venv-prove
	@$(VENV)/bin/uv pip sync --quiet --python .venv-prove/bin/python --require-hashes tests/proofs/requirements.lock
	@npm install --prefix tests/proofs --no-save --no-audit --no-fund --ignore-scripts --loglevel=error
	@cd tests/proofs/node_modules/.bin && ln -sf ../@foundry-rs/forge-*/bin/forge forge
	@touch $@

# What reads exported models is 7 GB, PyTorch most of it: an environment apart, too.
exports: .venv-exports/.installed ## Exported models in the programs that read them: transformers, ONNX Runtime
	.venv-exports/bin/python -m $(PYTEST) tests/compute/exchange

.venv-exports/.installed: requirements.lock tests/compute/exchange/requirements.lock | setup
	@test -x .venv-exports/bin/python || $(PYTHON) -m venv .venv-exports
	@$(VENV)/bin/uv pip sync --quiet --python .venv-exports/bin/python --require-hashes $^
	@$(VENV)/bin/uv pip install --quiet --python .venv-exports/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

# The compilers for TPUs and CUDA are 2 GB: an environment apart, too.
aot: .venv-aot/.installed ## Compile the exact loss for TPUs and a GPU that are not here, and read the code
	python -m benchmarks.machines.aot --json benchmarks/results/aot.json

.venv-aot/.installed: benchmarks/machines/requirements.lock | setup
	@test -x .venv-aot/bin/python || $(PYTHON) -m venv .venv-aot
	@$(VENV)/bin/uv pip sync --quiet --python .venv-aot/bin/python --require-hashes benchmarks/machines/requirements.lock
	@touch $@

arm64: setup ## Vectors and goldens on an emulated arm64 (Debian; says so where it cannot be)
	@benchmarks/machines/arm64.sh || { code=$$?; test $$code = 77 || exit $$code; }

gpu: setup ## What the accelerator here computes and costs, in 8 minutes; again to go on (DRY=1: small sizes)
	python -m benchmarks.machines.gpu $(if $(DRY),--dry)

venom: setup ## What the compiler's experimental backend would save, for information
	python -m scripts.venom

simulate: setup ## Play the economy on the bytecode: docs/economy/ (minutes; FULL=1: four years, an hour)
	python -m economy $(if $(FULL),--full)

bench: setup ## Every benchmark: ratios against a baseline measured in the same run
	for script in benchmarks/*.py; do echo "== $$script"; python -m "benchmarks.$$(basename "$$script" .py)"; done

lock: setup ## Resolve requirements.lock again after a change of pyproject.toml
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra contracts --extra demo \
	  --group dev --no-emit-index-url --no-annotate --no-header pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate \
	  --no-header tests/proofs/requirements.in --output-file tests/proofs/requirements.lock
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate \
	  --no-header benchmarks/machines/requirements.in --output-file benchmarks/machines/requirements.lock
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate \
	  --no-header --constraint requirements.lock --override tests/compute/exchange/overrides.txt \
	  tests/compute/exchange/requirements.in --output-file tests/compute/exchange/requirements.lock

clean: ## Remove what the other targets made
	rm -rf .venv .venv-aot .venv-exports .venv-newest .venv-prove node_modules tests/proofs/node_modules build reports demo demo-lm .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
