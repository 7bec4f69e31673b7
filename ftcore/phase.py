"""One stretch of training, `Phase`: what it may choose for itself, with help texts and limits.

This module knows nothing about torch, networks or images.
"""

from __future__ import annotations

from dataclasses import dataclass

from ftcore import fields
from ftcore.errors import FtError
from ftcore.fields import setting

HEAD = "head"


@dataclass(frozen=True)
class Phase:
    """One stretch of training with a fixed set of trainable blocks."""

    name: str = setting(
        "Train the head", "Name", "What this phase is called in charts and tables.", group="", option=""
    )
    epochs: int = setting(
        5,
        "Epochs",
        "How often every training image is shown once. More epochs cost time in proportion.",
        low=1,
        high=1000,
        group="first",
        option="epochs of each phase",
    )
    lr: float = setting(
        1e-3,
        "Learning rate",
        "The factor on every step of the weights. A new head can take large steps, such as 0.001; for thawed pretrained blocks 10 to 100 times less is usual.",
        low=1e-7,
        high=10.0,
        group="first",
        widget="rate",
        option="learning rate of each phase",
    )
    trainable: tuple[str, ...] = setting(
        (HEAD,),
        "Trainable blocks",
        "The blocks whose weights may move in this phase. All others stay frozen.",
        group="",
        option="",
    )
    optimizer: str = setting(
        "adamw",
        "Optimizer",
        "AdamW adapts the step of each weight and forgives a rough learning rate. SGD with momentum 0.9 is plainer "
        "and wants a higher rate.",
        ("adamw", "sgd"),
    )
    weight_decay: float = setting(
        1e-2,
        "Weight decay",
        "Pulls weights towards zero a little at each step, which curbs overfitting.",
        low=0.0,
        high=1.0,
    )
    decay_on: str = setting(
        "everything",
        "Weight decay acts on",
        "Everything that learns, or matrices alone: the weights of convolutions and linear layers. Biases and the scales of "
        "norms are few and may be as large as they need to be, so most recipes for real sets leave them out. It costs no time.",
        ("everything", "matrices"),
    )
    schedule: str = setting(
        "constant",
        "Schedule",
        "Constant keeps the learning rate. Cosine lowers it smoothly to zero over the phase. Plateau divides it by ten each "
        "time that the validation loss has not improved for two epochs.",
        ("constant", "cosine", "plateau"),
    )
    warm_up: float = setting(
        0.0,
        "Warm-up",
        "Over so many epochs at its start the phase's rate rises evenly to its full height, so that the first steps, whose "
        "direction is the least sure, are small. Half an epoch to a few are usual; 0 begins at full height, and with more than the phase has it is never reached. It costs no time, "
        "but the epochs in which the rate is low.",
        low=0.0,
        high=1000.0,
    )
    clip: float = setting(
        0.0,
        "Gradient clipping",
        "Where the gradients of a step are together longer than this, they are shortened to it, so that no odd batch "
        "throws the weights far off; 1 is usual. It costs next to no time. Empty leaves them as they are.",
        low=0.0,
        high=1e6,
        option="shorten the gradients of a step to this norm; 0 leaves them as they are. One for each phase.",
        empty="none",
    )
    depth_decay: float = setting(
        1.0,
        "Rate for deeper blocks",
        "Each trainable block nearer the input gets the rate of the block after it times this number. "
        "1 gives all blocks one rate.",
        low=0.01,
        high=1.0,
    )

    def __post_init__(self) -> None:
        fields.check(self)
        if not self.trainable:
            raise FtError("Nothing is trainable in this phase: thaw at least the head.")
        if len(set(self.trainable)) != len(self.trainable):
            raise FtError("A block is named twice among the trainable ones: name each once.")

    @property
    def head_only(self) -> bool:
        """Does only the new head learn in this phase?"""
        return self.trainable == (HEAD,)
