"""The pages there are, in reading order, and what each keeps in the address.

Light on purpose: the server reads it before anything else is imported.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """A parameter of the address beside the settings.

    Once one of the settings in `about` changes, a value that begins with `begins` means nothing any more.
    """

    name: str
    about: tuple[str, ...] = ()
    begins: str = ""


@dataclass(frozen=True)
class Entry:
    """A page of the app. `path` is its address, the file's own name, so that both start-up modes agree.

    `own` names what the page keeps in the address.
    """

    group: str
    title: str
    path: str
    own: tuple[Key, ...] = ()
    default: bool = False

    @property
    def file(self) -> str:
        """The page's script, relative to `app.py`."""
        return f"pages/{self.path}.py"


EVERYWHERE = (Key("run"), Key("guide"))


ENTRIES = (
    Entry("Learn", "Pipeline", "pipeline", (Key("stage"),), default=True),
    Entry("Learn", "Freeze lab", "freeze_lab", (Key("lab", about=("backbone",)),)),
    Entry("Learn", "Train live", "train_live", (Key("phase"), Key("guess"))),
    Entry(
        "Learn",
        "Prediction trace",
        "trace",
        (Key("layer"), Key("net"), Key("pick", about=("data", "seed"), begins="val-")),
    ),
    Entry("Explore", "Experiments", "experiment", (Key("exp"),)),
    Entry("Make", "Your data", "your_data", (Key("set"), Key("part"))),
    Entry("Check", "Quiz", "quiz", (Key("lines"),)),
    Entry("Check", "Review", "review"),
)


OWN = {key.name: key for key in (*EVERYWHERE, *(key for entry in ENTRIES for key in entry.own))}
