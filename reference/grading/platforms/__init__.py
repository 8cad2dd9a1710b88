"""Ready to upload: Gradescope's autograder as a zip, and a workflow for GitHub."""

from reference.grading.platforms.github import github_workflow
from reference.grading.platforms.gradescope import gradescope_zip

__all__ = ["github_workflow", "gradescope_zip"]
