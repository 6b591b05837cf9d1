"""What gunicorn serves: `wsgi:app` everything, `wsgi:voice` calls alone, `wsgi:web` the pages alone."""

import gc
import os
import sys

from dotenv import load_dotenv
from flask import Flask

from ivr import Doors, create_app
from ivr.config import Config, ConfigError
from ivr.logs import configure_logs

configure_logs()
load_dotenv(".env")
try:
    config = Config.from_env(os.environ)
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(2)


def __getattr__(name: str) -> Flask:
    """The application of that name; a server asks for one of them, and the others are not made."""
    if name not in set(Doors):
        raise AttributeError(name)
    app = globals()[name] = create_app(config, doors=Doors(name))
    gc.freeze()  # what was loaded stays: no collector need look at it again, and forked workers share its memory
    return app
