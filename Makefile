# The two commands of the README are `make demo` and `make test`; the first run builds .venv.
# Windows without make: the same commands are written out in the README.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
STAMP := $(VENV)/.installed
# Windows of tests are drawn into memory, on machines with a display too.
OFFSCREEN := QT_QPA_PLATFORM=offscreen

FUZZ_SECONDS ?= 300

.PHONY: demo docs fuzz test test-slow test-bluez lint bench clean
.DEFAULT_GOAL := test

# pip 25.1 is the first that knows --group.
$(STAMP): pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about a minute the first time)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[sim,app,exchange,lsl,pdf,batch]" --group dev --group docs
	@$(BIN)/python -c "import pathlib; pathlib.Path('$(STAMP)').touch()"

demo: $(STAMP)
	$(BIN)/imuhip demo

test: $(STAMP)
	$(OFFSCREEN) $(BIN)/python -m pytest -n 2 --dist loadgroup

test-slow: $(STAMP)
	$(OFFSCREEN) $(BIN)/python -m pytest -m slow

# Bleak on BlueZ in a virtual machine; what it downloads and where to: docs/testing.md
test-bluez: $(STAMP)
	PYTHONPATH=tests $(BIN)/python -m bluez

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Longer: make fuzz FUZZ_SECONDS=3600
fuzz: $(STAMP)
	PYTHONPATH=tests $(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS)

# The pages of docs/, the docstrings and the examples as a site; a broken link fails.
docs: $(STAMP)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet --builder html --conf-dir docs --doctree-dir build/doctrees . build/site
	$(BIN)/python docs/check_links.py build/site

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	$(PYTHON) -c "import shutil; shutil.rmtree('$(VENV)', ignore_errors=True)"
