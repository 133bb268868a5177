# make demo   install into .venv and replay the bundled trace
# make test   all that must hold: lint, types, tests and their coverage
# make core   compile what has changed of the core: seconds
# make dist   a wheel and an sdist in dist/, each installed into a clean environment and tried
# make sanitize  tests on a core with bounds checks and sanitizers, and cases interpreted: half an hour
# make fuzz   fuzz all that reads, and hold the model against its second one: SECONDS for each (60)
# make live   capture Debian's stock kernel in QEMU by each tool, replay and compare: half an hour
# make bench  measure against libCacheSim and bare codec calls, twenty minutes; make bench-quick in two
# make docs   the documentation site, in build/docs
# make man    the manual page anew
# make news   the changelog's fragments, as the next release will have them
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(wildcard src/zswap_replay/*/*.pxd)
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

# Tests start a thousand processes: each takes twice as long where it compiles the package's modules itself.
export PYTHONDONTWRITEBYTECODE :=
# The threads of numpy's linear algebra spin while they wait.
export OPENBLAS_NUM_THREADS := 1

.PHONY: demo test lint types core dist sanitize fuzz live bench bench-quick docs man news clean

demo: $(VENV)/installed
	@sh traces/demo.sh $(BIN)/zswap-replay

# As many processes as there are processors: one more waits less for what tests start, but collects all of them too.
WORKERS := $(shell nproc)
test: lint types core
	@# coverage leaves out what is compiled: */zswap_replay/mm/zswap.py,...
	COMPILED=`echo $(SOURCES:.pxd=.py) | sed 's|src/|*/|g; s/ /,/g'` \
	    $(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal --cov --cov-report term:skip-covered

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

core: $(VENV)/installed-dev
	@ZSWAP_REPLAY_REQUIRE_CORE=1 $(BIN)/python setup.py --quiet build_ext --inplace
	@$(BIN)/python -m zswap_replay.machine
	@touch $(VENV)/installed

sanitize: $(VENV)/installed-dev
	$(BIN)/python -m tools.sanitize

SECONDS ?= 60
fuzz: $(VENV)/installed-dev core
	@ZSWAP_REPLAY_PURE=1 $(INSTALL) '.[fuzz]' || echo "no atheris here: bytes are changed at random"
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)
	$(BIN)/pytest tests/property/test_reference.py --hypothesis-profile deep
	ZSWAP_REPLAY_PURE=1 $(BIN)/pytest tests/property/test_reference.py

# Packages of the host alone: qemu-system-x86 busybox-static trace-cmd linux-perf bpftrace, and apt-get download of a kernel.
LIVE :=
live: $(VENV)/installed-dev core
	$(BIN)/python -m tools.live $(LIVE)

bench: $(VENV)/installed
	@ZSWAP_REPLAY_PURE=1 $(INSTALL) '.[bench]'
	$(BIN)/python -m benchmarks.bench --results benchmarks/RESULTS.md

bench-quick: $(VENV)/installed
	@ZSWAP_REPLAY_PURE=1 $(INSTALL) '.[bench]'
	$(BIN)/python -m benchmarks.bench --quick

dist: $(VENV)/installed-dev
	@$(BIN)/python tools/dist.py

news: $(VENV)/installed-dev
	@$(BIN)/towncrier build --draft --version next

# The documentation site. Links to pages, headings and the API are checked, and a warning is an error; no network is used.
docs: $(VENV)/installed-dev
	@$(BIN)/sphinx-build --builder html --fail-on-warning --keep-going --fresh-env --quiet docs build/docs
	@echo build/docs/index.html

man: $(VENV)/installed-dev
	$(BIN)/python -m tools.manpage > man/zswap-replay.1

$(BIN)/pip:
	@$(PYTHON) tools/make_venv.py $(VENV)

# What a user gets; the core is built with it.
$(VENV)/installed: $(BIN)/pip pyproject.toml constraints.txt setup.py $(SOURCES) $(SOURCES:.pxd=.py)
	@echo "installing into $(VENV): two to four minutes, most of them to compile the core"
	@ZSWAP_REPLAY_ONE_UNIT=1 $(INSTALL) .
	@$(BIN)/python -m zswap_replay.machine
	@touch $@

# What a developer needs; the core is built by make core.
$(VENV)/installed-dev: $(BIN)/pip pyproject.toml constraints.txt
	@echo "installing into $(VENV), with what the tests need: about a minute"
	@ZSWAP_REPLAY_PURE=1 $(INSTALL) '.[dev]' --no-compile
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true  # pip does so on one processor: half a minute
	@touch $@

clean:
	rm -rf $(VENV) build dist src/*.egg-info src/zswap_replay/*.c src/zswap_replay/*/*.c src/zswap_replay/*.so src/zswap_replay/*/*.so
