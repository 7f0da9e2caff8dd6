"""What a roll needs of AWS and moto has not, modelled as AWS documents it. The rehearsal and the tests of the rolls use the same models."""

from __future__ import annotations

import json


class Refused(Exception):
    """AWS says no; its code and its text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text

    def body(self, *, as_json: bool) -> str:
        """The answer to the call, whose status is 400: of a service that speaks JSON, or of one that speaks XML."""
        if as_json:
            return json.dumps({"__type": self.code, "message": self.text})
        return f"<ErrorResponse><Error><Type>Sender</Type><Code>{self.code}</Code><Message>{self.text}</Message></Error></ErrorResponse>"
