"""The WSGI door that gunicorn opens."""

import os

from django.core.wsgi import get_wsgi_application

from config import database, settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if settings.EMBEDDED_DATABASE:
    database.start(settings.VAR)
application = get_wsgi_application()
