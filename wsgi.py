"""What gunicorn serves."""

import gc
import os
import sys

from dotenv import load_dotenv

from ivr import create_app
from ivr.config import Config, ConfigError
from ivr.logs import configure_logs

configure_logs()
load_dotenv(".env")
try:
    app = create_app(Config.from_env(os.environ))
except ConfigError as error:
    print(error, file=sys.stderr)
    sys.exit(2)

gc.freeze()
"""What was loaded stays: the collector need not look at it again, and workers forked from here share its memory."""
