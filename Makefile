# The commands of README.md. Everything is installed into .venv beside this file, nothing outside it.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: setup run test lint bench clean

setup: .venv/app.stamp

run: .venv/app.stamp
	@echo "Thaw is at http://localhost:$(PORT) - stop it with Ctrl+C"
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT)

test: lint
	$(BIN)/python -m pytest

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/app.stamp
	$(BIN)/python -m benchmarks.lesson

clean:
	rm -rf .venv .thaw .mypy_cache .ruff_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/app.stamp: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/app.stamp
