"""python -m reference.grading: backproof grade, without loading anything else of the project."""

import typer

from reference.grading.command import grade_command

if __name__ == "__main__":
    typer.run(grade_command)
