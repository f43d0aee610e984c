"""Clustering of the UCR time series: baselines, scores, tables of results and their pictures."""
