#!/usr/bin/env python3
"""An application that logs to the socket as `logging.handlers.SysLogHandler` does it: no time, no host, a NUL at the end."""
import logging
import logging.handlers
import sys

handler = logging.handlers.SysLogHandler(address="run/log", facility=logging.handlers.SysLogHandler.LOG_LOCAL0)
handler.ident = "Serverlog:"
handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
log = logging.getLogger("shop")
log.addHandler(handler)
log.setLevel(logging.DEBUG)

for order in range(1, int(sys.argv[1] if len(sys.argv) > 1 else 3) + 1):
    log.debug("order %d: cart has %d items", order, order % 7)
    log.info("order %d: paid", order)
    if order % 3 == 0:
        log.error("order %d: payment provider timed out\nretried once", order)
