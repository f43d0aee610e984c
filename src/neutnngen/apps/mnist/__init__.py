"""Images: classify digits by a NeuTNN, online, with local learning."""
