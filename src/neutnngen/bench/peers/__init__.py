"""Scripts that run other spiking simulators, each with the Python of that simulator's own environment.

No module of ours imports them, and they import nothing of ours but ``peer_work`` beside them; see ``neutnngen.bench.peer_speed``.
"""
