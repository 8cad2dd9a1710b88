"""CMU 11-785, homework part 1: mytorch's classes, with their state on self."""
