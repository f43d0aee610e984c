# Two commands for everyone: `make demo` and `make test`. Both set up what is missing, once.
SHELL := /bin/bash
PY := .venv/bin/python

.PHONY: demo test setup lint docs clean

demo: setup
	@.venv/bin/neutnngen demo

test: setup lint
	@$(PY) -m pytest

lint: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

docs: setup
	@.venv/bin/mkdocs build --strict --quiet

setup:
	@bash scripts/setup.sh

clean:
	rm -rf runs build site .pytest_cache .mypy_cache .ruff_cache .hypothesis
