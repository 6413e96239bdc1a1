"""The tracker: what runs on the computer fixed to a container.

Serial bytes become fixes, readings and events (`pipeline`), are packed into batches, kept safe on disk and published.
It knows nothing of the server beyond the wire of `railbox_telemetry`.
"""


class AgentError(Exception):
    """Base of this room's errors; the message says what, where, and what to do."""
