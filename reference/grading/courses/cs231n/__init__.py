"""CS231n: functions (forward gives out, cache), assignments 1 to 3, in the years since 2015."""
