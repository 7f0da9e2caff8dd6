"""Celery over SQS made safe. Knows nothing of photos: any Celery project could take it."""
