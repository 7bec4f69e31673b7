"""A pretrained network as named blocks: where it comes from, what is changed about it, how far its weights went."""

__all__ = ["backbones", "blocks", "change", "cut", "describe", "pixels", "surgery", "tapconv", "weights"]
