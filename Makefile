# Every target is one line that calls the real tool; the same lines run in CI.

.PHONY: help demo test examples lowest released-plugins lint format type cov bench-memory record build

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

demo:  ## Replay the demo through both frameworks
	uv run examples/demo.py

test:  ## Run the tests with the newest versions (openai 3)
	uv run pytest

examples:  ## Run every example, each in an environment with what its head asks for
	printf '%s\0' examples/[!_]*.py | xargs -0 -n 1 -P 2 uv run -q >/dev/null

lowest:  ## Run the tests with the lowest versions (openai 2), in an environment of its own
	cp uv.lock .uv.lock.newest; UV_PROJECT_ENVIRONMENT=.venv-lowest uv run --resolution lowest-direct pytest; status=$$?; mv .uv.lock.newest uv.lock; exit $$status

released-plugins:  ## Run a conversation through the plugins of the last release, beside this core
	.ci/released-plugins

lint:  ## Check style, format and the architecture's boundaries
	uv run --group lint ruff check . && uv run --group lint ruff format --check . && uv run --group lint lint-imports

format:  ## Put the code in its format
	uv run --group lint ruff format . && uv run --group lint ruff check --fix .

type:  ## Check the types, strictly
	uv run --group lint mypy && uv run --group lint mypy tests/typing/api.py

cov:  ## Run the tests and show which lines they leave out
	uv run --group cov pytest --cov --cov-report=term-missing:skip-covered

bench-memory:  ## Measure what a download costs in memory: into a folder, into S3 (SIZES="1 50 200", in MB)
	uv run benchmarks/memory.py $(if $(SIZES),--sizes $(SIZES))

record:  ## Record the cassettes anew from the stand-in server; LIVE=1: from the real API
	uv run cassettes/record.py $(if $(LIVE),--live)

build:  ## Build the three distributions
	uv build --all-packages
