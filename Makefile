# Two commands on a fresh machine: `make demo` and `make test`. Everything they need goes to .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= training/config.toml
OUT ?= demo-report
SOURCES := $(shell find src models -type f -not -name '*.pyc') pyproject.toml README.md

.PHONY: demo test fuzz check wheel model gate bench scale serve clean validate split lexicon silver adapt finetune distil characters export quantise calibrate screen probe scratch evaluate card agreement datasheet readme extortion-check

$(VENV)/pip.stamp: constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch build hatchling
	touch $@

dist/wheel.stamp: $(SOURCES) | $(VENV)/pip.stamp
	rm -rf dist && mkdir -p dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist . > dist/build.log 2>&1 || { cat dist/build.log; exit 1; }
	touch $@

$(VENV)/run.stamp: dist/wheel.stamp
	wheel=$$(ls dist/*.whl) && $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt "$$wheel[serve]"
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --force-reinstall dist/*.whl
	touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	wheel=$$(ls dist/*.whl) && $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt "$$wheel[dev]"
	touch $@

# Scan the invented example chats and name the report.
demo: $(VENV)/run.stamp
	rm -f $(OUT)/report.html
	$(BIN)/detector scan tests/exports/demo --tz Asia/Baghdad --out $(OUT) || [ $$? -eq 1 ]  # 1: a part is unread
	@test -s $(OUT)/report.html && echo && echo "The report: $(abspath $(OUT))/report.html"

# Everything CI runs; the tests, a process for each processor, run against the installed wheel.
test: $(VENV)/dev.stamp check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

# The tests of what holds for any input, on thousands of new inputs; `make test` tries the same ones each time.
fuzz: $(VENV)/dev.stamp
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest --numprocesses auto $$(grep -l '^@given' tests/test_*.py)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: dist/wheel.stamp

# From labelled messages to models/default; `make finetune` and so on run one step.
model: $(VENV)/dev.stamp
	$(BIN)/python -m training.run $(CONFIG)

validate split lexicon silver adapt finetune distil characters export quantise calibrate screen probe scratch evaluate card agreement datasheet readme: $(VENV)/dev.stamp
	$(BIN)/python -m training.$@ $(CONFIG)

# The functional tests of the field on the shipped model; `python -m training.extortion_check --help` for any other.
extortion-check: $(VENV)/dev.stamp
	$(BIN)/python -m training.extortion_check score

# The detector beside what one would take today; `make bench MESSAGES=20000` is quicker.
bench: $(VENV)/dev.stamp
	$(BIN)/python -W ignore -m training.bench $(CONFIG) $(MESSAGES)

# What a message costs in ever longer chats, with the screen; `make scale SIZES="10000 100000"` is quicker.
scale: $(VENV)/dev.stamp
	$(BIN)/python -W ignore -m training.scale $(CONFIG) $(SIZES)

# The figures of the working tree beside those of the last commit; fails where a slice got worse.
gate: $(VENV)/dev.stamp
	git show HEAD:models/default/metrics.json | $(BIN)/python -m training.compare /dev/stdin models/default/metrics.json

serve: $(VENV)/dev.stamp
	$(BIN)/detector serve

clean:
	rm -rf dist build $(OUT) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
