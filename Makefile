# Every target does its own set-up. All it takes is Python 3.12 or newer with pip (pyenv's will do), or uv.
.DEFAULT_GOAL := help
.PHONY: help demo test package soak fuzz audit browser load bench lint format docs site corpora

UV := .ci/uv
RUN := $(UV) run --frozen --quiet
AUTOGEN_CORPORA ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/autogen-corpora

help:            ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

demo:            ## the lean core in .venv-demo, and one generation on docs/sample, offline
	@UV_PROJECT_ENVIRONMENT=.venv-demo $(UV) sync --frozen --no-dev --quiet
	@PATH="$(CURDIR)/.venv-demo/bin:$$PATH" docs/sample/demo.sh
	@echo "# The lean core is in .venv-demo: $$(du -sm .venv-demo | cut -f1) MB"

test: lint       ## everything that CI runs: lint, types, layers, tests with branch coverage
	.ci/system
	$(RUN) pytest -n auto -m "not soak and not fuzz and not browser" --cov

package:         ## build twice, install into empty environments of PYTHON="3.12 3.13 3.14", use and type-check it there
	.ci/package $(or $(PYTHON),3.12 3.13 3.14)

soak: corpora    ## slow suites, on real projects
	AUTOGEN_CORPORA="$(AUTOGEN_CORPORA)" $(RUN) pytest -m soak

fuzz: corpora    ## chance for input, for SECONDS=600: no crash, no hang, no file changed on refusal
	guided=$$($(RUN) --with atheris python -c 'import atheris; print("--with atheris")' 2>/dev/null || true); \
	AUTOGEN_CORPORA="$(AUTOGEN_CORPORA)" AUTOGEN_FUZZ_SECONDS="$(or $(SECONDS),600)" $(RUN) $$guided pytest -m fuzz

audit:           ## known vulnerabilities of what is locked, the security lint, licences
	$(RUN) python .ci/audit.py

browser:         ## the page of `autogen usage --html` in headless Chromium; screenshots in .screenshots
	.ci/system chromium
	mkdir -p .screenshots
	AUTOGEN_SCREENSHOTS="$(CURDIR)/.screenshots" $(RUN) pytest -m browser

load:            ## webhooks at 200 a second for a minute against `autogen serve`, and until all are answered
	$(RUN) python -m tests.bridge.load

bench:           ## parts of the program, timed in this process; `autogen bench` times all of it
	$(RUN) pytest -m soak --benchmark-only tests/benchmarks tests/cache/test_latency.py

lint:            ## ruff, mypy --strict, the layer contract
	$(UV) sync --frozen
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports

format:          ## ruff's formatter and its safe fixes
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

docs:            ## regenerate what is derived from the code: schemas, pages on commands, settings and names, output
	$(RUN) python -m tests.generated

site:            ## the documentation as a site in site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(RUN) --isolated --only-group docs mkdocs build --strict --quiet

corpora:         ## unpack the projects that slow suites run on, outside the repository
	.ci/corpora "$(AUTOGEN_CORPORA)"
