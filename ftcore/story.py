"""A run as far as it has been told: what pages, charts, observations, the quiz and recordings read of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ftcore.events import Baseline, EpochEnd, HeadAlone, PhaseEnd, RunEnd, RunStart
from ftcore.settings import Phase, RunSettings


@dataclass(frozen=True)
class Story:
    """The settings of a run, and its events by what they are about; `epochs` and `phases` are in order.

    `baseline` is the network before training, `alone` the head trained on alone beside the run, `end` the last word
    with the test set; None until they are told.
    """

    settings: RunSettings
    start: RunStart | None = None
    baseline: Baseline | None = None
    epochs: tuple[EpochEnd, ...] = ()
    phases: tuple[PhaseEnd, ...] = ()
    end: RunEnd | None = None
    alone: HeadAlone | None = None

    @classmethod
    def of(cls, settings: RunSettings, events: Iterable[object]) -> Story:
        """The story that these events tell."""
        return cls(settings).further(settings, events)

    def further(self, settings: RunSettings, events: Iterable[object]) -> Story:
        """The story with what came later. What is told twice, as after a resume, counts once: the later telling."""
        start, baseline, end, alone = self.start, self.baseline, self.end, self.alone
        epochs = {epoch.epoch: epoch for epoch in self.epochs}
        phases = {phase.phase: phase for phase in self.phases}
        for event in events:
            match event:
                case RunStart():
                    start, end = event, None
                case Baseline():
                    baseline = event
                case EpochEnd():
                    epochs[event.epoch] = event
                case HeadAlone():
                    alone = event
                case PhaseEnd():
                    phases[event.phase] = event
                case RunEnd():
                    end = event
        told, over = (epochs[number] for number in sorted(epochs)), (phases[number] for number in sorted(phases))
        return Story(settings, start, baseline, tuple(told), tuple(over), end, alone)

    @property
    def control(self) -> dict[int, tuple[float, float]]:
        """Validation loss and accuracy of the head alone in the epochs since the thaw, as far as the run has come.

        Empty where none was trained, or where it does not follow the last epoch in which only the head learned.
        """
        after = max((epoch.epoch for epoch in self.epochs if epoch.phase <= self.settings.head_phases), default=0)
        if self.alone is None or self.alone.after != after:
            return {}
        told = zip(self.alone.val_loss, self.alone.val_accuracy, strict=False)
        return {epoch: both for epoch, both in enumerate(told, after + 1) if epoch <= self.epochs[-1].epoch}

    def phase_of(self, epoch: EpochEnd) -> Phase:
        """The settings of the phase that an epoch belongs to."""
        return self.settings.phases[epoch.phase - 1]

    def head_only(self, epoch: EpochEnd) -> bool:
        """Did only the head learn in this epoch?"""
        return self.phase_of(epoch).head_only
