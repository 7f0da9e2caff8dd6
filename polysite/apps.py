"""The admin's place in this project."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class OperatorsAdminConfig(AdminConfig):
    """Django's admin with our pages: in the place of django.contrib.admin among the installed apps."""

    default_site = "detection.admin.site.OperatorsSite"
