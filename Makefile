PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SOLARNET_HOME ?= .solarnet
export SOLARNET_HOME

.PHONY: demo test lint ui clean

demo: $(STAMP)  ## simulate a country, run everything on it, print published beside measured
	$(BIN)/solarnet demo

test: $(STAMP) lint  ## lint, types, tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/dg check defs

ui: $(STAMP)  ## Dagster UI on http://127.0.0.1:3000, on the same home as the demo
	$(BIN)/solarnet ui

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) $(SOLARNET_HOME)
