# Everything works on a machine that has Python 3.11, pip and make.
PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES := pyproject.toml constraints.txt

.PHONY: demo test test-all lint bench drills mutants dev clean kernels

demo: .venv/.demo kernels  ## the environment and the main job
	$(BIN)/harness run --plugin msc --task colabfit

# Two processes, with one thread for each library: on few cores, threads of several libraries wait for each other.
test test-all: export OMP_NUM_THREADS := 1
test test-all: export OPENBLAS_NUM_THREADS := 1

test: .venv/.test kernels  ## the environment and the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow'

test-all: .venv/.test kernels  ## with those that take long and say little new, and the trackers' own packages
	$(PIP) -e '.[test,mlflow,tensorboard,wandb]'
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/.lint  ## format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/.test kernels  ## speed and memory against peers, in environments of their own
	$(BIN)/python -m benchmarks

dev: .venv/.test .venv/.lint  ## everything for working on the code; again after adding a plugin folder
	$(PIP) -e '.[test,lint]'

drills: .venv/.test kernels  ## faults on purpose, with a table of what was lost
	$(BIN)/python -m drills

mutants: .venv/.mutants kernels  ## errors made on purpose in the numerical modules, and which no test notices
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/mutants.py

clean:
	rm -rf .venv build dist *.egg-info
	find plugins -name '*.nb[ic]' -delete

# numba caches compiled code by file but inlines across files: forget what is older than a source beside it.
kernels:
	@for cache in plugins/*/__pycache__; do for compiled in "$$cache"/*.nbi; do \
	  if [ -e "$$compiled" ] && [ -n "$$(find "$$cache/.." -maxdepth 1 -name '*.py' -newer "$$compiled")" ]; then \
	    rm -f "$$cache"/*.nb[ic]; break; \
	  fi; done; done

.venv/.made:
	$(PYTHON) -m venv .venv
	touch $@

.venv/.demo: .venv/.made $(SOURCES)
	$(PIP) -e '.[atoms]'
	touch $@

.venv/.test: .venv/.made $(SOURCES)
	$(PIP) -e '.[test]'
	touch $@

.venv/.mutants: .venv/.test
	$(PIP) -e '.[test,mutants]'
	touch $@

# Types are checked against the libraries themselves.
.venv/.lint: .venv/.made $(SOURCES)
	$(PIP) -e '.[test,lint]'
	touch $@
