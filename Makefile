# Every common task in one line each; `make help` lists them.
# Python 3.11 or later and make are all that must be there already.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test serve lint types contracts fix bench faults mutants nightly screens docs mails lock clean

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 4
ARGS ?=
FAULTS ?= 50
EXAMPLES ?= 500

##@ First steps

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed-demo ## Install, run the main job on real purchases, print what happened
	@$(BIN)/cagnotte demo $(ARGS)

serve: $(VENV)/.installed-run ## Run the web server on http://localhost:8000, with an example of a portal where there is none of your own
	@$(BIN)/cagnotte showcase --if-empty
	@$(BIN)/cagnotte serve $(ARGS)

##@ Working on Cagnotte

test: $(VENV)/.installed-test ## Install what the tests need and run them (ARGS="tests/domain -k money")
	@.ci/system
	@$(BIN)/pytest -n $(JOBS) $(ARGS)

lint: $(VENV)/.installed-test ## Style, spelling, SQL, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/codespell
	$(BIN)/deptry src
	$(BIN)/sqlfluff lint --nocolor --disable-progress-bar src/cagnotte/sql

types: $(VENV)/.installed-test ## Types (mypy, strict)
	$(BIN)/mypy

contracts: $(VENV)/.installed-test ## Which package may import which
	@PYTHONPATH=src $(BIN)/lint-imports --no-logo

fix: $(VENV)/.installed-test ## Mend style by machine where it can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-test $(VENV)/.installed-bench ## Measure speed and memory (bench/README.md explains the figures)
	@PYTHONPATH=src $(BIN)/python -m bench $(ARGS)

faults: $(VENV)/.installed-test ## Kill, cut off and starve the running system many times over (FAULTS=50 rounds)
	@CAGNOTTE_FAULTS=$(FAULTS) $(BIN)/pytest tests/faults -n 0 --override-ini=faulthandler_timeout=0 $(ARGS)

mutants: $(VENV)/.installed-mutants ## Change the money code a thousand ways and see that a test notices each
	@$(BIN)/python tests/mutants/run.py $(ARGS)

nightly: faults mutants ## Everything that takes long: faults, mutants, the long loads, a real pretix
	@CAGNOTTE_LOAD_SECONDS=60 $(BIN)/pytest tests/load -n 0 --override-ini=faulthandler_timeout=0
	@CAGNOTTE_MODEL_EXAMPLES=$(EXAMPLES) CAGNOTTE_TEST_ORDERS=30 \
		$(BIN)/pytest tests/model tests/journeys/test_order_of_messages.py -n $(JOBS) --override-ini=faulthandler_timeout=0
	@CAGNOTTE_PRETIX=1 $(BIN)/pytest tests/shops -n 0 --override-ini=faulthandler_timeout=0

screens: $(VENV)/.installed-test ## Picture every page of the portal into .data/screens (ARGS="--only wallet")
	@.ci/system
	@PYTHONPATH=src $(BIN)/python tests/pages/screens.py $(ARGS)

docs: $(VENV)/.installed-docs ## Build the documentation into docs/_build
	@$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

mails: $(VENV)/.installed-test ## Compile the mails from their MJML
	@PYTHONPATH=src $(BIN)/python -m tests.mails

lock: $(VENV)/.installed-test ## Resolve the dependencies anew into requirements/*.txt
	@$(call compile,run,pyproject.toml)
	@$(call compile,demo,pyproject.toml --extra demo)
	@$(call compile,test,pyproject.toml --extra test --extra demo)
	@$(call compile,docs,pyproject.toml --extra docs)
	@$(call compile,bench,pyproject.toml --extra bench --extra demo)
	@$(call compile,mutants,pyproject.toml --extra mutants --extra test --extra demo)
	@$(call compile,oscar,integrations/oscar/pyproject.toml --extra test)
	@$(call compile,pretix,requirements/pretix.in)

clean: ## Remove caches and built documentation (neither .venv nor .data)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis docs/_build
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# One file per purpose, for every platform, with hashes and without the address of any registry.
compile = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--generate-hashes --no-emit-index-url --fork-strategy fewest --python-version 3.11 $(ARGS) \
	$(2) -o requirements/$(1).txt

# A stamp says which lock is installed; a changed lock is installed again.
$(VENV)/.installed-%: requirements/%.txt .ci/install
	@.ci/install $(VENV) $*
	@touch $@
