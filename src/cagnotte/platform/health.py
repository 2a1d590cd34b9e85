"""Two addresses for whoever watches the process: is it alive, and can it work?"""

from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cagnotte.domain.errors import CagnotteError
from cagnotte.platform import migrations


@require_safe
@never_cache
def livez(_request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process answers at all; never asks the database."""
    return JsonResponse({"status": "alive"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers and its tables are current, else 503 with the reason's name."""
    checks = {"database": _database_answers(), "tables": False}
    if checks["database"]:
        checks["tables"] = _tables_are_current()
    ready = all(checks.values())
    body = {"status": "ready" if ready else "not ready", "checks": checks}
    return JsonResponse(body, status=200 if ready else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _tables_are_current() -> bool:
    try:
        return not migrations.pending()
    except CagnotteError:
        return False
