"""A pretrained network as named blocks: where it comes from, what is changed about it, how far its weights went."""

__all__ = [
    "backbones", "blocks", "catalogue", "change", "cut", "describe", "hub", "layout", "libraries", "pixels", "surgery", "tapconv", "weights",
]  # fmt: skip
