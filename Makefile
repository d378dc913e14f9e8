# make demo           a traced agent, in the terminal or in the backend that OTEL_EXPORTER_OTLP_ENDPOINT names
# make test           the tests that this environment is enough for, in a few minutes
# make test-slow      the others: environments of their own, the site, a browser, a type checker
# make test-all       both; those against real backends too, once `make backends` has built them
# make test-versions  the tests at both ends of every version range, and what we rely on in
#                     pre-releases of LangChain; QUICK=1: the most telling ones
# make test-providers  the tests with the packages of 20 providers, oldest and newest; QUICK=1: the newest
# make soak           the long random tests and faults; SEED=N repeats them, SOAK_ARGS="-k load" chooses
# make check          lint, format and types
# make docs           the documentation site, in site/
# make docs-serve     shows it on 127.0.0.1:8000, and builds it anew after each change
# make format         repairs what lint and format can
# make audit          the licences of dependencies, and their known vulnerabilities (the network is needed)
# make dist           the wheel and the source distribution in dist/, as they are published
# make sbom           a bill of materials in build/: the wheel, its extras and what they bring
# make docs-tables    the tables of docs/ anew, from the code and semconv/registry, and the prices of
#                     collector-config, from those of genai-prices
# make backends       builds the OpenTelemetry Collector and Jaeger with its pages into ~/.cache/langchain-otel, once
# make postgres       installs PostgreSQL for the tests of checkpointers (Debian, Ubuntu; as root)
# make prometheus     installs Prometheus for dashboards and alerts, and their tests (Debian, Ubuntu; as root)
# make valgrind       installs Valgrind for make bench-count (Debian, Ubuntu; as root)
# make chromium       installs Chromium for the tests of pages (Debian, Ubuntu; as root)
# make traceql        installs Grafana's grammar of TraceQL for the tests of queries (npm), once
# make python         brings CPython 3.14 for make test-versions and make test-providers (Debian)
# make kafka          brings Kafka for the test of a fleet (Maven and Java are needed)
# make phoenix        installs Arize Phoenix for its tests, into an environment of its own, once
# make screenshots    the pictures in docs/images, of the real Jaeger and Phoenix (Chromium is needed)
# make up, down       starts and stops them on loopback, Prometheus too, and prints what is where
# make bench          what tracing costs, beside other packages; BENCH_ARGS="--output FILE" keeps all figures
# make bench-count    the same in instructions, which a busy machine does not change (valgrind is needed)
# make bench-scale    the same for us alone, at scale; BENCH_ARGS="--soak MINUTES"

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# uv trusts whom the machine trusts, as pip does.
export UV_SYSTEM_CERTS ?= true
# The tests start hundreds of processes, none of which compiles anew what is compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all test-versions test-providers soak check format docs docs-serve docs-tables backends postgres prometheus valgrind chromium traceql python kafka phoenix screenshots up down bench bench-count bench-scale audit dist sbom clean

help:
	@grep -E '^# (make|  )' Makefile | cut -c3-

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[console,cost]' --group demo
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[console,cost]' --group demo --group test --group check --group docs --group release --group screenshots
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	@OTEL_SERVICE_NAME=$${OTEL_SERVICE_NAME:-langchain-otel-demo} $(BIN)/langchain-otel run examples/agent.py

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup -m "not slow" $(PYTEST_ARGS)

test-slow: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --dist loadgroup -m slow $(PYTEST_ARGS)

test-all: test test-slow

test-versions: $(VENV)/.test
	$(BIN)/python tests/environments.py $(if $(QUICK),--quick) $(PYTEST_ARGS)

test-providers: $(VENV)/.test
	$(BIN)/python tests/provider_environments.py $(if $(QUICK),--quick) $(PYTEST_ARGS)

soak: $(VENV)/.test
	SOAK=1 SOAK_SEED=$(SEED) $(BIN)/python -m pytest -p no:randomly tests/soak $(SOAK_ARGS)

check: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

docs: $(VENV)/.test
	$(BIN)/python docs/website.py

docs-serve: $(VENV)/.test
	$(BIN)/python docs/website.py --serve

# Nothing is found wherever the registry is not asked, so what cannot be asked about is a failure.
audit: $(VENV)/.test
	$(BIN)/python tests/licences.py
	@mkdir -p build
	$(BIN)/uv pip compile --quiet --generate-hashes --extra console --extra cost --output-file build/requirements.txt pyproject.toml
	$(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement build/requirements.txt $(AUDIT_ARGS)

# The same source and the same hatchling give the same bytes, anywhere and at any time.
dist: $(VENV)/.test
	rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist
	$(BIN)/twine check --strict dist/*.whl dist/*.tar.gz

# The bill names the version as the wheel does; pyproject.toml leaves it to the package.
sbom: dist
	rm -rf build/environment
	@mkdir -p build
	sed "s/^dynamic = .*/version = \"$$(echo dist/*.whl | cut -d- -f2)\"/" pyproject.toml > build/pyproject.toml
	$(BIN)/uv venv --quiet build/environment
	$(BIN)/uv pip install --quiet --python build/environment "./$$(echo dist/*.whl)[console,cost]"
	$(BIN)/cyclonedx-py environment --pyproject build/pyproject.toml --mc-type library --output-reproducible \
		--output-file build/sbom.cdx.json build/environment

docs-tables: $(VENV)/.test
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/prices.py

backends:
	$(PYTHON) -m tests.backends.build
	$(PYTHON) -m tests.backends.jaeger_ui

postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { apt-get update --quiet=2 && \
		DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends postgresql; }

prometheus:
	@which prometheus >/dev/null || { apt-get update --quiet=2 && \
		DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends prometheus; }

valgrind:
	@which valgrind >/dev/null || { apt-get update --quiet=2 && \
		DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends valgrind; }

chromium:
	@which chromium >/dev/null || which chromium-browser >/dev/null || which google-chrome >/dev/null || { apt-get update --quiet=2 && \
		DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends chromium; }

traceql:
	$(PYTHON) -m tests.backends.traceql

python: $(VENV)/.test
	$(BIN)/python tests/newer_python.py

kafka:
	$(PYTHON) -m tests.backends.kafka

phoenix: $(VENV)/.test
	$(BIN)/python -m tests.backends.phoenix

screenshots: phoenix
	$(BIN)/python -m tests.backends.screenshots

up:
	$(PYTHON) -m tests.backends.local up

down:
	$(PYTHON) -m tests.backends.local down

bench: $(VENV)/.test
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

bench-count: $(VENV)/.test
	@which valgrind >/dev/null || { echo "Valgrind is missing: make valgrind" >&2; exit 1; }
	$(BIN)/python benchmarks/count.py $(BENCH_ARGS)

bench-scale: $(VENV)/.test
	$(BIN)/python benchmarks/scale.py $(BENCH_ARGS)

clean:
	rm -rf $(VENV) build dist site .site
