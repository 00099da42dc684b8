# Every target works from a bare checkout: it installs what it needs into .venv (and, as root, missing Debian packages).
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
ARGS ?=
SECONDS_EACH ?= 300

.PHONY: help demo test check bench bench-llm fuzz native clean lock

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: ## a real PostgreSQL and language models behind the gate, live; ARGS="--once --json" prints one report and ends
	@tools/bootstrap.sh demo
	@$(PY) demo/run.py $(ARGS)

test: ## every test on the interpreted modules, and what reaches the compiled ones on those too
	@tools/bootstrap.sh test
	@$(PY) tools/run_tests.py $(ARGS)

check: ## format, lint, types, import contracts
	@tools/bootstrap.sh demo
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

bench: ## the table of ratios: direct, PgBouncer, Passgate
	@tools/bootstrap.sh bench
	@$(PY) tests/bench/run.py $(ARGS)

bench-llm: ## models: direct, a bare pass-through, Passgate; PEERS=1 installs LiteLLM and Portkey beside them
	@tools/bootstrap.sh demo
	@$(PY) tests/bench/llm/run.py $(ARGS)

fuzz: ## twenty minutes of hostile bytes, hostile SQL, hostile requests and queries over masked columns
	@tools/bootstrap.sh demo
	$(PY) tests/fuzz/fuzz_codec.py --seconds $(SECONDS_EACH) $(ARGS)
	$(PY) tests/fuzz/fuzz_sql.py --seconds $(SECONDS_EACH) $(ARGS)
	$(PY) tests/fuzz/fuzz_llm.py --seconds $(SECONDS_EACH) $(ARGS)
	$(PY) tests/fuzz/fuzz_interference.py --seconds $(SECONDS_EACH) $(ARGS)

native: ## compile what runs per statement and per row
	@tools/bootstrap.sh demo

lock: ## resolve requirements/*.in anew
	@tools/bootstrap.sh demo
	for name in runtime dev canaille; do .venv/bin/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --universal requirements/$$name.in -o requirements/$$name.txt; done

clean: ## remove what the targets above made
	rm -rf .venv build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find src -name '*.so' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
