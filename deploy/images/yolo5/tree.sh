#!/bin/sh
# tree.sh SOURCE FOLDER: puts into FOLDER what a worker runs of the clone in SOURCE. What only the site runs stays out (Django is not in the image), and so does
# what makes the demo model. The model that is served has a folder of its own.
set -eu
source=$1 folder=$2

mkdir -p "$folder"
cd "$source"
cp -R detection taskqueue pyproject.toml LICENSE "$folder"
cp deploy/images/yolo5/start.sh "$folder/start"
chmod 0755 "$folder/start"

cd "$folder/detection"
rm -r admin api migrations static templates apps.py models.py
rm costs.py dashboard.py demo_model.py export.py export_formats.py filters.py find.py graves.py hours.py letters.py listing.py prices.json resend.py submit.py
rm verdicts.py
rm -r model/demo
find "$folder" -name __pycache__ -prune -exec rm -r {} +
