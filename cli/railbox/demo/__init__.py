"""`railbox demo`: the whole system on this machine, fed by simulated journeys through the real tracker and server."""
