"""The company's directory has a say: who works there, and in which groups they are."""
