import numpy as np
import matplotlib.pyplot as plt


def svm_loss_naive(W, X, y, reg):
  """
  - W: C x D array of weights
  - X: D x N array of data. Data are D-dimensional columns
  - y: 1-dimensional array of length N with labels 0...K-1
  """
  dW = np.zeros(W.shape)
  num_classes = W.shape[0]
  num_train = X.shape[1]
  loss = 0.0
  for i in range(num_train):
    scores = W.dot(X[:, i])
    correct_class_score = scores[y[i]]
    for j in range(num_classes):
      if j == y[i]:
        continue
      margin = scores[j] - correct_class_score + 1
      if margin > 0:
        loss += margin
        dW[j, :] += X[:, i].T
        dW[y[i], :] -= X[:, i].T
  loss /= num_train
  dW /= num_train
  loss += 0.5 * reg * np.sum(W * W)
  dW += reg * W
  return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
  N = X.shape[1]
  f = W.dot(X)
  f -= np.max(f, axis=0)
  p = np.exp(f) / np.sum(np.exp(f), axis=0)
  loss = -np.mean(np.log(p[y, range(N)])) + 0.5 * reg * np.sum(W * W)
  p[y, range(N)] -= 1
  dW = p.dot(X.T) / N + reg * W
  return loss, dW


def init_two_layer_model(input_size, hidden_size, output_size):
  model = {}
  model['W1'] = 0.00001 * np.random.randn(input_size, hidden_size)
  model['b1'] = np.zeros(hidden_size)
  model['W2'] = 0.00001 * np.random.randn(hidden_size, output_size)
  model['b2'] = np.zeros(output_size)
  return model


def two_layer_net(X, model, y=None, reg=0.0):
  # unpack variables from the model dictionary
  W1,b1,W2,b2 = model['W1'], model['b1'], model['W2'], model['b2']
  N, D = X.shape

  layer1 = np.maximum(0, X.dot(W1) + b1)
  scores = layer1.dot(W2) + b2

  # If the targets are not given then jump out, we're done
  if y is None:
    return scores

  exps = np.exp(scores - np.max(scores, axis=1, keepdims=True))
  probs = exps / np.sum(exps, axis=1, keepdims=True)
  data_loss = np.sum(-np.log(probs[range(N), y])) / N
  reg_loss = 0.5 * reg * np.sum(W1*W1) + 0.5 * reg * np.sum(W2*W2)
  loss = data_loss + reg_loss

  grads = {}
  d = probs.copy()
  d[range(N), y] -= 1
  d /= N
  grads['W2'] = layer1.T.dot(d) + reg * W2
  grads['b2'] = np.sum(d, axis=0)
  dl = d.dot(W2.T)
  dl[layer1 <= 0] = 0
  grads['W1'] = X.T.dot(dl) + reg * W1
  grads['b1'] = np.sum(dl, axis=0)
  return loss, grads
