# make demo: install into .venv and replay the bundled trace. make test: lint, types and tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --editable
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
	@$(PYTHON) tools/make_venv.py $(VENV)

$(VENV)/installed: $(BIN)/pip $(SOURCES)
	@echo "installing into $(VENV): about a minute"
	@$(INSTALL) .
	@$(BIN)/python -m zswap_replay.mm
	@touch $@

$(VENV)/installed-dev: $(BIN)/pip $(SOURCES)
	@echo "installing into $(VENV), with what the tests need: about a minute"
	@$(INSTALL) '.[dev]'
	@$(BIN)/python -m zswap_replay.mm
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build src/*.egg-info src/zswap_replay/mm/*.c src/zswap_replay/mm/*.so
