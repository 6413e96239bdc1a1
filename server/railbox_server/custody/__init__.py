"""In whose custody the goods were when something happened to them: condition by visit, and by leg between visits.

Pure: readings, events and visits in, frozen values out. Knows no store, no corridor and no clock.
"""
