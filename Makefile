# Two commands:  make prove  (the main job)   make test  (the proof, and the quality of the code)
# Each sets up its own environment in .venv first. Python 3.11 or newer: make PYTHON=python3.12 ...

PYTHON ?= python3
BIN = .venv/bin

.PHONY: prove test quality wheel benchmark clean

prove: .venv/ready
	$(BIN)/backproof prove

test: .venv/ready quality
	$(BIN)/python -m pytest --numprocesses auto

quality: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

wheel: .venv/ready
	$(BIN)/python -m build --wheel

benchmark: .venv/ready
	$(BIN)/python -m reference.benchmark

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[test]"
	@touch $@

clean:
	rm -rf .venv dist build plots .pytest_cache .ruff_cache .hypothesis
