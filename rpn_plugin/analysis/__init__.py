"""Experiments over configs: the paper's tables, and hyper-parameters chosen on held-out training videos."""
