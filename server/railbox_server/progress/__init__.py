"""How far along its corridor a unit is, and when it will be where: from the journey that was derived.

Pure: numbers in, frozen values out; time is passed in. Knows corridors and journeys, no store and no broker.
"""
