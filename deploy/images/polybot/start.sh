#!/bin/sh
# What the site's container does before its command: its tables are brought up to this version. Where they can't be, it ends, and Docker starts it again.
set -eu

# Where this version's source is, for /help and the admin's foot; an image that was built by hand knows no such place.
[ -z "${SOURCE:-}" ] || export SOURCE_URL="${SOURCE_URL:-$SOURCE/tree/$REVISION}"

python manage.py migrate_alone --verbosity 0
exec "$@"
