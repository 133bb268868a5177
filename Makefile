# make demo: install into .venv and replay the bundled trace. make test: lint, types and tests.
# make bench: measure against libCacheSim and bare codec calls, half an hour. make man: the manual page anew.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --editable
COMPILED := $(wildcard src/zswap_replay/*/*.pxd)
SOURCES := pyproject.toml setup.py $(COMPILED) $(COMPILED:.pxd=.py)

.PHONY: demo test bench man clean

demo: $(VENV)/installed
	@sh traces/demo.sh $(BIN)/zswap-replay

test: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: $(VENV)/installed
	@$(INSTALL) '.[bench]'
	$(BIN)/python -m benchmarks.bench --results benchmarks/RESULTS.md

man: $(VENV)/installed-dev
	$(BIN)/python -m tools.manpage > man/zswap-replay.1

$(BIN)/pip:
	@$(PYTHON) tools/make_venv.py $(VENV)

$(VENV)/installed: $(BIN)/pip $(SOURCES)
	@echo "installing into $(VENV): about a minute"
	@$(INSTALL) .
	@$(BIN)/python -m zswap_replay.machine
	@touch $@

$(VENV)/installed-dev: $(BIN)/pip $(SOURCES)
	@echo "installing into $(VENV), with what the tests need: about two minutes"
	@$(INSTALL) '.[dev]'
	@$(BIN)/python -m zswap_replay.machine
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build src/*.egg-info src/zswap_replay/*/*.c src/zswap_replay/*/*.so
