"""Ten kinds of drawings made by code: a pen, paper to draw on, things of nature and things made."""

__all__ = ["draw", "nature", "paper", "pen", "things"]
