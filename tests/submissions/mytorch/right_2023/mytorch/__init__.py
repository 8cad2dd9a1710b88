from . import nn
from . import optim
