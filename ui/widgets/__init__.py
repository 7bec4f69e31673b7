"""What is drawn and clicked: strip, gallery, pad, probe, curves and drift, each fed with plain values."""

__all__ = [
    "choice", "component", "copylink", "curves", "drift", "gallery", "looks", "pad", "phone", "pixels", "probe", "progress", "reach", "softmax", "strip", "vega",
]  # fmt: skip
