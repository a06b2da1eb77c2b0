"""The pages of the test's site: django-helpdesk alone."""

from django.urls import include, path

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
