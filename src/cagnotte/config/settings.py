"""The settings, all read from the environment; `docs/reference/settings.md` lists them.

Every variable has a default that suits a first run on one machine. A production sets at least
CAGNOTTE_DATABASE_URL, CAGNOTTE_SECRET_KEY and CAGNOTTE_ALLOWED_HOSTS.
"""

import os
import secrets
from pathlib import Path

import environ
import structlog
from csp.constants import NONE, SELF

from cagnotte.config import social
from cagnotte.domain.errors import CagnotteError
from cagnotte.platform import database
from cagnotte.platform.logs import without_tokens

env = environ.Env()

DATA_DIR = database.data_folder()


def _secret_key() -> str:
    """The named key, else one kept beside the embedded database, so that sessions outlive a restart."""
    named: str = env.str("CAGNOTTE_SECRET_KEY", default="")
    if named:
        return named
    file = DATA_DIR / "secret_key"
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        fresh = secrets.token_urlsafe(50)
    try:
        DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o711)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(fresh)
    except FileExistsError:
        return file.read_text(encoding="utf-8")
    except OSError:
        # A read-only folder: sessions then last as long as the process.
        return fresh
    return fresh


def _database() -> dict[str, object]:
    """The database's entry; a place-holder while no server can be named, so that tools may read the settings."""
    try:
        # Kept from one request to the next, and looked at before it is used again.
        kept = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
        return {**database.django_settings(database.database_url()), **kept}
    except CagnotteError:
        return {"ENGINE": "django.db.backends.postgresql", "NAME": "cagnotte"}


SECRET_KEY = _secret_key()
# Seals bank details in the database; drawn from SECRET_KEY when empty.
CAGNOTTE_FIELD_KEY = env.str("CAGNOTTE_FIELD_KEY", default="")
DEBUG = env.bool("CAGNOTTE_DEBUG", default=False)
ALLOWED_HOSTS = env.list("CAGNOTTE_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CAGNOTTE_TRUSTED_ORIGINS", default=[])

# The address under which the outside reaches this server; sources are told it, and some sign it.
CAGNOTTE_PUBLIC_URL = env.str("CAGNOTTE_PUBLIC_URL", default="").rstrip("/")
# The programme whose pages the bare address leads to, where there are several.
CAGNOTTE_PORTAL = env.str("CAGNOTTE_PORTAL", default="")
# For development: sources may be asked at private addresses and without TLS.
CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = env.bool("CAGNOTTE_ALLOW_PRIVATE_ADDRESSES", default=False)
# What a source sends is read in the request that brings it; false leaves it to the worker.
CAGNOTTE_READ_AT_ONCE = env.bool("CAGNOTTE_READ_AT_ONCE", default=True)

# From which hour of a programme's clock on its daily run is done by a worker; -1: by `cagnotte mature|expire` alone.
CAGNOTTE_NIGHT_HOUR = env.int("CAGNOTTE_NIGHT_HOUR", default=2)

# Requests per minute that a secret key, and one browser with a publishable key, may make of the REST interface.
CAGNOTTE_API_QUOTA = env.int("CAGNOTTE_API_QUOTA", default=6000)
CAGNOTTE_API_BROWSER_QUOTA = env.int("CAGNOTTE_API_BROWSER_QUOTA", default=600)

DATABASES = {"default": _database()}
CACHES = {
    # Limits on attempts, counted by all processes together.
    "default": {
        "BACKEND": "cagnotte.platform.shared_cache.SharedCache",
        "LOCATION": "identity_sharedcache",
    },
    # Which sessions this process saw lately: what is forgotten here is written once more.
    "seen": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "seen",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts elsewhere that people may sign in with; none by default.
SOCIAL = env.json("CAGNOTTE_SOCIAL", default={})

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_cotton",
    "cagnotte.ui",
    "cagnotte.identity",
    "cagnotte.ledger",
    "cagnotte.catalog",
    "cagnotte.tracking",
    "cagnotte.inbox",
    "cagnotte.purchases",
    "cagnotte.rewards",
    "cagnotte.wallet",
    "cagnotte.payouts",
    "cagnotte.notices",
    "cagnotte.claims",
    "cagnotte.growth",
    "cagnotte.portal",
    "cagnotte.desk",
    # After the desk, whose templates stand in for theirs.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    *social.apps(SOCIAL),
]

MIDDLEWARE = [
    # First, so that every answer of the REST interface passes it.
    "cagnotte.api.gate.Gate",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "cagnotte.ui.compression.CompressedText",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "cagnotte.ui.languages.AskedLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cagnotte.desk.signing_in.SeenNowAndThen",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "cagnotte.config.urls"
WSGI_APPLICATION = "cagnotte.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cagnotte.portal.accounts.frame.around",
            ],
        },
    },
]

# Signing in: a code by e-mail, a passkey, or a password if the person has set one. Accounts are made by joining a
# programme, or by invitation.
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_request_login_code"
LOGIN_REDIRECT_URL = "developers"
ACCOUNT_ADAPTER = "cagnotte.desk.signing_in.Accounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# A code sent there proves an address; a password can only be set by who came in that way, or on the command line.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# Eight letters and no vowel, so that no word comes out. Anybody may ask for codes of an address, three a minute, with
# five tries each: of 26 thousand millions that finds one in 3,000 years. So none need be refused for the rest of a day,
# which would let strangers lock a member out.
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"length": 8, "dashed": True}
ACCOUNT_PASSWORD_RESET_BY_CODE_CODE_FORMAT = ACCOUNT_LOGIN_BY_CODE_FORMAT
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_FORMS = {
    "request_login_code": "cagnotte.desk.sign_in_forms.AskCode",
    "confirm_login_code": "cagnotte.desk.sign_in_forms.TypeCode",
    "reset_password": "cagnotte.desk.sign_in_forms.ForgotPassword",
    "confirm_password_reset_code": "cagnotte.desk.sign_in_forms.TypeResetCode",
}
# What changes how one signs in asks for a proof first; who has proven it lately, our adapter says.
ACCOUNT_REAUTHENTICATION_REQUIRED = SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "developers"
MFA_ADAPTER = "cagnotte.desk.signing_in.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Cagnotte"
# Half a minute to either side, for phones whose clock is not ours.
MFA_TOTP_TOLERANCE = 1
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_ADAPTER = "cagnotte.desk.signing_in.AccountsElsewhere"
SOCIALACCOUNT_PROVIDERS = social.providers(SOCIAL)
# Whoever has an address according to a provider that the operator named comes in by it, as by a code sent there.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
# Behind so many proxies: where the limits on attempts find who asks.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("CAGNOTTE_PROXIES", default=0)

# Without a mail server, mails are printed where the server runs.
globals().update(env.email_url("CAGNOTTE_EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str(
    "CAGNOTTE_EMAIL_FROM", default="Cagnotte <cagnotte@localhost>"
)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = env.str("CAGNOTTE_LANGUAGE", default="en")
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [Path(__file__).parent.parent / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.str("CAGNOTTE_STATIC_ROOT", default=None)
# Static files are served from the installed packages; no collecting step stands between a clone and the admin.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
# Names of files stay when their content changes, so a browser asks again soon.
WHITENOISE_MAX_AGE = 0 if DEBUG else 600

# Behind a proxy that ends TLS, cookies travel over https only.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("CAGNOTTE_HTTPS", default=False)
if env.bool("CAGNOTTE_HTTPS", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Browsers that came once keep to https for a year.
    SECURE_HSTS_SECONDS = 31_536_000
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Pages load what this server serves and nothing else: no script or style inside a page, no frame around it.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF, *social.origins(SOCIAL)],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}

# One line per event, for people by default and as JSON for machines; other libraries' lines too.
LOG_STEPS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    without_tokens,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
structlog.configure(
    processors=[*LOG_STEPS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
# Both tell where a failure happened, without what variables held: among them are secrets and members' data.
LOG_FORMATS: dict[str, list[structlog.typing.Processor]] = {
    "text": [
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ],
    "json": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "event": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": LOG_STEPS,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *LOG_FORMATS.get(
                    env.str("CAGNOTTE_LOG_FORMAT", default="text"), LOG_FORMATS["text"]
                ),
            ],
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
    # The lines of `cagnotte serve` too: the addresses of sources hold a secret.
    "loggers": {"django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
    "root": {"handlers": ["stderr"], "level": env.str("CAGNOTTE_LOG_LEVEL", default="WARNING")},
}
