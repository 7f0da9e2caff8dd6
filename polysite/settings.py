"""Django's settings, for every place: what differs between places comes from the environment (see polysite.config)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.log import CallbackFilter

from detection import config
from polysite.config import SiteConfig

_site = config.load(SiteConfig)

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = _site.debug
SECRET_KEY = _site.django_secret_key.get_secret_value()
ALLOWED_HOSTS = _site.hosts

# What botgateway reads.
TELEGRAM_TOKEN = _site.telegram_token.get_secret_value()
TELEGRAM_API_URL = _site.api_url
WEBHOOK_SECRETS = tuple(_site.webhook_secrets.get_secret_value().split(","))  # the first is Telegram's, all are accepted
RESULTS_KEYS = _site.key_ring
PUBLIC_URL = str(_site.public_url).rstrip("/")
DEMO_MODEL = _site.demo_model
SOURCE_URL = str(_site.source_url or f"{PUBLIC_URL}/source")

INSTALLED_APPS = [
    "detection",  # before the admin: its templates frame the admin's
    "polysite.apps.OperatorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",  # the files of the API's page, so that it needs no other host
    "botgateway",
]
MIDDLEWARE = [
    "botgateway.health.health",  # first: a load balancer asks by address, which is no allowed host
    *(["polysite.tls.redirect_to_https"] if _site.is_public else []),
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last, as it asks to be
]
ROOT_URLCONF = "polysite.urls"
ASGI_APPLICATION = "polysite.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": _site.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Five wrong passwords for one account from one address, and for a quarter of an hour no further one is tried. The address is the
# client's: uvicorn takes it from X-Forwarded-For, and only from the proxy that FORWARDED_ALLOW_IPS names.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or whoever knows a name could keep its owner out for ever
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "admin/locked_out.html"
AXES_ENABLE_ADMIN = False

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
APPEND_SLASH = False  # a webhook or an announcement must not be redirected, it would lose its body

# /results and the health checks come over the inner network, without TLS. uvicorn takes X-Forwarded-Proto, from trusted
# proxies only (FORWARDED_ALLOW_IPS), so nothing here needs to trust a header.
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # SECURE_SSL_REDIRECT is off: polysite.tls redirects
SECURE_HSTS_SECONDS = 31_536_000 if _site.is_public else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _site.is_public
SECURE_HSTS_PRELOAD = _site.is_public
SESSION_COOKIE_SECURE = _site.is_public
CSRF_COOKIE_SECURE = _site.is_public
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
# Everything a page loads is a file of this site. A page that shows photos adds where they are (detection.admin.pages).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # the admin's own style has icons as data
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    # Closed unless a view opens itself, as /results does, which its signature guards.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_THROTTLE_RATES": {"user": "120/min"},  # of the API, whose views name their throttle
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Polybot API",
    "DESCRIPTION": "Predictions, to be read by programs. Times are in UTC.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["detection.api.document.only_the_api"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(message)s", "datefmt": "%H:%M:%S"}},
    # A 503 asks to be called again, and whoever answers so has said why.
    "filters": {"but_503": {"()": CallbackFilter, "callback": lambda record: getattr(record, "status_code", None) != 503}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
    "root": {"handlers": ["stdout"], "level": "INFO"},
    "loggers": {
        # Both may show URLs of the Bot API, which contain the token. What matters of them botgateway.telegram says.
        "httpx": {"level": "CRITICAL"},
        "httpcore": {"level": "CRITICAL"},
        "telegram": {"level": "CRITICAL"},
        # What their libraries say while they load is of no use to an operator.
        "botocore": {"level": "WARNING"},
        "pynamodb": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # A 403 or a 404 that a stranger asked for is no concern; what fails is logged by what failed.
        "django.security.SuspiciousFileOperation": {"level": "CRITICAL"},
        "django.request": {"level": "ERROR", "filters": ["but_503"]},
        "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
        "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
