"""All settings, in one file. What an installation may change comes from the environment: see docs/reference/settings.md."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from rapport.config import env
from rapport.launch.checkout import home

BASE_DIR = Path(__file__).resolve().parents[1]
HOME = home()
DEBUG = env.flag("RAPPORT_DEBUG")
SECRET_KEY = env.secret_key(HOME)
BASE_URL = env.text("RAPPORT_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = [*env.words("RAPPORT_HOSTS", "localhost,127.0.0.1,[::1]"), urlsplit(BASE_URL).hostname or ""]
CSRF_TRUSTED_ORIGINS = [*env.words("RAPPORT_ORIGINS"), BASE_URL]

SHARED_APPS = [
    "django_tenants",
    "rapport.foundation.accounts",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "template_partials",
    "django_htmx",
    "rapport.foundation.ui",
]
TENANT_APPS = [
    "rapport.foundation.workspace",
    "rapport.foundation.records",
    "rapport.stores.customers",
    "rapport.stores.ledger",
    "rapport.stores.commerce",
    "rapport.stores.warehouse",
    "rapport.touchpoints.permission",
    "rapport.touchpoints.channels.email",
    "rapport.touchpoints.conversations",
    "rapport.applications.sales",
    "rapport.insight.value",
    "rapport.insight.mining",
    "rapport.insight.scorecards",
    "rapport.integrations.api",
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS, "rapport.demo", "rapport.config"]
SINGLE_SIGN_ON = env.single_sign_on()
if SINGLE_SIGN_ON:  # its HTTP client takes 7 MB of every process
    INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")
TENANT_MODEL = "accounts.Workspace"
TENANT_DOMAIN_MODEL = "accounts.Domain"
TENANT_LIMIT_SET_CALLS = True
PUBLIC_SCHEMA_NAME = "public"

DATABASES = {"default": env.database(env.text("DATABASE_URL"))}
PAGE_TIMEOUT_SECONDS = env.number("RAPPORT_PAGE_TIMEOUT", 15)  # for each statement of a request that reads; 0: none
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "rapport.foundation.ui.middleware.Compress",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "rapport.foundation.ui.middleware.SecurityHeaders",
    "rapport.config.metrics.RequestMetrics",
    "rapport.config.health.HealthMiddleware",
    "rapport.foundation.accounts.middleware.PublicSchema",
    "rapport.config.timeouts.PageTimeout",
    "rapport.integrations.api.middleware.ApiGate",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "rapport.foundation.accounts.middleware.Person",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "rapport.foundation.ui.middleware.SignInAgain",
    "rapport.foundation.workspace.middleware.EnterWorkspace",
    "rapport.foundation.ui.middleware.PlainErrors",
]
CSRF_FAILURE_VIEW = "rapport.foundation.ui.views.errors.csrf_failure"
ROOT_URLCONF = "rapport.config.urls"
WORKSPACE_URLCONF = "rapport.config.workspace_urls"
WSGI_APPLICATION = "rapport.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "rapport.foundation.ui.context_processors.shell",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
OPEN_SIGNUP = env.flag("RAPPORT_OPEN_SIGNUP")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "rapport.foundation.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "rapport.foundation.accounts.forms.allauth.LoginForm",
    "signup": "rapport.foundation.accounts.forms.allauth.SignUpForm",
    "add_email": "rapport.foundation.accounts.forms.allauth.AddEmailForm",
    "change_password": "rapport.foundation.accounts.forms.allauth.ChangePasswordForm",
    "set_password": "rapport.foundation.accounts.forms.allauth.SetPasswordForm",
    "reset_password": "rapport.foundation.accounts.forms.allauth.ResetPasswordForm",
    "reset_password_from_key": "rapport.foundation.accounts.forms.allauth.ResetPasswordKeyForm",
    "reauthenticate": "rapport.foundation.accounts.forms.allauth.ReauthenticateForm",
}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BASE_URL.startswith("https://") else "http"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "rapport.foundation.accounts.adapter.display_name"
ACCOUNT_EMAIL_VERIFICATION = env.text("RAPPORT_EMAIL_VERIFICATION", "optional")
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": SINGLE_SIGN_ON, "OAUTH_PKCE_ENABLED": True}}
SOCIALACCOUNT_ADAPTER = "rapport.foundation.accounts.adapter.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # an address the firm's own provider vouches for is that person's
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
# The strict form policy lets no form lead to another site, and a link can only sign people in as themselves.
SOCIALACCOUNT_LOGIN_ON_GET = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or BASE_URL.startswith(("http://localhost", "http://127.0.0.1"))
MFA_TOTP_ISSUER = "Rapport"
MFA_TOTP_TOLERANCE = 1  # phones are a few seconds off, and people type slowly
MFA_FORMS = {"add_webauthn": "rapport.foundation.accounts.forms.allauth.AddKeyForm"}
MFA_ADAPTER = "rapport.foundation.accounts.adapter.SecondStepAdapter"
USERSESSIONS_TRACK_ACTIVITY = False  # accounts.middleware.Person does it, every few minutes instead of on each request
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("RAPPORT_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "public_cache",
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "REVERSE_KEY_FUNCTION": "django_tenants.cache.reverse_key",
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    # A folder for each workspace below MEDIA_ROOT. An explicit location would be one for all of them.
    "default": {"BACKEND": "django_tenants.files.storage.TenantFileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = HOME / "files"
MULTITENANT_RELATIVE_MEDIA_ROOT = "%s"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
MAX_IMPORT_BYTES = env.number("RAPPORT_MAX_IMPORT_MB", 1024) * 1024 * 1024

# The warehouse: columns of everything, for questions about everybody. See docs/how-to/warehouse.md.
WAREHOUSE = env.text("RAPPORT_WAREHOUSE", "duckdb")  # or clickhouse://…, spark://…
WAREHOUSE_PATH = Path(env.text("RAPPORT_WAREHOUSE_PATH") or HOME / "warehouse")
WAREHOUSE_SEEN_AS = env.text("RAPPORT_WAREHOUSE_SEEN_AS")  # how another engine names that folder; empty: the same
WAREHOUSE_MEMORY_MB = env.number("RAPPORT_WAREHOUSE_MEMORY_MB", 1024)
WAREHOUSE_THREADS = env.number("RAPPORT_WAREHOUSE_THREADS", 2)

EMAIL_HOST = env.text("RAPPORT_SMTP_HOST")
EMAIL_PORT = env.number("RAPPORT_SMTP_PORT", 587)
EMAIL_HOST_USER = env.text("RAPPORT_SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("RAPPORT_SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("RAPPORT_SMTP_TLS", default=True)
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = HOME / "mail"  # without an SMTP server, mails of the system itself are written here
DEFAULT_FROM_EMAIL = env.text("RAPPORT_FROM", "Rapport <rapport@localhost>")

# Mailboxes of workspaces: people name these servers, so private addresses are closed to them unless you say otherwise.
MAIL_MAY_BE_PRIVATE = env.flag("RAPPORT_MAIL_MAY_BE_PRIVATE")
MAIL_CERTIFICATES = env.text("RAPPORT_MAIL_CERTIFICATES")  # a file of issuers to trust beside the usual ones
MAIL_HELO = env.text("RAPPORT_MAIL_HELO")  # how we greet mail servers; empty: this machine's name

METRICS_TOKEN = env.text("RAPPORT_METRICS_TOKEN")
LOG_REQUESTS = env.text("RAPPORT_LOG") == "json"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "rapport.config.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json" if env.text("RAPPORT_LOG") == "json" else "plain",
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"rapport": {"level": env.text("RAPPORT_LOG_LEVEL", "INFO")}},
}
