#!/bin/sh
# tree.sh SOURCE FOLDER: puts into FOLDER what the site runs of the clone in SOURCE. What only a worker runs stays out: its packages are not in the image.
set -eu
source=$1 folder=$2

mkdir -p "$folder"
cd "$source"
cp -R polysite botgateway detection taskqueue manage.py pyproject.toml LICENSE "$folder"
cp deploy/images/polybot/start.sh "$folder/start"
chmod 0755 "$folder/start"

cd "$folder/detection"
rm -r annotate.py announce.py decode.py labels.py model pipeline.py reconcile.py tasks.py
rm fill/pictures.py
find "$folder" -name __pycache__ -prune -exec rm -r {} +
