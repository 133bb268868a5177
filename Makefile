# make demo: install into .venv and replay the bundled trace. make test: lint, types and tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(wildcard src/zswap_replay/mm/*.py src/zswap_replay/mm/*.pxd)

.PHONY: demo test clean

demo: $(VENV)/installed
	@sh traces/demo.sh $(BIN)/zswap-replay

test: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

$(BIN)/pip:
	@$(PYTHON) -m venv $(VENV) || { echo "no venv for $(PYTHON): on Debian, apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/installed: $(BIN)/pip $(SOURCES)
	@echo "installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m zswap_replay.mm
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build src/*.egg-info src/zswap_replay/mm/*.c src/zswap_replay/mm/*.so
