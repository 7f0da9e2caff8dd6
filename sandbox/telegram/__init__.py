"""A stand-in of Telegram: the Bot API over HTTP, webhooks, the people who chat (control.py) and a chat page."""
