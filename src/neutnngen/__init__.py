"""NeuTNNGen: NeuroAI temporal neural networks from PyTorch to silicon layout."""

__version__ = "0.1.0"
