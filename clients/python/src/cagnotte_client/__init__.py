"""The REST interface of Cagnotte, from Python.

from cagnotte_client import Cagnotte

cagnotte = Cagnotte("cag_test_sk_…", "https://cashback.example")
quote = cagnotte.quotes.create(merchant="corner", currency="EUR", lines=[{"sku": "tea", "amount_minor": 1990}])
"""

from cagnotte_client.calls import Meta, meta
from cagnotte_client.client import AsyncCagnotte, Cagnotte
from cagnotte_client.errors import (
    CagnotteError,
    InvalidRequest,
    MalformedRequest,
    NotAllowedNow,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    NotReached,
    Place,
    PreconditionFailed,
    Problem,
    ServerFault,
    SignatureInvalid,
    TooManyRequests,
    UnreadableAnswer,
)
from cagnotte_client.pages import AsyncPages, Page, Pages

__version__ = "0.1.0"

__all__ = [
    "AsyncCagnotte",
    "AsyncPages",
    "Cagnotte",
    "CagnotteError",
    "InvalidRequest",
    "MalformedRequest",
    "Meta",
    "NotAllowedNow",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "NotReached",
    "Page",
    "Pages",
    "Place",
    "PreconditionFailed",
    "Problem",
    "ServerFault",
    "SignatureInvalid",
    "TooManyRequests",
    "UnreadableAnswer",
    "__version__",
    "meta",
]
