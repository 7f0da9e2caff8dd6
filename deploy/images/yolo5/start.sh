#!/bin/sh
# What a worker's container does before its command: it looks whether there is a model to serve, in a second and not after all else has been loaded.
set -eu

if [ ! -f "$DETECTION_MODEL/bundle.json" ]; then
    echo "$DETECTION_MODEL is not a model bundle: it has no bundle.json in it. Build the image with --build-arg MODEL=FOLDER, a bundle's folder in the clone," \
        "or mount one there; python -m detection.model export makes one of a YOLOv5 checkpoint." >&2
    exit 1
fi
exec "$@"
