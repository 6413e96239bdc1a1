"""What a fleet's crossings and journeys come to: dwells by border, direction and month, and the corridors' speeds.

Pure: what was derived of many units in, frozen values out. Own history is shown beside results and never changes them.
"""
