# One command per job. Everything runs in .venv, which is made on first use and remade when the dependencies change.
PYTHON ?= python3
PIP_OPTIONS ?=
q ?=
BIN := .venv/bin
READY := .venv/.ready

.PHONY: ask chat serve index test test-all lint eval clean

ask: $(READY) ## answer one question from the seeds: make ask q="…"
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa ask -- "$$q"

chat: $(READY) ## a conversation at the prompt
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa chat

index: $(READY) ## build the index of the seeds anew
	@$(BIN)/qa index build

test: $(READY) ## the tests
	@$(BIN)/python -m pytest

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

clean: ## remove the environment and the index
	rm -rf .venv .seedqa

export q

$(READY): pyproject.toml constraints.txt
	@echo "setting up .venv (a few minutes, once)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --constraint constraints.txt --editable ".[dev]"
	@touch $(READY)
