# Everything runs from here; `make help` explains it. Needs Python 3.11 or newer, make and git.
PYTHON ?= python3
VENV := .venv
AWS_VENV := .venv-aws
RUN := $(VENV)/bin/python -m
ARGS ?=
# The user's variables for Python must not change our programs. All text is UTF-8, whatever the locale.
unexport $(filter PYTHON%,$(.VARIABLES))
export PYTHONUTF8 := 1
PARALLEL := -n 3 --dist loadgroup  # one process more than cores, since some tests wait; groups: tests/groups.py

.DEFAULT_GOAL := help
.PHONY: help setup up down compare bench test test-deep browser check format lock clean

help: ## explain every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.installed $(AWS_VENV)/.installed ## make both environments from the locks; every other target does it first

up: setup ## start both systems in the background and print their URLs (also in .run/stack.json)
	@$(RUN) loadtests up $(ARGS)

down: setup ## stop both systems
	@$(RUN) loadtests down $(ARGS)

compare: setup ## start, seed, check parity, load both systems and write results/<time>/report.html; ARGS="--profile quick"
	@$(RUN) loadtests compare $(ARGS)

bench: setup ## measure the costs of both sides against bare floors, write docs/bench.md (5 minutes)
	@$(RUN) tests.bench $(ARGS)

test: setup ## prove every promise once, on both live systems too (10 minutes)
	@$(RUN) pytest $(PARALLEL) --ignore tests/browser -m "not deep" --junitxml=.run/test.xml $(ARGS)

test-deep: setup ## run the other variants of what `make test` proves (16 minutes)
	@$(RUN) pytest $(PARALLEL) --ignore tests/browser -m deep --junitxml=.run/test-deep.xml $(ARGS)

browser: setup $(VENV)/.browser ## test the pages in a real browser; needs Chromium on the path
	@$(RUN) pytest tests/browser $(ARGS)

check: setup ## lint, types, import rules, lock and fast tests (60 seconds)
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(RUN) pytest $(PARALLEL) tests/domain tests/architecture tests/microservices tests/contract/test_every_store.py -m "not live and not slow and not deep" $(ARGS)

format: setup ## put the code into its form
	@$(VENV)/bin/ruff check --quiet --fix .
	@$(VENV)/bin/ruff format .

lock: ## pin anew what pyproject.toml and microservices/local-aws.in name (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 microservices/local-aws.in -o microservices/local-aws.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group browser -c requirements.lock -o tests/browser/browser.lock

clean: ## remove environments, run data and caches (stop the systems first)
	rm -rf $(VENV) $(AWS_VENV) .run build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# Functions run in the environment of the local AWS, so it contains only what the Lambda runtime provides.
# uv compiles nothing by default. A cold start would then compile boto3: 0.6 s of CPU time instead of 0.2 s.
$(VENV)/.installed: LOCK := requirements.lock
$(VENV)/.installed: requirements.lock
$(AWS_VENV)/.installed: LOCK := microservices/local-aws.lock
$(AWS_VENV)/.installed: microservices/local-aws.lock
$(VENV)/.browser: tests/browser/browser.lock $(VENV)/.installed
	@echo "adding $< to $(@D)"
	@if command -v uv > /dev/null; then uv pip install --quiet --compile-bytecode --python $(@D)/bin/python --require-hashes -r $<; \
	else $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; fi
	@touch $@
$(VENV)/.installed $(AWS_VENV)/.installed:
	@echo "installing $(LOCK) into $(@D)"
	@if command -v uv > /dev/null; then \
		uv venv --quiet --clear --python "$(PYTHON)" $(@D) && \
		uv pip install --quiet --compile-bytecode --python $(@D)/bin/python --require-hashes -r $(LOCK); \
	else \
		"$(PYTHON)" -m venv --clear $(@D) && \
		$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK); \
	fi
	@touch $@
