# Two commands: `make run` shows the gateway at work, `make test` is the whole gate. Both set up what they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help run test lint types imports unit timed conformance calm generated bench clean
.DEFAULT_GOAL := help

help:
	@echo "make run    install and start the demo: simulated analysers and the gateway"
	@echo "make test   everything that must hold before a change lands"
	@echo "make bench  speed and memory, printed as tables"
	@echo "make generated  the schema and the reference pages, after a change of settings, points or verbs"
	@echo "make clean  remove the virtual environment and caches"

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(VENV)/installed
	@$(BIN)/python -m gateway demo config/simulator.yaml config/demo.yaml

test: lint types imports unit

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed
	$(BIN)/mypy

imports: $(VENV)/installed
	$(BIN)/lint-imports --no-logo

# Three runs beside each other. What watches the clock has the machine first; the others step back. The checks of
# tests/conformance share servers that are dear to start, so they stay together; all other files are dealt out to two.
PYTEST = $(BIN)/python -m pytest -o cache_dir=.pytest_cache/$@
TIMED := tests/faults tests/northbound tests/system tests/wire tests/runtime
CONFORMANCE := tests/conformance

unit: $(VENV)/installed
	@$(MAKE) --no-print-directory --jobs=3 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) timed conformance calm

timed: $(VENV)/installed
	$(PYTEST) $(TIMED)

conformance: $(VENV)/installed
	nice -n 5 $(PYTEST) $(CONFORMANCE)

calm: $(VENV)/installed
	nice -n 15 $(PYTEST) --numprocesses=2 --dist=loadfile $(TIMED:%=--ignore=%) $(CONFORMANCE:%=--ignore=%)

generated: $(VENV)/installed
	$(BIN)/python -m gateway schema > config/analyser-gateway.schema.json
	$(BIN)/python docs/generate.py

bench: $(VENV)/installed
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/clients/node/node_modules tests/nodesets/node_modules
