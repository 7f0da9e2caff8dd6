"""The read model for programs, as JSON over HTTP: what the admin's pages list and show, held to the same permission and bounds."""
