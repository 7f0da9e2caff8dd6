"""Django's admin, as operators know it: pages of our own over DynamoDB, S3 and the queues, beside Django's users and its log.

Each page is a `Page` of one module here; `site.OperatorsSite` serves them all, and holds each to its permission.
"""
