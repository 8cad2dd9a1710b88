"""The grader: someone else's functions, run in a locked box, held against manual/.

    backproof grade --assignment cs231n-a2 layers.py

Read in this order: recipe (what is asked of a function, said once for the student's code and for
ours), courses/ (the functions of a course, and their recipes), examples (drawn from a secret), box/
and workers (where the student's code runs), measure (when two arrays agree), naming (which mistake
it is), grade (one submission), classroom (many).
"""
