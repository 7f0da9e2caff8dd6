"""Tests of the stand-in of Telegram."""
