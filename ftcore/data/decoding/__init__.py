"""What decoding a picture needs: its first picture alone, its size by every header, a share of memory, RGB."""

__all__ = ["bare", "frames", "memory", "rgb"]
