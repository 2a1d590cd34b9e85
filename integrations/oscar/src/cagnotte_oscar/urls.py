"""For the shop's addresses: `path("cagnotte/", include("cagnotte_oscar.urls"))`."""

from django.urls import path

from cagnotte_oscar.views import Vouchers

urlpatterns = [path("", Vouchers.as_view(), name="cagnotte-vouchers")]
