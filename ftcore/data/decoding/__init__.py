"""What decoding a picture needs: its first picture alone, its size by every header, a share of memory, RGB."""

__all__ = ["alone", "bare", "bits", "frames", "heic", "heif", "hevc", "memory", "rgb", "strips"]
