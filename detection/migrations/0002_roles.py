"""The roles: viewer, operator and owner, as groups. Who belongs to them is said on the admin's page of users."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

_PERMISSIONS = [
    ("view_photo", "Can see people's photos (each look is written down)"),
    ("export_prediction", "Can export predictions with their photos"),
    ("block_chat", "Can block a chat, and unblock it"),
    ("erase_chat", "Can erase a chat"),
    ("redrive_letter", "Can redrive dead letters"),
    ("drop_letter", "Can drop dead letters"),
    ("control_queue", "Can pause and resume queues"),
]
_VIEWER = ["view_prediction"]
_OPERATOR = [*_VIEWER, "view_photo", "change_prediction", "block_chat", "redrive_letter", "control_queue"]
_OWNER = [*_OPERATOR, "delete_prediction", "export_prediction", "erase_chat", "drop_letter"]
_USERS = ["view_user", "add_user", "change_user", "delete_user"]
_DEFAULTS = {f"{verb}_prediction": f"Can {verb} prediction" for verb in ("view", "change", "delete")}


def make_roles(apps: Any, schema_editor: Any) -> None:
    """Django makes permissions after the last migration, which is too late for the groups, so what they need is made here."""
    groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    content_types = apps.get_model("contenttypes", "ContentType")
    using = schema_editor.connection.alias

    def permission(codename: str, app: str, model: str) -> Any:
        kind, _ = content_types.objects.using(using).get_or_create(app_label=app, model=model)
        name = (dict(_PERMISSIONS) | _DEFAULTS).get(codename, f"Can {codename.replace('_', ' ')}")
        return permissions.objects.using(using).get_or_create(codename=codename, content_type=kind, defaults={"name": name})[0]

    for role, codenames in (("viewer", _VIEWER), ("operator", _OPERATOR), ("owner", _OWNER)):
        group, _ = groups.objects.using(using).get_or_create(name=role)
        group.permissions.add(*(permission(codename, "detection", "prediction") for codename in codenames))
        if role == "owner":
            group.permissions.add(
                *(permission(codename, "auth", "user") for codename in _USERS), permission("view_logentry", "admin", "logentry")
            )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("detection", "0001_predictions"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="prediction",
            options={"managed": False, "default_permissions": ("view", "change", "delete"), "permissions": _PERMISSIONS},
        ),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
    ]
