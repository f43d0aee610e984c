"""Place cells on recorded movement of rats: grid code, columns that learn place fields online, read-out, path integration."""
