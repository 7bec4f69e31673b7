# The commands of README.md. Everything is installed into .venv beside this file, nothing outside it.
PYTHON ?= python3
PORT ?= 8501
TESTERS ?= 2
ADDRESS ?= localhost
HOST := $(if $(filter 0.0.0.0 ::,$(ADDRESS)),localhost,$(ADDRESS))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: setup run check test lint bench tokens lock clean

setup: .venv/app.stamp

run: .venv/app.stamp
	@echo "Thaw is at http://$(HOST):$(PORT) - stop it with Ctrl+C"
ifneq ($(ADDRESS),localhost)
	@echo "ADDRESS=$(ADDRESS) opens it to your network: everybody there can use it and train on this machine, there is no"
	@echo "password, and who has the link of a run can see that run with its pictures. The way between is not encrypted."
endif
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT) --server.address $(ADDRESS) --browser.serverAddress $(HOST)

# A file's tests stay together, for what they share; files go in the order of the tree, so that long ones are not last.
PYTEST := $(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder

test: lint
	$(PYTEST)

check: lint
	$(PYTEST) -m "not long"

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/app.stamp
	$(BIN)/python -m benchmarks.lesson

tokens: .venv/dev.stamp
	$(BIN)/python -m tests.tokens

# Every version anew, from an environment of its own. Left out: what belongs to one build of torch (CUDA's libraries,
# the mark behind its version) and pip itself.
lock:
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; $(PYTHON) -m venv "$$fresh"; \
	"$$fresh/bin/python" -m pip install --disable-pip-version-check -r requirements-dev.txt; \
	echo "# Every installed version, made by 'make lock'. requirements.txt says which of them are chosen." > "$$fresh/lock"; \
	"$$fresh/bin/python" -m pip freeze --all | sed 's/+.*//' | grep -Ev '^(pip|triton|nvidia-.*|cuda-.*)==' >> "$$fresh/lock"; \
	cp "$$fresh/lock" constraints.txt

clean:
	rm -rf .venv .thaw .mypy_cache .ruff_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/app.stamp: requirements.txt constraints.txt | .venv/bin/python
	$(PIP) install -r requirements.txt -c constraints.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt requirements.txt constraints.txt | .venv/bin/python
	$(PIP) install -r requirements-dev.txt -c constraints.txt
	@touch $@ .venv/app.stamp
