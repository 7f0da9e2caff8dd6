"""Roll a new image out: over the site's instances one at a time, over the workers by an instance refresh.

Both are driven by what AWS says now and remember nothing themselves, so the same command goes on where another was interrupted.
"""
