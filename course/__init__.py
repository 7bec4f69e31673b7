"""What is taught and what a learner did of it: texts, questions, experiments, cards. Knows the engine, no page."""

__all__ = [
    "attempts", "cards", "content", "exercises", "experiments", "facts", "glossary", "learners", "marking", "measure",
    "printed", "quiz", "recorded", "rounds", "seeds", "shipped", "trials", "verdicts",
]  # fmt: skip
