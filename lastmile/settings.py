"""One settings module: environment in, loud failure on nonsense. Nothing else reads it.

What each variable means stands in docs/settings.md; a test keeps the two equal.
"""

from pathlib import Path
from typing import Any

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from lastmile import embedded
from lastmile.logs import address_without_secrets, exception_without_words
from organizations.calculations.issuers import read_issuers

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DATA_DIR = Path(env("LASTMILE_DATA", default=str(BASE_DIR / "var"))).resolve()
DEBUG = env.bool("LASTMILE_DEBUG", default=False)
LASTMILE_DEMO = env.bool("LASTMILE_DEMO", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
LOOPBACK_ONLY = set(ALLOWED_HOSTS) <= {"127.0.0.1", "localhost", "[::1]", "testserver"}
HTTPS = env.bool("LASTMILE_HTTPS", default=not LOOPBACK_ONLY)

# What mails written by the worker put before an address.
_LOCAL_SITE = "http://127.0.0.1:8000"
SITE: str = env(
    "LASTMILE_SITE", default=_LOCAL_SITE if LOOPBACK_ONLY else f"https://{ALLOWED_HOSTS[0]}"
).rstrip("/")

if LASTMILE_DEMO and not LOOPBACK_ONLY:
    raise ImproperlyConfigured(
        "LASTMILE_DEMO prints logins, so it runs on this machine's own address only. "
        "Remove LASTMILE_DEMO, or set ALLOWED_HOSTS to 127.0.0.1,localhost."
    )
# The sample's printed logins have no phone that could show a code.
REQUIRE_MFA = env.bool("LASTMILE_REQUIRE_MFA", default=True) and not LASTMILE_DEMO
if not REQUIRE_MFA and not LOOPBACK_ONLY:
    raise ImproperlyConfigured(
        "LASTMILE_REQUIRE_MFA=0 lets a password alone make keys and roles, so it works on this "
        "machine's own address only. Remove it, or set ALLOWED_HOSTS to 127.0.0.1,localhost."
    )
if not LOOPBACK_ONLY and not HTTPS:
    raise ImproperlyConfigured(
        "Addresses other than this machine's own need https: set LASTMILE_HTTPS=1 behind a proxy "
        "that ends TLS."
    )

SECRET_KEY = env("SECRET_KEY", default="") or embedded.secret_key(DATA_DIR)
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY must have at least 32 characters.")

_addresses = embedded.addresses(DATA_DIR)
_broker = env("REDIS_URL", default="") or _addresses.broker_url

DATABASES = {
    "default": env.db_url_config(env("DATABASE_URL", default="") or _addresses.database_url)
    | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
}
_role = env("LASTMILE_DB_ROLE", default="")
if _role:
    # env.db() may have put ?host= into OPTIONS already: merge, never replace.
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options["options"] = f"{_options.get('options', '')} -c role={_role}".strip()

CACHES = {
    # Rate limits are counted here, in the database: Redis may be empty or away at any time.
    "default": {
        "BACKEND": "lastmile.cache.JsonDatabaseCache",
        "LOCATION": "cache_entry",
    },
    "pages": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pages"},
}

INSTALLED_APPS = [
    "lastmile",
    "ui",
    "organizations",
    "portfolio",
    "handoffs",
    "adoption",
    "attribution",
    "sprints",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_htmx",
    "django_structlog",
    # Cotton and partials both wrap the loaders and cancel each other out: simple configs here,
    # the order of loaders below.
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lastmile.middleware.PathOnlyRequestMiddleware",
    "organizations.api.addresses.KeyInAddressMiddleware",
    "organizations.middleware.ScopeMiddleware",
    "organizations.middleware.ViewAsMiddleware",
    "organizations.middleware.SignOnMiddleware",
    "organizations.middleware.ErrorPageMiddleware",
]

ROOT_URLCONF = "lastmile.urls"
WSGI_APPLICATION = "lastmile.wsgi.application"
# Paths of the API work with and without a trailing slash; nothing is redirected.
APPEND_SLASH = True

_LOADERS = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [("django.template.loaders.cached.Loader", _LOADERS)],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "ui.templatetags.ui",
                "lastmile.templatetags.shell",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
COTTON_DIR = "components"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without a build step files are served from where they lie; an image collects them once.
WHITENOISE_USE_FINDERS = not env.bool("LASTMILE_COLLECTED", default=False)
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "files"
# Ends of the audit chains, one line a night: where it lies on another disk, a cut tail shows there.
AUDIT_HEADS = Path(path) if (path := env("LASTMILE_AUDIT_HEADS", default="")) else None
ERASURE_JOURNAL = Path(
    env("LASTMILE_ERASURE_JOURNAL", default="") or DATA_DIR / "erasures.jsonl"
).resolve()

# --- who signs in -----------------------------------------------------------------------------
AUTH_USER_MODEL = "organizations.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # uniqueness of the address is a constraint on lower(email)
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "organizations.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
# This browser stays signed in; organizations.adapters ends the others.
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
# An address nobody has gets no mail: it would tell strangers of us, and fill the outbox.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
PASSWORD_RESET_TIMEOUT = 3600
# Codes of a second factor count as sign-ins of that login.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "5/15m/key,20/15m/ip",
    "login": "60/15m/ip",
    "reset_password": "20/15m/ip,5/15m/key",
    "reset_password_from_key": "20/15m/ip",
    "change_password": "5/15m/user",
    "reauthenticate": "20/15m/user",
}
# How many proxies add to X-Forwarded-For: whose addresses the limits above count.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("LASTMILE_PROXIES", default=0)
MFA_ADAPTER = "organizations.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Last Mile"
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "organizations.forms.second_factor.SignInCodeForm",
    "reauthenticate": "organizations.forms.second_factor.ConfirmCodeForm",
    "activate_totp": "organizations.forms.second_factor.FirstCodeForm",
}
MFA_RATE_LIMITS = {"webauthn_login": "20/15m/ip"}
USERSESSIONS_TRACK_ACTIVITY = False
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "sessionid"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_SECONDS = 60 * 60
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "lastmile.views.csrf_failure"

# --- headers ----------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# --- limits of docs/formats (SECURITY): checked before any work --------------------------------
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_INFLATED_BYTES = 256 * 1024 * 1024
MAX_JSON_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_ROWS = 1_000_000
ROWS_BEFORE_ANSWER = 5_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
KEY_REQUESTS_PER_MINUTE = env.int("LASTMILE_KEY_REQUESTS_PER_MINUTE", default=600)

# --- reports that the operator fetches by command (manage.py pull); nothing else reads these ----
PULL_GITHUB_TOKEN = env("LASTMILE_PULL_GITHUB_TOKEN", default="")
PULL_GRAPH_TENANT = env("LASTMILE_PULL_GRAPH_TENANT", default="")
PULL_GRAPH_CLIENT_ID = env("LASTMILE_PULL_GRAPH_CLIENT_ID", default="")
PULL_GRAPH_CLIENT_SECRET = env("LASTMILE_PULL_GRAPH_CLIENT_SECRET", default="")

# --- API --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["organizations.api.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["organizations.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "organizations.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Last Mile API",
    "DESCRIPTION": "Post usage, people, initiatives and eligibility; read adoption and the sprint.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "ItemState": ["open", "done", "withdrawn"],
        "BatchState": [
            *("received", "running", "done", "refused", "dead"),
            *("preview", "discarded", "undone"),
        ],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False},
}

# --- background work (SECURITY 7): leases in the database decide, Redis only rings --------------
CELERY_BROKER_URL = _broker
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 600
CELERY_TASK_TIME_LIMIT = 720
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "compute"
CELERY_TASK_ROUTES = {"organizations.tasks.process_batch": {"queue": "ingest"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
LEASE_SECONDS = env.int("LASTMILE_LEASE_SECONDS", default=60)
SWEEP_SECONDS = env.int("LASTMILE_SWEEP_SECONDS", default=30)
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "organizations.tasks.sweep", "schedule": SWEEP_SECONDS},
    "ensure-due": {"task": "sprints.tasks.ensure_due", "schedule": 15 * 60},
    "digests": {"task": "organizations.tasks.digests", "schedule": 15 * 60},
}

# --- logs: ids and counts, never names, addresses or row contents ------------------------------
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                exception_without_words,
                address_without_secrets,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _PROCESSORS,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env("LASTMILE_LOG_LEVEL", default="WARNING")},
}
structlog.configure(
    processors=[
        *_PROCESSORS,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

# --- mail: rows first (organizations.actions.mail), sent by the worker where a server is set ----
SENDS_MAIL = bool(env("EMAIL_URL", default=""))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("MAIL_FROM", default="Last Mile <lastmile@localhost>")
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
if SENDS_MAIL:
    if not env("MAIL_FROM", default=""):
        raise ImproperlyConfigured(
            "EMAIL_URL needs MAIL_FROM as well: the sender, such as 'Last Mile <lm@acme.example>'."
        )
    _server = env.email_url("EMAIL_URL")
    if not _server["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        raise ImproperlyConfigured("EMAIL_URL must begin with smtp+tls://, smtp+ssl:// or smtp://.")
    EMAIL_BACKEND = _server["EMAIL_BACKEND"]
    EMAIL_HOST, EMAIL_PORT = _server["EMAIL_HOST"], _server["EMAIL_PORT"]
    EMAIL_HOST_USER = _server["EMAIL_HOST_USER"] or ""
    EMAIL_HOST_PASSWORD = _server["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS = _server.get("EMAIL_USE_TLS", False)
    EMAIL_USE_SSL = _server.get("EMAIL_USE_SSL", False)
    if EMAIL_HOST_PASSWORD and not (EMAIL_USE_TLS or EMAIL_USE_SSL):
        raise ImproperlyConfigured(
            "EMAIL_URL would send its password unencrypted: begin it with smtp+tls:// (port 587) "
            "or smtp+ssl:// (port 465)."
        )

# --- sign-on: issuers that an administrator may choose, and hosts the server may ask ------------
try:
    SIGN_ON_ISSUERS = read_issuers(env("LASTMILE_SIGN_ON", default=""))
except ValueError as _fault:
    raise ImproperlyConfigured(f"LASTMILE_SIGN_ON: {_fault}") from None
SOCIALACCOUNT_ADAPTER = "organizations.adapters.SignOnAdapter"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
