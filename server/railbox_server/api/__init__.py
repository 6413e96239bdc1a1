"""The HTTP API and the page: reads the store, passes wishes on, decides nothing."""
