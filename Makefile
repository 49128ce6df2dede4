# Everything runs from here; `make help` explains it. Needs Python 3.11 or newer, make and git.
PYTHON ?= python3
VENV := .venv
AWS_VENV := .venv-aws
DOCS_VENV := .venv-docs
CHECKS_VENV := .venv-checks
RUN := $(VENV)/bin/python -m
ARGS ?=
STACK ?=
OFFLINE ?=
# The user's variables for Python must not change our programs. All text is UTF-8, whatever the locale.
unexport $(filter PYTHON%,$(.VARIABLES))
export PYTHONUTF8 := 1
OF_STACK := $(if $(STACK),--stack "$(STACK)")
FROM := $(if $(OFFLINE),--no-index --find-links "$(OFFLINE)")  # a folder of wheels, in place of the network
OLDEST := $(if $(OFFLINE),,$(AWS_VENV)/.oldest)  # old releases of the runtime's libraries, for one test
PARALLEL := -n 3 --dist loadgroup  # one process more than cores, since some tests wait; groups: tests/groups.py

.DEFAULT_GOAL := help
.PHONY: help setup up down compare workshop bundle doctor bench test test-deep browser docs docs-build check check-aws format lock clean

help: ## explain every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.installed $(AWS_VENV)/.installed $(DOCS_VENV)/.installed ## make the environments from the locks, as every other target does; OFFLINE=wheelhouse

up: setup ## start both systems and print their URLs (also in .run/stack.json); STACK=ada for a stack of one's own
	@$(RUN) loadtests up $(OF_STACK) $(ARGS)

down: setup ## stop both systems, or those of STACK=ada
	@$(RUN) loadtests down $(OF_STACK) $(ARGS)

compare: setup ## start, seed, check parity, load both systems and write results/<time>/report.html; ARGS="--profile quick"
	@$(RUN) loadtests compare $(ARGS)

workshop: setup ## list the exercises; ARGS="start 1", "check 1", "hint 1" (docs/workshop/README.md)
	@PYTHONPATH=docs $(RUN) workshop $(ARGS)

bundle: setup ## write build/monolith-or-microservices.tar, which installs without a network; ARGS="--platform linux-x86_64"
	@$(RUN) pip --version > /dev/null 2>&1 || $(RUN) ensurepip > /dev/null
	@$(VENV)/bin/python docs/workshop/bundle.py $(ARGS)

doctor: ## say in ten lines what is missing on this machine, and how to fix it
	@$(PYTHON) docs/workshop/doctor.py

bench: setup ## measure the costs of both sides against bare floors, write docs/bench.md (5 minutes)
	@$(RUN) tests.bench $(ARGS)

test: setup $(OLDEST) ## prove every promise once, on both live systems too (6 minutes)
	@$(RUN) pytest $(PARALLEL) --ignore tests/browser -m "not deep" --junitxml=.run/test.xml $(ARGS)

test-deep: setup $(OLDEST) ## run the other variants of what `make test` proves (12 minutes)
	@$(RUN) pytest $(PARALLEL) --ignore tests/browser -m deep --junitxml=.run/test-deep.xml $(ARGS)

browser: docs-build $(VENV)/.browser ## test the pages in a real browser; needs Chromium on the path
	@$(RUN) pytest tests/browser $(ARGS)

docs: docs-build ## build the site with both sides next to each other, and serve it on this machine; ARGS=9000 is another port
	@$(DOCS_VENV)/bin/python -m http.server --bind 127.0.0.1 --directory .site/html $(ARGS)

docs-build: setup ## only build the site, in .site/html, and check its links (20 seconds)
	@PYTHONPATH=docs $(RUN) pages .site/pages
	@PYTHONPATH=docs $(DOCS_VENV)/bin/python -m zensical build --clean --strict
	@PYTHONPATH=docs $(RUN) pages.links .site/html

check: setup ## lint, types, import rules, lock and fast tests (60 seconds)
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(RUN) pytest $(PARALLEL) tests/domain tests/architecture tests/microservices tests/workshop tests/contract/test_every_store.py -m "not live and not slow and not deep" $(ARGS)

check-aws: setup $(CHECKS_VENV)/.complete ## check what runs on AWS with cfn-lint, checkov, SAM's translator and AWS's Python (60 seconds)
	@$(RUN) tests.aws_checks $(CHECKS_VENV)

format: setup ## format the code
	@$(VENV)/bin/ruff check --quiet --fix .
	@$(VENV)/bin/ruff format .

lock: ## pin the packages of pyproject.toml and microservices/local-aws.in again (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 microservices/local-aws.in -o microservices/local-aws.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group browser -c requirements.lock -o tests/browser/browser.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group docs -o docs/docs.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group monolith -c requirements.lock -o monolith/image.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group load -c requirements.lock -o loadtests/image.lock
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 --group aws-checks -o tests/aws_checks/aws_checks.lock

clean: ## remove environments, run data and caches (stop the systems first)
	rm -rf $(VENV) $(AWS_VENV) $(DOCS_VENV) $(CHECKS_VENV) .site .cache .run build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# Functions run in the environment of the local AWS, so it contains only what the Lambda runtime provides.
# uv compiles nothing by default. A cold start would then compile boto3: 0.6 s of CPU time instead of 0.2 s.
$(VENV)/.installed: LOCK := requirements.lock
$(VENV)/.installed: requirements.lock
$(AWS_VENV)/.installed: LOCK := microservices/local-aws.lock
$(AWS_VENV)/.installed: microservices/local-aws.lock
$(DOCS_VENV)/.installed: LOCK := docs/docs.lock
$(DOCS_VENV)/.installed: docs/docs.lock
$(CHECKS_VENV)/.installed: LOCK := tests/aws_checks/aws_checks.lock
$(CHECKS_VENV)/.installed: tests/aws_checks/aws_checks.lock
$(CHECKS_VENV)/.complete: $(CHECKS_VENV)/.installed requirements.lock | $(VENV)/.installed $(AWS_VENV)/.installed
	@rm -rf $(@D)/lambda-libraries && $(RUN) tests.aws_checks.lambda_python $(@D)/lambda-libraries
	@touch $@
$(AWS_VENV)/.oldest: tests/microservices/oldest-runtime.lock | $(AWS_VENV)/.installed
	@echo "installing $< into $(@D)/oldest"
	@if command -v uv > /dev/null; then uv pip install --quiet --target $(@D)/oldest --no-deps --require-hashes -r $<; \
	else $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --target $(@D)/oldest --no-deps --require-hashes -r $<; fi
	@touch $@
$(VENV)/.browser: tests/browser/browser.lock $(VENV)/.installed
	@echo "adding $< to $(@D)"
	@if command -v uv > /dev/null; then uv pip install --quiet --compile-bytecode --python $(@D)/bin/python --require-hashes -r $<; \
	else $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; fi
	@touch $@
$(VENV)/.installed $(AWS_VENV)/.installed $(DOCS_VENV)/.installed $(CHECKS_VENV)/.installed:
	@echo "installing $(LOCK) into $(@D)"
	@if command -v uv > /dev/null; then \
		uv venv --quiet --clear --python "$(PYTHON)" $(@D) && \
		uv pip install --quiet --compile-bytecode --python $(@D)/bin/python $(FROM) --require-hashes -r $(LOCK); \
	else \
		"$(PYTHON)" -m venv --clear $(@D) && \
		$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(FROM) --require-hashes -r $(LOCK); \
	fi
	@touch $@
