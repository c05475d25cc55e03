# make demo          a running Docket with samples in it; ONCE=1 stops after the tour
# make up            web server and workers, without samples
# make stop          end what runs; the data stays
# make setup         only prepare
# make test          prepare and run all tests;  make check  linters and types as well

# make test-llm      tests with real servers of real models; the first time compiles for minutes
# make chaos         shoot at workers, engines, Postgres and storage; RUNS=10 SEED=n
# make bench-queue   measure the queue beside other queues, a quarter of an hour
# make screenshots   pictures of every page of the database in var/, light and dark
# make bench-reading measure the readers beside RapidOCR, tesseract and OCRmyPDF

PY = .venv/bin/python
export PYTHONUNBUFFERED = 1

.PHONY: demo up stop setup test test-llm check lint chaos bench-queue bench-reading screenshots

setup:
	@deploy/setup.sh

demo: setup
	@$(PY) manage.py demo $(if $(ONCE),--once && $(PY) -m config.stop)

up: setup
	@$(PY) manage.py up

stop:
	@$(PY) -m config.stop

test:
	@deploy/setup.sh tests
	@$(PY) -m config.testrun $(ARGS)

test-llm:
	@deploy/setup.sh tests
	@tests/llm/prepare.sh
	@DOCKET_TEST_LLM=1 $(PY) -m config.testrun tests/llm -rs -s $(ARGS)

chaos:
	@deploy/setup.sh tests
	@$(PY) -m tests.acceptance.chaos --runs $(or $(RUNS),1) --seed $(or $(SEED),0)

# In a folder of its own: its million rows and the other queues are nobody's data.
BENCH_VAR = $(or $(DOCKET_VAR),var/bench)

bench-queue: setup $(BENCH_VAR)/venv/made
	@DOCKET_VAR=$(BENCH_VAR) $(PY) -m bench.queues $(ARGS)

$(BENCH_VAR)/venv/made: bench/requirements.txt | setup
	@$(PY) -m venv $(BENCH_VAR)/venv
	@$(BENCH_VAR)/venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench-reading: setup $(BENCH_VAR)/reading/made
	@$(PY) bench/reading.py --peers $(BENCH_VAR)/reading/bin/python $(ARGS)

$(BENCH_VAR)/reading/made: bench/reading-requirements.txt | setup
	@$(PY) -m venv $(BENCH_VAR)/reading
	@$(BENCH_VAR)/reading/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

screenshots:
	@deploy/setup.sh tests
	@$(PY) -m bench.screenshots $(ARGS)

lint:
	@deploy/setup.sh tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(PY) manage.py makemigrations --check --dry-run
	DOCKET_ENV=production SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') \
		$(PY) manage.py check --deploy --fail-level WARNING --database default

check: lint test
