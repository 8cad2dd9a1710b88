"""Pages to look at: one for a student, one for the instructor with the whole class.

Each is one file without scripts or anything loaded from elsewhere, for light and dark screens, wide
and narrow ones. All text goes through Jinja's escaping.
"""

from reference.grading.pages.draw import klass, student

__all__ = ["klass", "student"]
