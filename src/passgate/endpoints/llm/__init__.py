"""Models behind one HTTP listener: the endpoint of resources of kind ``llm``."""
