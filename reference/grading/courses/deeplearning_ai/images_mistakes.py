"""Course 4, week 1: what is written instead."""

from reference.grading.courses.deeplearning_ai.columns import mistakes

_PAD = "((0, 0), (pad, pad), (pad, pad), (0, 0))"
_STEP = "Z, _ = conv2d_forward(x, w, b.ravel())"
_CONV = "conv2d_forward(channels_first(A_prev), W.transpose(3, 2, 0, 1), b.ravel(), stride, pad)"
_ONE_BY_ONE = _CONV.replace("stride, pad", "1, pad")
_POOL = "A, _ = forward(channels_first(A_prev), f, stride)"
_FORWARD = 'forward = max_pool2d_forward if mode == "max" else avg_pool2d_forward'
_INNER = "_, inner = conv2d_forward(x, w, b.ravel(), stride, pad)"
_GRADS = "dA_prev, dW, db = conv2d_backward(dout, inner)"
_SHARE = "return avg_pool2d_backward(np.full((1, 1, 1, 1), dz), inner)[0, 0]"
_MASK = "return max_pool2d_backward(np.ones((1, 1, 1, 1)), inner)[0, 0]"

# Windows that begin at h and w, not at h * stride: as with a stride of 1, and the first of them.
_FIRST = "[:, :, : (Z.shape[2] - 1) // stride + 1, : (Z.shape[3] - 1) // stride + 1]"
_FIRST_ROWS = "[:, :, : (Z.shape[2] - 1) // stride + 1]"
_FIRST_COLUMNS = "[:, :, :, : (Z.shape[3] - 1) // stride + 1]"
_AS_FIRST = "dout = np.pad(dout, [(0, n - k) for n, k in zip(out.shape, dout.shape)])"
_STARTS = "The windows begin at h and w; they begin at h * stride and w * stride."

# The last window over a pixel is all that is kept of it.
_OVERWRITTEN = """dx, whole = np.zeros(x.shape), dout
    for h, w in np.ndindex(*dout.shape[2:]):
        dout = np.zeros_like(whole)
        dout[:, :, h, w] = whole[:, :, h, w]
        place = slice(h * stride, h * stride + f), slice(w * stride, w * stride + f)
        dx[:, :, place[0], place[1]] = back(dout, inner)[:, :, place[0], place[1]]"""
_LAST_IMAGE = "dA_prev[:-1] = 0"


def _conv_grads(*lines):
    return "\n    ".join((_GRADS, *lines))


MISTAKES = [
    *mistakes(
        "zero_pad",
        ("height alone", _PAD, "((0, 0), (pad, pad), (0, 0), (0, 0))", "The width is not padded."),
        ("width alone", _PAD, "((0, 0), (0, 0), (pad, pad), (0, 0))", "The height is not padded."),
        ("channels too", _PAD, "((0, 0), (pad, pad), (pad, pad), (pad, pad))",
         "The channels are padded too; pad height and width alone."),
        ("every axis", _PAD, "pad", "Every axis is padded; pad height and width alone."),
        ("the wrong axes", _PAD, "((pad, pad), (pad, pad), (0, 0), (0, 0))",
         "The examples and the height are padded; pad height and width, axes 1 and 2."),
        ("channels for height", _PAD, "((0, 0), (0, 0), (pad, pad), (pad, pad))",
         "The width and the channels are padded; pad height and width, axes 1 and 2."),
        ("at one end", _PAD, "((0, 0), (pad, 0), (pad, 0), (0, 0))",
         "It is padded at one end only."),
        ("at the other end", _PAD, "((0, 0), (0, pad), (0, pad), (0, 0))",
         "It is padded at one end only."),
        ("ones", _PAD, _PAD + ", constant_values=1", "It is padded with ones, not zeros."),
        ("the edge", _PAD, _PAD + ', mode="edge"',
         "It is padded with the edge's numbers, not zeros."),
        ("mirrored", _PAD, _PAD + ', mode="symmetric"',
         "It is padded with the mirror image, not zeros."),
        ("pad of one", _PAD, "((0, 0), (1, 1), (1, 1), (0, 0))",
         "It is padded by 1 whatever is asked for."),
        ("pad of two", _PAD, "((0, 0), (2, 2), (2, 2), (0, 0))",
         "It is padded by 2 whatever is asked for."),
    ),
    *mistakes(
        "conv_single_step",
        ("b in every entry", _STEP, "Z, _ = conv2d_forward(x, w, b.ravel() * W.size)",
         "b is added to every product before the sum, f f n_C times; add it once, after the sum."),
        ("without b", _STEP, "Z, _ = conv2d_forward(x, w, 0 * b.ravel())", "b is not added."),
        ("sum of both", "return Z[0, 0, 0, 0]", "return (a_slice_prev + W).sum() + b.sum()",
         "The window and the kernel are added; multiply them."),
        ("mean", "return Z[0, 0, 0, 0]", "return (a_slice_prev * W).mean() + b.sum()",
         "The products are averaged; sum them."),
        ("times b", "return Z[0, 0, 0, 0]", "return (a_slice_prev * W).sum() * b.sum()",
         "It is multiplied by b; add b."),
        ("product of sums", "return Z[0, 0, 0, 0]", "return a_slice_prev.sum() * W.sum() + b.sum()",
         "The sums are multiplied; multiply entry by entry, then sum."),
        ("first channel", "return Z[0, 0, 0, 0]",
         "return (a_slice_prev * W)[:, :, 0].sum() + b.sum()", "Only the first channel is summed."),
        ("matrix product", "return Z[0, 0, 0, 0]",
         "return np.dot(a_slice_prev[:, :, 0], W[:, :, 0]).sum() + b.sum()",
         "It is a matrix product; multiply entry by entry."),
        ("minus b", _STEP, "Z, _ = conv2d_forward(x, w, -b.ravel())", "b is subtracted; add it."),
    ),
    *mistakes(
        "conv_forward",
        ("stride in the size alone", f"Z, _ = {_CONV}", f"Z = {_ONE_BY_ONE}[0]\n    Z = Z{_FIRST}",
         _STARTS),
        ("stride in the size alone, height", f"Z, _ = {_CONV}",
         f"Z = {_ONE_BY_ONE.replace('1, pad', '(1, stride), pad')}[0]\n    Z = Z{_FIRST_ROWS}",
         "The windows begin at h; they begin at h * stride."),
        ("stride in the size alone, width", f"Z, _ = {_CONV}",
         f"Z = {_ONE_BY_ONE.replace('1, pad', '(stride, 1), pad')}[0]\n    Z = Z{_FIRST_COLUMNS}",
         "The windows begin at w; they begin at w * stride."),
        ("without b", "b.ravel()", "0 * b.ravel()", "b is not added."),
        ("b in every entry", "b.ravel()", "b.ravel() * W[..., 0].size",
         "b is added to every product before the sum, f f n_C times; add it once, after the sum."),
        ("first b", "b.ravel()", "b.ravel()[[0] * W.shape[3]]", "Every filter gets the first b."),
        ("all b", "b.ravel()", "0 * b.ravel() + b.sum()", "Every filter gets the sum of all b."),
        ("first filter", "W.transpose(3, 2, 0, 1)", "W.transpose(3, 2, 0, 1)[[0] * W.shape[3]]",
         "Every channel of the output has the first filter."),
        ("last filter", "W.transpose(3, 2, 0, 1)", "W.transpose(3, 2, 0, 1)[[-1] * W.shape[3]]",
         "Every channel of the output has the last filter."),
        ("first image", "channels_first(A_prev)", "channels_first(A_prev)[[0] * len(A_prev)]",
         "Every output is that of the first image."),
        ("stride left out", "b.ravel(), stride, pad)", "b.ravel(), 1, pad)",
         "The stride is left out."),
        ("pad once in the size", f"Z, _ = {_CONV}",
         f"Z, _ = {_CONV}\n    f = len(W)\n"
         "    n_H, n_W = ((n + pad - f) // stride + 1 for n in A_prev.shape[1:3])\n"
         "    Z = Z[:, :, :n_H, :n_W]", "The output's size has pad once; it has 2 pad."),
        ("no pad in the size", f"Z, _ = {_CONV}",
         f"Z, _ = {_CONV}\n    f = len(W)\n"
         "    n_H, n_W = ((n - f) // stride + 1 for n in A_prev.shape[1:3])\n"
         "    Z = Z[:, :, :n_H, :n_W]", "2 pad is missing in the output's size."),
        ("size one too small", f"Z, _ = {_CONV}", f"Z, _ = {_CONV}\n    Z = Z[:, :, :-1, :-1]",
         "The + 1 is missing in the output's size."),
        ("last image alone", f"Z, _ = {_CONV}", f"Z, _ = {_CONV}\n    Z[:-1] = 0",
         "Only the last image is filled in."),
        ("without the sum over channels", "channels_first(A_prev)",
         "channels_first(A_prev) * (np.arange(A_prev.shape[3]) == 0)[:, None, None]",
         "Only the first channel of the input counts."),
        ("kernel flipped", "W.transpose(3, 2, 0, 1)", "W[::-1, ::-1].transpose(3, 2, 0, 1)",
         "The kernel is flipped."),
    ),
    *mistakes(
        "pool_forward",
        ("stride in the size alone", _POOL,
         f"Z, _ = forward(channels_first(A_prev), f, 1)\n    A = Z{_FIRST}", _STARTS),
        ("modes swapped", 'mode == "max"', 'mode != "max"', "max and average are swapped."),
        ("always max", _FORWARD, "forward = max_pool2d_forward",
         "The mode is ignored: always max."),
        ("always average", _FORWARD, "forward = avg_pool2d_forward",
         "The mode is ignored: always average."),
        ("sum for average", _POOL, f"{_POOL}\n    A = A * (f * f if mode != 'max' else 1)",
         "The sum is taken where the average belongs."),
        ("average over one side", _POOL, f"{_POOL}\n    A = A * (f if mode != 'max' else 1)",
         "The average is divided by f; a window holds f f numbers."),
        ("over all channels", "channels_first(A_prev), f",
         "channels_first(np.broadcast_to(A_prev.max(axis=3, keepdims=True), A_prev.shape) "
         "if mode == 'max' else "
         "np.broadcast_to(A_prev.mean(axis=3, keepdims=True), A_prev.shape)), f",
         "A window covers all channels; each channel is pooled on its own."),
        ("smallest for max", _POOL,
         "A, _ = forward(channels_first(-A_prev if mode == 'max' else A_prev), f, stride)\n"
         "    A = -A if mode == 'max' else A", "The smallest number is taken; max is the largest."),
        ("stride as f", "f, stride)", "f, f)", "The stride is taken to be f."),
        ("stride left out", "f, stride)", "f, 1)", "The stride is left out."),
        ("first image", "channels_first(A_prev), f", "channels_first(A_prev)[[0] * len(A_prev)], f",
         "Every output is that of the first image."),
        ("last image alone", _POOL, f"{_POOL}\n    A[:-1] = 0",
         "Only the last image is filled in."),
        ("size one too small", _POOL, f"{_POOL}\n    A = A[:, :, :-1, :-1]",
         "The + 1 is missing in the output's size."),
    ),
    *mistakes(
        "conv_backward",
        ("stride left out of the windows", _INNER,
         f"out, inner = conv2d_forward(x, w, b.ravel(), 1, pad)\n    {_AS_FIRST}", _STARTS),
        ("dA_prev of the last image", _GRADS, _conv_grads(_LAST_IMAGE),
         "dA_prev holds the last image alone: fill it in inside the loop over the images."),
        ("dA_prev left at zero", _GRADS, _conv_grads("dA_prev = 0 * dA_prev"),
         "dA_prev stays 0: cut da_prev_pad and put it in, for each image."),
        ("cut at the wrong end", _GRADS, _conv_grads(
            "cut, dout = pad, np.pad(dout, 0)",
            "more = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))",
            "whole, _, _ = conv2d_backward(dout, conv2d_forward(more, w, b.ravel(), stride, 0)[1])",
            "dA_prev = whole[:, :, : x.shape[2], : x.shape[3]]"),
         "The padding is cut off at one end only: cut pad from both."),
        ("dA_prev with the first filter", _GRADS, _conv_grads(
            "first = w[[0] * len(w)]",
            "_, other = conv2d_forward(x, first, b.ravel(), stride, pad)",
            "dA_prev = conv2d_backward(dout, other)[0]"),
         "dA_prev takes the first filter for every channel."),
        *[(name, _GRADS, _conv_grads(
            "padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad))",
            "for h, v in np.ndindex(*dout.shape[2:]):",
            f"    window = np.einsum('nf,fckm->nckm', dout[:, {kept}, h, v], w[{kept}])",
            "    f = len(W)",
            "    padded[:, :, h * stride : h * stride + f, v * stride : v * stride + f] = window",
            "dA_prev = padded[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]"),
          "In dA_prev the last window overwrites the others; they add up.")
          for name, kept in (("dA_prev of the last window", "-1:"),
                             ("dA_prev of the last window, all filters", ":"))],
        ("dW of the last place", _GRADS, _conv_grads(
            "last = np.zeros_like(dout)", "last[:, :, -1, -1] = dout[:, :, -1, -1]",
            "dW = conv2d_backward(last, inner)[1]"),
         "dW holds the last window alone; it is the sum over all windows."),
        ("dW of the last window", _GRADS, _conv_grads(
            "last = np.zeros_like(dout)", "last[-1, :, -1, -1] = dout[-1, :, -1, -1]",
            "dW = conv2d_backward(last, inner)[1]"),
         "dW holds the last window alone; it is the sum over all windows and images."),
        ("db of the last window", _GRADS, _conv_grads("db = dout[-1, :, -1, -1]"),
         "db holds the last window alone; it is the sum over all windows and images."),
        ("dW and db of the last window", _GRADS, _conv_grads(
            "last = np.zeros_like(dout)", "last[-1, :, -1, -1] = dout[-1, :, -1, -1]",
            "dW, db = conv2d_backward(last, inner)[1:]"),
         "dW and db hold the last window alone; they add up over all windows and images."),
        ("dW of the last image", _GRADS, _conv_grads(
            "last = np.zeros_like(dout)", "last[-1] = dout[-1]",
            "dW = conv2d_backward(last, inner)[1]"),
         "dW holds the last image alone; it is the sum over all images."),
        ("dW and db of the last image", _GRADS, _conv_grads(
            "last = np.zeros_like(dout)", "last[-1] = dout[-1]",
            "dW, db = conv2d_backward(last, inner)[1:]"),
         "dW and db hold the last image alone; they add up over all images."),
        ("dW and db over m", _GRADS, _conv_grads("dW, db = dW / len(x), db / len(x)"),
         "dW and db are divided by m; here they are plain sums."),
        ("dW over m", _GRADS, _conv_grads("dW = dW / len(x)"),
         "dW is divided by m; here it is a plain sum."),
        ("db over m", _GRADS, _conv_grads("db = db / len(x)"),
         "db is divided by m; here it is a plain sum."),
        ("db of all channels", _GRADS, _conv_grads("db = 0 * db + db.sum()"),
         "db is summed over all channels; each channel has its own."),
        ("db counts windows", _GRADS, _conv_grads("db = 0 * db + dout[:, 0].size"),
         "db counts the windows; it sums dZ."),
        ("db is a mean", _GRADS, _conv_grads("db = db / dout[:, 0].size"),
         "db is the mean of dZ; it is the sum."),
        ("dW of all dZ", _GRADS, _conv_grads(
            "every = 0 * dout + dout.sum(axis=1, keepdims=True)",
            "dW = conv2d_backward(every, inner)[1]"),
         "dW takes the dZ of all channels; each filter has its own."),
        ("dW without dZ", _GRADS, _conv_grads("dW = conv2d_backward(0 * dout + 1, inner)[1]"),
         "dZ is missing in dW."),
        ("dA_prev without dZ", _GRADS, _conv_grads(
            "dA_prev = conv2d_backward(0 * dout + 1, inner)[0]"), "dZ is missing in dA_prev."),
        ("stride left out of dA_prev", _GRADS, _conv_grads(
            "out, inner = conv2d_forward(x, w, b.ravel(), 1, pad)", _AS_FIRST,
            "dA_prev = conv2d_backward(dout, inner)[0]"),
         "In dA_prev " + _STARTS[0].lower() + _STARTS[1:]),
    ),
    *mistakes(
        "create_mask_from_window",
        ("the smallest", "x[None, None], x.shape", "-x[None, None], x.shape",
         "The smallest number is marked; mark the largest."),
        ("the largest by size", "x[None, None], x.shape", "np.abs(x)[None, None], x.shape",
         "The largest by size is marked, signs apart; mark the largest."),
        ("all but the largest", _MASK, _MASK.replace("return", "return 1 -"),
         "All but the largest are marked."),
        ("the number itself", _MASK, "return x * (x == x.max())",
         "The number itself is returned; the mask is 1 there."),
        ("ones", _MASK, "return 1.0 * (x == x)", "All are marked; mark the largest alone."),
        ("by column", _MASK, "return 1.0 * (x == x.max(axis=0))",
         "The largest of each column is marked; there is one in the window."),
        ("by row", _MASK, "return 1.0 * (x == x.max(axis=1, keepdims=True))",
         "The largest of each row is marked; there is one in the window."),
        ("the largest alone", _MASK, "return x.max()",
         "The largest number is returned; a mask of x's shape is asked for."),
        ("positive", _MASK, "return 1.0 * (x > 0)",
         "All above 0 are marked; mark the largest alone."),
    ),
    *mistakes(
        "distribute_value",
        ("not shared", _SHARE, "return np.full(shape, dz)",
         "Every place gets all of dz; each gets its share, dz / (n_H n_W)."),
        ("over the height", _SHARE, "return np.full(shape, dz / shape[0])",
         "dz is divided by n_H alone; divide by n_H n_W."),
        ("over the width", _SHARE, "return np.full(shape, dz / shape[1])",
         "dz is divided by n_W alone; divide by n_H n_W."),
        ("over the sum", _SHARE, "return np.full(shape, dz / (shape[0] + shape[1]))",
         "dz is divided by n_H + n_W; divide by n_H n_W."),
        ("times the area", _SHARE, "return np.full(shape, dz * shape[0] * shape[1])",
         "dz is multiplied by n_H n_W; divide by it."),
        ("one number", _SHARE, "return dz / (shape[0] * shape[1])",
         "One number is returned; a matrix of that shape is asked for."),
        ("brackets missing", _SHARE, "return np.full(shape, dz / shape[0] * shape[1])",
         "Brackets are missing: dz / (n_H n_W)."),
        ("without dz", _SHARE, "return np.full(shape, 1 / (shape[0] * shape[1]))",
         "dz is missing."),
        ("over the square", _SHARE, "return np.full(shape, dz / (shape[0] ** 2))",
         "dz is divided by n_H^2; divide by n_H n_W."),
    ),
    *mistakes(
        "pool_backward",
        ("stride left out of the windows", "_, inner = forward(x, f, stride)",
         f"out, inner = forward(x, f, 1)\n    {_AS_FIRST}", _STARTS),
        ("overlaps overwritten", "dx = back(dout, inner)", _OVERWRITTEN,
         "Where windows overlap the last one overwrites the others; they add up."),
        *[(f"overlaps overwritten in the mode {mode}", "dx = back(dout, inner)",
           f"{_OVERWRITTEN}\n    dx = dx if mode == {mode!r} else back(whole, inner)",
           f"In the mode {mode} the last of overlapping windows overwrites the others: add up.")
          for mode in ("max", "average")],
        ("modes swapped", 'mode == "max"', 'mode != "max"', "max and average are swapped."),
        ("always max", 'if mode == "max"', "if True", "The mode is ignored: always max."),
        ("always average", 'if mode == "max"', "if False", "The mode is ignored: always average."),
        ("average not shared", "dx = back(dout, inner)",
         "dx = back(dout, inner) * (f * f if mode != 'max' else 1)",
         "Every place of an averaged window gets all of dA; each gets 1 / (f f) of it."),
        ("average over one side", "dx = back(dout, inner)",
         "dx = back(dout, inner) * (f if mode != 'max' else 1)",
         "An averaged window's dA is divided by f; divide by f f."),
        ("average missing", "dx = back(dout, inner)",
         "dx = back(dout, inner) * (mode == 'max')", "Nothing comes back in the mode average."),
        ("max missing", "dx = back(dout, inner)",
         "dx = back(dout, inner) * (mode != 'max')", "Nothing comes back in the mode max."),
        ("max without dA", "dx = back(dout, inner)",
         "dx = back(0 * dout + 1 if mode == 'max' else dout, inner)",
         "In the mode max dA is missing: the masks alone are added."),
        ("max times the number", "dx = back(dout, inner)",
         "dx = back(dout * forward(x, f, stride)[0] if mode == 'max' else dout, inner)",
         "The mask is multiplied by the largest number too; it is the mask times dA."),
        ("max to all", "dx = back(dout, inner)",
         "_, inner = avg_pool2d_forward(x, f, stride)\n"
         "    dx = avg_pool2d_backward(dout, inner) * (f * f if mode == 'max' else 1)",
         "In the mode max every place of the window gets dA; only the largest does."),
        ("last image alone", "dx = back(dout, inner)",
         "dx = back(dout, inner)\n    dx[:-1] = 0", "Only the last image gets a gradient."),
        ("first image's windows", "_, inner = forward(x, f, stride)",
         "_, inner = forward(x[[0] * len(x)], f, stride)",
         "The windows of every example are those of the first."),
        ("dA of the first place", "x, dout = channels_first(A_prev), channels_first(dA)",
         "dA = 0 * dA + dA[:, :1, :1]\n    x, dout = channels_first(A_prev), channels_first(dA)",
         "Every window gets the dA of the first."),
        ("sizes of the input", "dx = back(dout, inner)", "dx = back(dout, inner) / len(x)",
         "It is divided by m; here it is a plain sum."),
        ("smallest for max", "_, inner = forward(x, f, stride)",
         "_, inner = forward(-x if mode == 'max' else x, f, stride)",
         "The mask marks the smallest number; mark the largest."),
    ),
]  # fmt: skip
