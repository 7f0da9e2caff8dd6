"""One machine stands in for the outside world: an embedded AWS, Telegram with a chat page, and a supervisor of the site and its workers."""
