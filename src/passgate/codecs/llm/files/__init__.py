"""Files that are sent to a provider: forms read part by part, batches read line by line, nothing of them kept."""
