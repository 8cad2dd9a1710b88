"""A workflow for the repositories of a GitHub course: it grades each push."""

from pathlib import Path

from reference.grading.assignment import Assignment, shipped
from reference.grading.platforms.gradescope import packages

TEMPLATE = Path(__file__).with_name("grade.yml")


def github_workflow(assignment: Assignment) -> str:
    """The text of .github/workflows/grade.yml."""
    name = assignment.name
    filled = {
        "@TITLE@": " ".join(assignment.title.split()),
        "@ASSIGNMENT@": name if name in shipped() else f"{name}.toml",
        "@PACKAGES@": " ".join(f"'{each}'" for each in packages()),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for word, value in filled.items():
        text = text.replace(word, value)
    return text
