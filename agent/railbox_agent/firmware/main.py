"""What the board starts: it only starts the application. Whatever escapes from it ends in a restart by the watchdog."""

import asyncio

from railbox_board.app import App

asyncio.run(App().run())
