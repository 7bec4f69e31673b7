"""What training takes on this machine: measured once for each network, then worked out for every setting."""

__all__ = ["estimate", "flops", "machine", "memory", "pace"]
