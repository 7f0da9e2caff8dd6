"""Whoever may be logged in, in a test of the admin."""

from __future__ import annotations

from django.contrib.auth.models import Group, User

ROLES = ("viewer", "operator", "owner")


def person(role: str = "") -> User:
    """A new person of staff with this role; without one, nobody in particular."""
    user = User.objects.create_user(role or "sam", is_staff=True)  # without a password, whose hashing takes long
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user
