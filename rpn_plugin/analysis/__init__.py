"""Experiments over whole configs: the paper's tables, and the choice of hyper-parameters on held-out training videos."""
