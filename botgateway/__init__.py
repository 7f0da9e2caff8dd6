"""Telegram and HTTP in, Telegram out: the webhook, /results, and what the bot says."""
