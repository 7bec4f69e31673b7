"""Thaw's engine: fine-tune a pretrained image classifier and see every number on the way.

Read in this order: settings, network/, data/, training/, runs/; each folder says what it is for. It works
from a terminal (`python -m ftcore`) and knows nothing about the web pages that show it.
"""

import os

# torch's threads wait for each other busily. Where another program wants a core too, that makes a step of
# small products 30 times slower; waiting briefly and then sleeping costs nothing on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
