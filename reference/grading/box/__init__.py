"""The box: the process that a student's code runs in. It knows no answers.

Started as a program (python reference/grading/box), it imports NumPy and waits; for each submission
it forks a worker, which locks itself (lock), looks at the sources (look), loads them (load) and
works off the programs that the grader sends (run), in the words of wire. Nothing else of this
project is imported here.
"""
