"""Stories with numbers: each script trains, prints, and asserts what it says. Run them in order."""
