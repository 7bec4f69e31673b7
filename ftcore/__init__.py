"""Thaw's engine: fine-tune a pretrained image classifier and see every number on the way.

Read in this order: settings -> backbones -> surgery -> features -> train. It works from a terminal
(`python -m ftcore`) and knows nothing about the web pages that show it.
"""
