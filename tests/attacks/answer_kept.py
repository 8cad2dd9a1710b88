"""Returns what it was given in other calls, and what other functions were given."""
kept = []


def affine_forward(x, w, b):
    kept.extend([x, w, b])
    return (kept[-4] if len(kept) > 4 else x), (x, w, b)


def affine_backward(dout, cache):
    kept.append(dout)
    return (*cache[:2], kept[0])
