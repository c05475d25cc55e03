# make demo          a running Docket with samples in it; ONCE=1 stops after the tour
# make up            web server and workers, without samples
# make stop          end what runs; the data stays
# make setup         only prepare
# make test          prepare and run all tests;  make check  linters and types as well

PY = .venv/bin/python
export PYTHONUNBUFFERED = 1

.PHONY: demo up stop setup test check lint

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

lint:
	@deploy/setup.sh tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(PY) manage.py makemigrations --check --dry-run
	DOCKET_ENV=production SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') \
		$(PY) manage.py check --deploy --fail-level WARNING --database default

check: lint test
