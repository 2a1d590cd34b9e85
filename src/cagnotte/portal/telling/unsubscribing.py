"""`/p/PROGRAMME/notices/stop/…/`: the link in a mail that sends no more of its kind, without signing in.

Opening it changes nothing, since scanners of mails open every link; the form in it does, and a mail program's own
button sends that form by itself (RFC 8058). The page sends it too where the browser runs our script.
"""

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cagnotte.domain.errors import NotFound, Refused
from cagnotte.identity.models import Wallet
from cagnotte.notices import choosing
from cagnotte.notices.choosing import DIGEST, Unsubscription
from cagnotte.notices.kinds import TOPICS, Mode
from cagnotte.portal.visit import Visit, portal_page


@csrf_exempt  # the signature in the address says who asks, and a mail program has no token
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("notices")
def unsubscribe(visit: Visit, token: str) -> HttpResponse:
    """Ask, then send no more mails about a topic; or take that back. Raises NotFound for a link that is not ours."""
    asked = choosing.read_token(token)
    is_ours = Wallet.objects.filter(id=asked.wallet_id, programme_id=visit.programme.id).exists()
    if not is_ours or (asked.topic != DIGEST and asked.topic not in TOPICS):
        raise NotFound("This link does not hold.")
    topic = TOPICS.get(asked.topic)
    label = topic.label if topic else _("Daily and weekly mails")
    told = visit.request.POST
    state = "asking"
    before: dict[str, Mode] = {}
    if visit.request.method == "POST" and "again" in told:
        state = "again" if _taken_back(visit, asked) else "late"
    elif visit.request.method == "POST" and not (topic and topic.always):
        before = choosing.unsubscribe(programme_id=visit.programme.id, asked=asked, now=visit.now)
        if not before and topic:
            before = {topic.name: topic.usual.email}
        state = "stopped"
    answer = visit.show(
        "portal/telling/unsubscribe.html",
        topic=topic,
        label=label,
        state=state,
        before=choosing.write_before(asked, before) if before else "",
    )
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _taken_back(visit: Visit, asked: Unsubscription) -> bool:
    """Put back what stood before; False where the form does not say so, or no longer."""
    try:
        before = choosing.read_before(visit.request.POST.get("again", ""), asked)
    except Refused:
        return False
    choosing.subscribe(programme_id=visit.programme.id, asked=asked, before=before, now=visit.now)
    return True
