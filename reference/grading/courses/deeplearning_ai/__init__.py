"""deeplearning.ai's Deep Learning Specialization, 2017 to 2024: an example is a column."""
