"""A site of django-helpdesk as an operator may have one; runs in an environment of its own.

``DESK_HELPDESK`` names its folder. As ``python site_settings.py`` it makes the database, a queue
and users, unless they are there, and prints their ids as JSON.
"""

import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["DESK_HELPDESK"])
SECRET_KEY = "of a test, on this machine"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "site_urls"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "zh-hans"
LOGIN_URL = "/login/"
STATIC_URL = "/static/"
MEDIA_ROOT = str(FOLDER / "media")
MEDIA_URL = "/media/"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(FOLDER / "helpdesk.db"),
        "OPTIONS": {"timeout": 20},
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "helpdesk",
    "rest_framework",
]
SITE_ID = 1
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = []
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
HELPDESK_TEAMS_MODE_ENABLED = False
PASSWORD = "a password of the test 7Q"


def seed():
    """Make what an operator would make by hand."""
    import django
    from django.core.management import call_command

    sys.modules.setdefault("site_settings", sys.modules[__name__])
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User
    from helpdesk.models import CustomField, Queue

    queue, _ = Queue.objects.get_or_create(title="Privacy", slug="privacy")
    ids = {"queue": queue.id}
    for name in ("desk", "mei", "zhou", "stranger"):
        user = User.objects.filter(username=name).first()
        if user is None:
            user = User.objects.create_user(name, f"{name}@example.com", PASSWORD, is_staff=True)
        ids[name] = user.id
    CustomField.objects.get_or_create(
        name="desk_number",
        defaults={
            "label": "Number",
            "data_type": "varchar",
            "max_length": 40,
            "required": False,
            "staff_only": True,
        },
    )
    print(json.dumps(ids))


if __name__ == "__main__":
    seed()
