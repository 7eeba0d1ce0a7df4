"""The detector over HTTP, for moderators' tools. Only this package knows FastAPI and pydantic.

Message text enters no log and no error: errors name the field that is wrong, never what stands in it.
"""

from detector.serve.app import create_app
from detector.serve.limits import Limits
from detector.serve.server import listen, make_server, run

__all__ = ["Limits", "create_app", "listen", "make_server", "run"]
