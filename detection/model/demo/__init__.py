"""The demo model: a small YOLOv5 that this project trains itself, on pictures that it composes of emoji, so that every clone has a model.

bundle/         the finished model, which `detection.model.prepare` falls back to
`make demo-model` makes it anew: emoji → composed pictures → training → bundle → evaluation
"""
