"""How the weights are fitted that the product ships: needs PyTorch and the public sets, and is no part of the wheel."""
