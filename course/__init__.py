"""What is taught and what a learner did of it: texts, questions, experiments, cards. Knows the engine, no page."""

__all__ = [
    "cards", "content", "exercises", "experiments", "facts", "glossary", "learners", "marking", "measure", "quiz",
    "recorded", "rounds",
]  # fmt: skip
