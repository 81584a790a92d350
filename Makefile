# What a person does with this project, one word each. `make` alone prints help.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
LOCK_ARGUMENTS := --universal --generate-hashes --python-version 3.11 --extra dev --no-strip-extras \
	--no-emit-index-url --no-header --no-annotate --quiet
INTERVIEWS := 2026-H2/sales/selling-with-insight/interviews

.DEFAULT_GOAL := help
.PHONY: help setup demo exports test bench check lock clean

help:  ## Print this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 16

setup: $(STAMP)  ## Make .venv with everything in it, each file checked against its hash

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "setup: there is no $(PYTHON) on this machine. Install Python 3.11 or newer," \
	       "or name one: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "setup: $(PYTHON) is $$($(PYTHON) -V 2>&1); Python 3.11 or newer is needed." \
	       "Name one: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "setup: $(PYTHON) cannot make an environment of its own (ensurepip is missing)." \
	       "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setup: installing the packages of requirements.lock into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation -e .
	@touch $@

exports: $(STAMP)  ## Write the example organisation's exports into data/
	@$(BIN)/python -m scoreline.example data

demo: exports  ## Run the example through Dagster and show its key results
	@$(BIN)/scoreline checkin $(INTERVIEWS) --value 29 --date 2026-11-17 \
	  --by tom.ruiz@acme.example --note "Two more planned for Friday"
	@DAGSTER_HOME="$(CURDIR)" $(BIN)/python -m pipelines.run_all || test $$? -eq 3
	@$(BIN)/scoreline status
	@echo
	@echo "Next:"
	@echo "  why one of them turned red    $(BIN)/scoreline explain 2026-H2/operations/quiet-helpdesk/crm-tickets"
	@echo "  what holds the rating         $(BIN)/scoreline batches list"
	@echo "  is every record intact        $(BIN)/scoreline verify"
	@echo "  the graph, runs and schedules DAGSTER_HOME=\"$(CURDIR)\" $(BIN)/dagster dev"
	@echo "  the definitions               okr_defs/  (docs/add-a-key-result.md says how to change them)"
	@echo
	@echo "The page where people see all this: $(BIN)/scoreline serve"

test: $(STAMP)  ## Run the tests on two processes
	@$(BIN)/python -m pytest -n 2

bench: $(STAMP)  ## Time the main job beside a hand-written script (all sizes; or ROWS=500000 TIMES=3)
	@$(BIN)/python -m bench.main_job $(if $(ROWS),--rows $(ROWS),--large --many) $(if $(TIMES),--times $(TIMES))

check: $(STAMP)  ## Formatting, lint, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock: $(STAMP)  ## Resolve pyproject.toml into requirements.lock again (UPGRADE=1: newest versions)
	@$(BIN)/uv pip compile $(LOCK_ARGUMENTS) $(if $(UPGRADE),--upgrade) \
	  pyproject.toml --output-file requirements.lock
	@! grep -n '://' requirements.lock

clean:  ## Remove caches and what Dagster wrote (STATE=1: the scores, ledger and data/ as well)
	@rm -rf storage history schedules logs .logs_queue .nux .telemetry
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@$(if $(STATE),rm -rf .scoreline data)
