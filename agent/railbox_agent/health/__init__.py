"""How the tracker is: measured, told in its status, to systemd, to people and to Prometheus.

What is known is gathered in one frozen `Snapshot`; everything that tells of it is a function of that.
"""
