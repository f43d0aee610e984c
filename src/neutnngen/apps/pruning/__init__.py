"""What all applications share when they are pruned: recipes, curves over seeds, tables and pictures."""
