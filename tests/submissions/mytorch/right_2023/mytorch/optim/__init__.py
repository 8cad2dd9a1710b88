from .sgd import SGD
from .adam import Adam
from .adamW import AdamW
